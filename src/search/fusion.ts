/**
 * Fusing keyword and vector hits by a weighted sum of scores normalised per query: bm25 divided by
 * the best bm25, cosine stretched over the range of the nearest documents. What was learned from use
 * is added on top, within bounds.
 *
 * The weights follow from the query: each kind of evidence weighs as much as it tells documents apart.
 * A query whose rare words one document has is decided by words; one whose words are everywhere, or
 * nowhere, by meaning. bm25 is a sum of logarithms of odds, so its size says how telling the words are,
 * and dividing it away, as fixed weights do, loses that.
 */

/**
 * What a cosine of 1 more is worth in bm25. nDCG@10 in percent (`bench/retrieval.ts`), with bm25 and
 * the static table alone, with the weights fixed at 0.6 and 0.4, and with this at 20 to 60:
 *
 *     set                 bm25  table  fixed    20    30    40    50    60
 *     199 tools           56.3   62.1   63.7  65.2  66.3  66.7  66.7  66.5
 *     4,076 tools         90.5   64.4   86.2  90.9  90.7  90.4  89.7  89.2
 *     879 functions       31.7   29.7   36.5  35.0  36.2  36.1  36.0  35.8
 *
 * Chosen on any two of the sets it is within 0.5 of the best for the third. all-MiniLM-L6-v2 had the
 * same plateau with an earlier inverse document frequency (the first and the last set at 40: 70.8 and
 * 37.9; at 60: 70.9 and 38.6; fixed weights 67.2 and 37.6), so one number serves both. Reciprocal rank fusion was 2.0 points worse than fixed
 * weights on six public sets (95 % interval 1.7 to 2.3).
 */
export const COSINE_WORTH = 40;

/**
 * What the best of the words are worth at least. In a library of a dozen skills every word is common, so
 * bm25 is low and would leave the words little say. From 4 to 120 skills drawn from the sets, keywords
 * alone had nDCG@10 of 50 to 91 on the first and the last set, fixed weights 55 to 95, this 57 to 95; at
 * 8 and more it lost up to 2 points.
 */
const LEAST_KEYWORD_WORTH = 4;

/**
 * A word or two are looked up rather than described: an identifier or a message in the code of one
 * skill, which no vector knows of. Vectors weigh no more than this then.
 */
const LOOKED_UP_TERMS = 2;
const LOOKED_UP_VECTOR_WEIGHT = 0.45;

/**
 * Two scores nearer than this are a near-tie, which lesser evidence may decide. On two public sets of
 * tools the first two results of a quarter of the queries are that near.
 */
export const NEAR_TIE = 0.1;

/** One document found by keywords, by its vector, or by both. */
export interface FusionCandidate {
  /** Keyword relevance, higher is better; absent when no keyword found it. */
  readonly bm25?: number | undefined;
  /** Absent when the document or the query has no vector. */
  readonly cosine?: number | undefined;
  /** What was learned from use adds (default: 0). */
  readonly lift?: number | undefined;
}

/** What the query offered to search by. */
export interface FusionEvidence {
  /** How many words there are to look up. */
  readonly terms: number;
  /** Cosines that count as 0 and as 1; absent when the query has no vector. */
  readonly cosineRange?: { readonly lowest: number; readonly highest: number };
}

/** A candidate with its score and the parts of it; keywords and vectors each in 0…1. */
export interface FusedHit<Candidate> {
  readonly candidate: Candidate;
  /** The weighted sum of both (keywords alone without a vector), and what was learned; above 1 by that. */
  readonly score: number;
  readonly keywordScore: number;
  readonly vectorScore: number;
  readonly learnedScore: number;
}

/**
 * The candidates with their scores, best first; ties in order of id.
 *
 * @param idOf asked for candidates that tie alone
 */
export function fuse<Candidate extends FusionCandidate>(
  candidates: readonly Candidate[],
  evidence: FusionEvidence,
  idOf: (candidate: Candidate) => string,
): readonly FusedHit<Candidate>[] {
  const { terms, cosineRange } = evidence;
  const topBm25 = candidates.reduce((top, { bm25 }) => Math.max(top, bm25 ?? 0), 0);
  const vectorWeight = weightOfVectors(topBm25, evidence);

  return candidates
    .map((candidate) => {
      const { bm25 = 0, cosine, lift: learnedScore = 0 } = candidate;
      const keywordScore = topBm25 > 0 ? bm25 / topBm25 : 0;
      const vectorScore =
        cosine === undefined || cosineRange === undefined
          ? 0
          : position(cosine, cosineRange.lowest, cosineRange.highest);
      // What a skill without a vector means is not known: its words speak for all of it.
      const weight = cosine === undefined && terms > 0 ? 0 : vectorWeight;
      const found = (1 - weight) * keywordScore + weight * vectorScore;
      return { candidate, score: found + learnedScore, keywordScore, vectorScore, learnedScore };
    })
    .toSorted((a, b) => b.score - a.score || compareIds(idOf(a.candidate), idOf(b.candidate)));
}

/** The part of all that tells documents apart which the vectors tell, 0 to 1. */
function weightOfVectors(topBm25: number, { terms, cosineRange: range }: FusionEvidence): number {
  if (range === undefined) return 0;
  // Where no word is found there is nothing to divide the weight with.
  if (topBm25 === 0) return 1;
  const told = COSINE_WORTH * Math.max(0, range.highest - range.lowest);
  const weight = told / (Math.max(topBm25, LEAST_KEYWORD_WORTH) + told);
  return terms <= LOOKED_UP_TERMS ? Math.min(weight, LOOKED_UP_VECTOR_WEIGHT) : weight;
}

/** The order of ids everywhere in search: by code unit, the same on every machine. */
export function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function position(value: number, lowest: number, highest: number): number {
  // At a right angle or beyond it is not near, even if nothing else is nearer.
  if (value <= 0) return 0;
  if (value >= highest) return 1;
  if (value <= lowest) return 0;
  return (value - lowest) / (highest - lowest);
}
