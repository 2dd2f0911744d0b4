/**
 * Whether a search found something that fits, or only the least bad of what there is. A best match
 * always scores high, since scores are relative to it; this looks at how near it is in itself.
 *
 * The thresholds are no proof either way: a library with the right skill taken out usually holds a
 * similar one, and both look alike from here.
 */
import { queryTerms } from "./query-terms.ts";
import type { IndexHit } from "./search-index.ts";
import { splitWords } from "./words.ts";

/**
 * Measured with the static table on two public sets (199 and 4,076 tools, 600 queries each). With
 * both thresholds, hybrid searches were called confident for 71 % and 98 % of the queries whose best
 * hit was right, for 29 % and 91 % once every right tool was taken out, and for 14 % and 64 % of the
 * queries written for the other set. The second set has thousands of near neighbours and long
 * queries of several wishes. The gap between right and taken out, by cosine alone and summed over both
 * sets, was 48, 53, 54 and 53 points at 0.4, 0.45, 0.5 and 0.55. Another embedder needs its own.
 */
export const CONFIDENT_COSINE = 0.45;

/**
 * By itself, which is all a keyword search has: 38 % and 12 % with a right best hit, 9 % and 6 % with
 * the right tools taken out, 3 % and 13 % for the other set's queries. Rather too strict than too lax.
 */
export const CONFIDENT_COVERAGE = 1 / 3;

/** Endings of three letters or less hide that two words are one: "emails", "extracted". */
const ENDING_LENGTH = 3;
const SHORTEST_STEM = 4;

/**
 * Whether the best hit is near the query in meaning, or has a third of its words in its name,
 * description and tags. False without hits.
 *
 * @param hits what the search returned, best first
 * @param text the query
 */
export function isConfident(hits: readonly IndexHit[], text: string): boolean {
  const best = hits[0];
  if (best === undefined) return false;
  return (best.cosine ?? 0) >= CONFIDENT_COSINE || coverage(best, text) >= CONFIDENT_COVERAGE;
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
