/**
 * How alike two skills are by what is said of them, and when that is too much: search tells skills
 * apart by their names and descriptions, and so does an agent that reads what it found.
 */
import type { SkillSummary } from "../skill/skill.ts";
import type { IndexNeighbour } from "./search-index.ts";
import { STOP_WORDS } from "./stop-words.ts";
import { splitWords } from "./words.ts";

/**
 * Measured with the static table over all pairs of two public sets. Of 199 tools that people had
 * chosen to be different, none has a neighbour this near (two are at 0.8); of 4,076 generated ones 4 %
 * have, such as `createProposal` and `createResearchProposal`. With both rules, a tool is near itself
 * with every third word of its description dropped in 97 % and 100 %, and with another name in 89 % and
 * 74 %. Another embedder needs its own.
 */
export const NEAR_COSINE = 0.93;

/** Less will do where they share most words: 0 % and 10 %; it takes in what differs in a word or two. */
export const NEAR_COSINE_WITH_WORDS = 0.85;
export const NEAR_OVERLAP_WITH_COSINE = 0.6;

/** Words alone, for skills without vectors: 2 of the 199, and 97 % and 100 % with words dropped. */
export const NEAR_OVERLAP = 0.75;

/** Endings that hide that two words are one; see `confidence.ts`. */
const ENDING_LENGTH = 3;
const SHORTEST_STEM = 4;

/** Whether a search, and who reads its answer, can hardly tell the two apart. */
export function isNear({ cosine, overlap }: Pick<IndexNeighbour, "cosine" | "overlap">): boolean {
  if (cosine === undefined) return overlap >= NEAR_OVERLAP;
  if (cosine >= NEAR_COSINE) return true;
  return cosine >= NEAR_COSINE_WITH_WORDS && overlap >= NEAR_OVERLAP_WITH_COSINE;
}

/** The words of a name and description that say something, shortened to about their stems. */
export function tellingWords({
  name,
  description,
}: Pick<SkillSummary, "name" | "description">): ReadonlySet<string> {
  const words = splitWords(`${name} ${description}`).filter((word) => !STOP_WORDS.has(word));
  return new Set(
    words.map((word) => word.slice(0, Math.max(SHORTEST_STEM, word.length - ENDING_LENGTH))),
  );
}

/** Share of words two sets have in common, 0 to 1 (Sørensen–Dice). */
export function wordOverlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size + b.size === 0) return 0;
  let common = 0;
  for (const word of a) if (b.has(word)) common += 1;
  return (2 * common) / (a.size + b.size);
}
