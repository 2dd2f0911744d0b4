/**
 * Skills and queries made up deterministically, as many as are wanted. From a folder of judged sets
 * they are mixed from their tools, so that frequent words are as frequent as people make them; a part
 * of the words is replaced by rare ones, since a larger library has a larger vocabulary. Without such a
 * folder all words are drawn from a vocabulary by Zipf's law.
 */
import { readFileSync } from "node:fs";
import type { IndexDocument } from "../../src/search/search-index.ts";
import { readSets } from "../retrieval/retrieval-set.ts";

export const CATEGORIES = 12;

/** Places of the vocabulary before this one are function words, which names are not made of. */
const FIRST_NAME_WORD = 300;
/** Share of a mixed text's words that are replaced by others. */
const REPLACED = 0.25;

/** English words, the common ones first; the embedder's vocabulary happens to be in that order. */
const WORDS = readFileSync(
  new URL("../../assets/static-embedding/vocab.txt", import.meta.url),
  "utf8",
)
  .split("\n")
  .filter((word) => /^[a-z]{2,}$/u.test(word));

export interface MadeSkills {
  /** The skill of a number, the same whenever it is asked for. */
  document(n: number): IndexDocument;
  readonly queries: readonly string[];
}

/** A repeatable source of numbers in 0…1 (mulberry32). */
function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface WordSource {
  readonly random: () => number;
  readonly rare: () => string;
  readonly text: (length: number) => string;
}

function wordSource(seed: number): WordSource {
  const random = randomSource(seed);
  // The frequency of a word is inverse to its rank (Zipf's law).
  const word = (from: number): string =>
    WORDS[Math.floor(from * (WORDS.length / from) ** random())] as string;
  return {
    random,
    rare: () => word(FIRST_NAME_WORD),
    text: (length) => Array.from({ length }, () => word(1)).join(" "),
  };
}

interface Parts {
  readonly name: string;
  readonly description: string;
  readonly parameters: string;
}

/** @param folder of judged sets to mix from */
export function madeSkills(folder: string | undefined, queries: number): MadeSkills {
  const sets = folder === undefined ? [] : readSets(folder);
  const tools = sets.flatMap(({ documents }) => documents);
  const asked = sets.flatMap((set) => set.queries.map(({ text }) => text));
  const pick = <T>(items: readonly T[], source: WordSource): T =>
    items[Math.floor(source.random() * items.length)]!;

  function varied(text: string, source: WordSource): string {
    return text
      .split(" ")
      .map((word) => (source.random() < REPLACED ? source.rare() : word))
      .join(" ");
  }

  function mixed(source: WordSource): Parts {
    const [first, second] = [pick(tools, source), pick(tools, source)];
    const half = second.summary.description.split(" ");
    return {
      name: `${first.summary.name} ${source.rare()}`,
      description: `${varied(first.summary.description, source)} ${half.slice(0, half.length / 2).join(" ")}`,
      parameters: varied(first.parameters, source),
    };
  }

  function drawn(source: WordSource): Parts {
    const [noun, second] = [source.rare(), source.rare()];
    return {
      name: `${source.rare()} ${noun} ${second}`,
      description: source.text(14),
      parameters: `${noun}: ${source.text(8)}; ${second}: ${source.text(8)}`,
    };
  }

  return {
    document(n) {
      const source = wordSource(n + 1);
      const { name, description, parameters } = tools.length > 0 ? mixed(source) : drawn(source);
      const words = name.toLowerCase().match(/[a-z]+/gu) ?? ["skill"];
      return {
        summary: {
          id: `${words.join("_").slice(0, 50)}_${n}`,
          version: 1,
          name: name.slice(0, 128),
          description: description.slice(0, 1024),
          category: `category-${n % CATEGORIES}`,
          tags: [...new Set([words.at(0), words.at(-1)])].filter((tag) => tag !== undefined),
          status: "active",
          executable: true,
          updatedAt: "2026-01-01T00:00:00.000Z",
        },
        parameters,
        instructions: "",
        code: `export default function (context) { return ${words.join("_")}(context.${source.rare()}, "${source.rare()} ${source.rare()}"); }`,
      };
    },
    queries: Array.from({ length: queries }, (_, n) => {
      if (asked.length > 0) return asked[Math.floor((n * asked.length) / queries)]!;
      const source = wordSource(-1 - n);
      return `${source.text(4 + (n % 12))} ${source.rare()}`;
    }),
  };
}
