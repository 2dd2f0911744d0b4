/**
 * Hits on their way to another thread: two texts. As objects they would be copied property by property,
 * which takes longer than finding them in ten thousand skills.
 */
import type { SkillSummary } from "../skill/skill.ts";
import type { RankedHit } from "./rank-hits.ts";
import type { IndexHit } from "./search-index.ts";

export interface PackedHits {
  /** JSON: the summaries, in order. */
  readonly summaries: string;
  /** JSON: all else of the hits, in the same order. */
  readonly scores: string;
}

/** @param summaryOf the summary of a row, as JSON */
export function packHits(
  hits: readonly RankedHit[],
  summaryOf: (rowid: number) => string,
): PackedHits {
  return {
    summaries: `[${hits.map(({ rowid }) => summaryOf(rowid)).join(",")}]`,
    scores: JSON.stringify(hits.map(({ rowid: _, ...scores }) => scores)),
  };
}

export function unpackHits({ summaries, scores }: PackedHits): readonly IndexHit[] {
  const parts = JSON.parse(scores) as readonly Omit<IndexHit, "summary">[];
  return (JSON.parse(summaries) as readonly SkillSummary[]).map((summary, at) => ({
    summary,
    ...parts[at]!,
  }));
}
