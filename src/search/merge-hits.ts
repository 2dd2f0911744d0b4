/**
 * Bringing the hits of an index together with documents that it does not hold, such as earlier
 * versions of what it holds. Their cosines are exact; their keyword relevance is put on the scale of
 * the index by documents that are scored on both sides.
 */
import { fuse } from "./fusion.ts";
import type { FusionCandidate } from "./fusion.ts";
import { queryTerms } from "./query-terms.ts";
import { CANDIDATE_SIMILARITY } from "./rank-hits.ts";
import type { IndexHit, LearnedSignal } from "./search-index.ts";
import type { SkillSummary } from "../skill/skill.ts";

/** A document from elsewhere, with what is known of it for the query. */
export interface OutsideDocument {
  readonly summary: SkillSummary;
  /** On the scale of `anchors`; 0 when it has no word of the query. */
  readonly relevance: number;
  readonly cosine?: number;
}

export interface MergeRequest {
  readonly text: string;
  readonly limit: number;
  readonly learned: ReadonlyMap<string, LearnedSignal>;
  /** Relevance of some of the hits on the scale of the documents from elsewhere, by id. */
  readonly anchors: ReadonlyMap<string, number>;
}

interface Candidate extends FusionCandidate {
  readonly summary: SkillSummary;
}

/** Hits, best first; ties in order of id. */
export function mergeHits(
  hits: readonly IndexHit[],
  outside: readonly OutsideDocument[],
  { text, limit, learned, anchors }: MergeRequest,
): readonly IndexHit[] {
  const range = cosineRange(hits, outside);
  const scale = scaleOf(hits, anchors);
  const candidates = [
    ...hits.map(({ summary, bm25 = 0, learnedScore, cosine }) =>
      candidate(summary, bm25, learnedScore, cosine),
    ),
    ...outside
      .filter(({ summary, relevance, cosine }) => {
        const isNear = cosine !== undefined && cosine > Math.max(0, range?.lowest ?? 0);
        const similarity = learned.get(summary.id)?.similarity ?? 0;
        return relevance > 0 || isNear || similarity >= CANDIDATE_SIMILARITY;
      })
      .map(({ summary, relevance, cosine }) =>
        candidate(summary, relevance * scale, learned.get(summary.id)?.lift ?? 0, cosine),
      ),
  ];
  const terms = queryTerms(text).length;
  const evidence = { terms, ...(range === undefined ? {} : { cosineRange: range }) };
  const fused = fuse(candidates, evidence, ({ summary }) => summary.id);
  return fused.slice(0, limit).map(({ candidate: { summary, bm25, cosine }, ...scores }) => ({
    summary,
    ...scores,
    ...(bm25 === undefined ? {} : { bm25 }),
    ...(cosine === undefined ? {} : { cosine }),
  }));
}

function candidate(
  summary: SkillSummary,
  relevance: number,
  lift: number,
  cosine: number | undefined,
): Candidate {
  return {
    summary,
    lift,
    ...(relevance > 0 ? { bm25: relevance } : {}),
    ...(cosine === undefined ? {} : { cosine }),
  };
}

/** What a relevance from elsewhere has to be multiplied by; without any to compare, both begin at 1. */
function scaleOf(hits: readonly IndexHit[], anchors: ReadonlyMap<string, number>): number {
  let here = 0;
  let there = 0;
  for (const { summary, bm25 = 0 } of hits) {
    const relevance = anchors.get(summary.id);
    if (relevance === undefined || relevance <= 0 || bm25 <= 0) continue;
    here += bm25;
    there += relevance;
  }
  return there > 0 ? here / there : 1;
}

/** The cosines that count as 0 and as 1, as the index has set them; nothing where none were compared. */
function cosineRange(
  hits: readonly IndexHit[],
  outside: readonly OutsideDocument[],
): { readonly lowest: number; readonly highest: number } | undefined {
  const cosines = [...hits, ...outside].flatMap(({ cosine }) => cosine ?? []);
  if (cosines.length === 0) return undefined;
  const top = hits.find(({ vectorScore, cosine }) => vectorScore === 1 && cosine !== undefined);
  const between = hits.find(
    ({ vectorScore, cosine }) => cosine !== undefined && vectorScore > 0.01 && vectorScore < 0.99,
  );
  // vectorScore = (cosine - lowest) / (highest - lowest), solved for the lowest.
  const lowest =
    top?.cosine === undefined || between?.cosine === undefined
      ? 0
      : (between.cosine - between.vectorScore * top.cosine) / (1 - between.vectorScore);
  return { lowest: Math.max(0, lowest), highest: cosines.reduce((a, b) => Math.max(a, b)) };
}
