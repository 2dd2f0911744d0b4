/**
 * WordPiece as in BERT uncased (Devlin et al. 2018, "BERT", and the tokenizer published with it):
 * lower case, accents stripped, split on white space and punctuation, then the longest vocabulary
 * entry first, continuations marked "##". Unlike BERT's, it drops unknown words instead of returning
 * [UNK], and adds no [CLS] or [SEP].
 */
import { mapInTurns } from "../base/loop-turns.ts";

/** BERT's limit; longer words are unknown, which also bounds the work per word. */
const MAX_WORD_CHARACTERS = 100;

/** Far more than a full set of tokens needs; bounds the work on a hostile text. */
const MAX_TEXT_CHARACTERS = 32 * 1024;

/** What fits the 256 positions of the model family beside its two special tokens. */
export const MAX_TOKENS = 254;

const INVISIBLE = /[\p{Mn}\p{Cf}\uFFFD]|(?![\t\n\r])\p{Cc}/gu;

/** One punctuation mark (all ASCII symbols are), one ideograph, or a run of anything else. */
const WORD =
  /[!-/:-@[-`{-~\p{P}]|[\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\u{20000}-\u{2FA1F}]|[^\s!-/:-@[-`{-~\p{P}\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\u{20000}-\u{2FA1F}]+/gu;

export interface WordPieceTokenizer {
  /** Tokens of the known words, in order, at most {@link MAX_TOKENS}. */
  tokenize(text: string): readonly number[];
}

/** A tokenizer over a vocabulary in which an entry's position is its token; built in turns of the event loop. */
export async function wordPieceTokenizer(
  vocabulary: readonly string[],
): Promise<WordPieceTokenizer> {
  const initial = new Map<string, number>();
  const continuation = new Map<string, number>();
  let longest = 0;
  let token = 0;
  await mapInTurns(vocabulary, (entry) => {
    const isContinuation = entry.startsWith("##") && entry.length > 2;
    const piece = isContinuation ? entry.slice(2) : entry;
    (isContinuation ? continuation : initial).set(piece, token++);
    longest = Math.max(longest, piece.length);
  });

  function pieces(word: string): readonly number[] {
    const whole = initial.get(word);
    if (whole !== undefined) return [whole];
    const found: number[] = [];
    for (let start = 0; start < word.length;) {
      const known = start === 0 ? initial : continuation;
      let end = Math.min(word.length, start + longest);
      let token: number | undefined;
      for (; end > start; end--) {
        token = known.get(word.slice(start, end));
        if (token !== undefined) break;
      }
      if (token === undefined) return [];
      found.push(token);
      start = end;
    }
    return found;
  }

  return {
    tokenize(text) {
      const tokens: number[] = [];
      const plain = text
        .slice(0, MAX_TEXT_CHARACTERS)
        .toLowerCase()
        .normalize("NFD")
        .replace(INVISIBLE, "");
      for (const [word] of plain.matchAll(WORD)) {
        if (word.length > MAX_WORD_CHARACTERS) continue;
        for (const token of pieces(word)) {
          if (tokens.length === MAX_TOKENS) return tokens;
          tokens.push(token);
        }
      }
      return tokens;
    },
  };
}
