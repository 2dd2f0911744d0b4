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
 * share of the query's words it has, plus the same. Called confident, in percent, with the static
 * table on two public sets of 199 and 4,076 tools (600 queries each, `bench/learning.ts`), and what
 * the rule before it said (a cosine of 0.45, or a third of the words):
 *
 *     queries                       199 tools      4,076 tools
 *                                  now  before    now  before
 *     hybrid, best hit is right     55      70     62      98
 *       right tools taken out       13      29     13      91
 *       of the other set             3      15     10      61
 *     keyword, best hit is right    58      38     16      12
 *       right tools taken out       21       9      6       6
 *       of the other set             4       3     11      13
 *
 * The thresholds were chosen on these queries, so expect a little less elsewhere. Subsets of 8, 30
 * and 200 tools gave 80, 75 and 95 % with a right best hit, 13, 18 and 24 % with it taken out.
 * Logistic fits of more (z-score, gap to the second, coverage weighted by rarity, agreement of both
 * rankings) gained on one set what they lost on the other, and fitted on one set told the other's
 * queries apart less well on the whole. Another embedder needs its own thresholds.
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
