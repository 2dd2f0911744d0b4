/**
 * Whether a search found something that fits, or only the least bad of what there is. A best match
 * always scores high, since scores are relative to it. Two things tell more: how near it is in
 * itself, and whether it stands out. Where the right skill is missing, several others share a few
 * words with the query about equally; where it is there, it shares more than the crowd does.
 *
 * Neither is a proof: a library with the right skill taken out can hold one just like it.
 */
import { queryTerms } from "./query-terms.ts";
import type { IndexHit } from "./search-index.ts";
import { splitWords } from "./words.ts";

/**
 * Hybrid: the cosine of the best hit, plus how far it stands out by keywords. Keyword alone: the
 * share of the query's words it has, plus the same. Called confident, in percent, on two public sets of
 * tools and one of functions (600 queries of each set of tools, 204 of
 * the other; `bench/learning.ts` reports it for sets in a folder):
 *
 *     best hit is              right  wrong  right taken out  of other sets
 *     199 tools, table            58     21        18               9
 *     4,076 tools, table          57     42 (of 24) 10              8
 *     879 functions, table        64     43        39               0
 *     199 tools, keyword          57     20        21              13
 *     4,076 tools, keyword        17     17 (of 24)  6             11
 *     879 functions, keyword      82     73        71               4
 *
 * The thresholds were chosen on the sets of tools with the table, so the other rows are what to expect
 * elsewhere. Functions of libraries come in families, and one taken out has a sibling much like it. Subsets
 * of 8 and 30 skills gave 77 to 100 % with a right best hit and 11 to 25 % with it taken out, of functions
 * 57 to 82 %. The distance of the fused score to that of the tenth hit tells the sets apart more evenly
 * (11 to 25 % taken out at one threshold), and tells nothing among fewer than thirty skills. Logistic fits
 * of more features gained on one set what they lost on the other.
 */
const HYBRID_STANDOUT = 0.6;
const HYBRID_THRESHOLD = 0.92;
const KEYWORD_STANDOUT = 0.3;
const KEYWORD_THRESHOLD = 0.45;

/** The hit whose keyword score stands for the crowd. */
const CROWD_RANK = 10;
/** Hits from which the crowd is known well enough; ask a search for as many. */
export const CONFIDENCE_HITS = 20;

/** Endings of three letters or less hide that two words are one: "emails", "extracted". */
const ENDING_LENGTH = 3;
const SHORTEST_STEM = 4;

/**
 * Whether the best hit is near the query, in meaning or in words, and stands out. False without hits.
 *
 * @param hits what the search returned, best first, `CONFIDENCE_HITS` where there are as many
 * @param text the query
 */
export function isConfident(hits: readonly IndexHit[], text: string): boolean {
  const best = hits[0];
  if (best === undefined) return false;
  const crowd = hits.map((hit) => hit.keywordScore).toSorted((a, b) => b - a)[CROWD_RANK - 1] ?? 0;
  const standout = Math.max(0, best.keywordScore - crowd);
  return best.cosine === undefined
    ? coverage(best, text) + KEYWORD_STANDOUT * standout >= KEYWORD_THRESHOLD
    : best.cosine + HYBRID_STANDOUT * standout >= HYBRID_THRESHOLD;
}

function coverage({ summary }: IndexHit, text: string): number {
  const terms = queryTerms(text);
  if (terms.length === 0) return 0;
  const { name, description, tags } = summary;
  const known = new Set(splitWords([name, description, ...tags].join(" ")).map(stem));
  return terms.filter((term) => known.has(stem(term))).length / terms.length;
}

function stem(word: string): string {
  return word.slice(0, Math.max(SHORTEST_STEM, word.length - ENDING_LENGTH));
}
