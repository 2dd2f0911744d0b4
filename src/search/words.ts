/**
 * Splitting text into index words; documents and queries go through the same rules, so that they
 * meet. `extractEmails`, `extract_emails` and `extract-emails` all give extract, emails and the
 * joined form; "e-mail" gives e, mail and email, and `OAuth2` oauth besides oauth2. Words hold letters,
 * marks and digits only, hence no query syntax, and the stemmer of the keyword table does the rest.
 */

/** Longer words are cut, on both sides alike. */
const MAX_WORD_LENGTH = 64;

/** Compounds of more parts than this have no joined form; nobody types "stateoftheart". */
const MAX_JOINED_PARTS = 4;

const POSSESSIVE = /['’]s(?![\p{L}\p{N}])/gu;
const APOSTROPHE = /(?<=\p{L})['’](?=\p{L})/gu;
const COMPOUND = /[\p{L}\p{N}\p{M}]+(?:[-_\u2010\u2011]+[\p{L}\p{N}\p{M}]+)*/gu;

/** An acronym's plural, an acronym before a capitalised word, a word, an acronym, digits, other scripts. */
const PART =
  /\p{Lu}{2,}s(?![\p{L}\p{M}])|\p{Lu}+(?=\p{Lu}\p{Ll})|\p{Lu}?[\p{Ll}\p{M}]+|[\p{Lu}\p{M}]+|\p{N}+|[\p{Lo}\p{Lm}\p{Lt}\p{M}]+/gu;

const NUMBER = /^\p{N}+$/u;

/** Scripts written without spaces, which are indexed as overlapping pairs of characters. */
const UNSPACED = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]{3,}$/u;

/** The words of a text in order, lower case, repeats included. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  const plain = text.normalize("NFKC").replace(POSSESSIVE, "").replace(APOSTROPHE, "");
  for (const [compound] of plain.matchAll(COMPOUND)) {
    const parts = compound.match(PART) ?? [];
    for (const part of parts) {
      if (UNSPACED.test(part)) words.push(...characterPairs(part));
      else words.push(fold(part));
    }
    if (parts.length > 1 && parts.length <= MAX_JOINED_PARTS) words.push(fold(parts.join("")));
    // Who looks for OAuth means OAuth2 too.
    if (parts.length > 2 && parts.length <= MAX_JOINED_PARTS && NUMBER.test(parts.at(-1)!))
      words.push(fold(parts.slice(0, -1).join("")));
  }
  return words;
}

/** Breaks identifiers in a text into spaced words and leaves everything else as it stands. */
export function spellOutIdentifiers(text: string): string {
  return text
    .replace(/(\p{Ll}|\p{N})(?=\p{Lu})/gu, "$1 ")
    .replace(/(?<=[\p{L}\p{N}])_+(?=[\p{L}\p{N}])/gu, " ");
}

function fold(word: string): string {
  return word.toLowerCase().slice(0, MAX_WORD_LENGTH);
}

function characterPairs(run: string): string[] {
  const characters = Array.from(run);
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
}
