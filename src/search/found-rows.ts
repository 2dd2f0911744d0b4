/** What an engine finds, and how that travels to another thread. */
import type { SkillSummary } from "../skill/skill.ts";
import type { RankedHit } from "./rank-hits.ts";
import type { IndexAnswer, IndexHit, IndexState } from "./search-index.ts";

export interface FoundRows {
  /** JSON: the summaries, in order, as they are stored. */
  readonly summaries: string;
  /** All else of the hits, in the same order. */
  readonly scores: readonly Omit<IndexHit, "summary">[];
  readonly state: IndexState;
}

/**
 * Two texts: as objects the hits would be copied property by property, which takes longer than finding
 * them in ten thousand skills.
 */
export interface PackedRows extends Omit<FoundRows, "scores"> {
  /** JSON. */
  readonly scores: string;
}

/** @param summaryOf the summary of a row, as JSON */
export function foundRows(
  hits: readonly RankedHit[],
  summaryOf: (rowid: number) => string,
  state: IndexState,
): FoundRows {
  return {
    summaries: `[${hits.map(({ rowid }) => summaryOf(rowid)).join(",")}]`,
    scores: hits.map(({ rowid: _, ...scores }) => scores),
    state,
  };
}

export function packRows({ scores, ...found }: FoundRows): PackedRows {
  return { ...found, scores: JSON.stringify(scores) };
}

export function unpackRows({ scores, ...packed }: PackedRows): FoundRows {
  return { ...packed, scores: JSON.parse(scores) as FoundRows["scores"] };
}

export function answerOf({ summaries, scores, state }: FoundRows): IndexAnswer {
  const parsed = JSON.parse(summaries) as readonly SkillSummary[];
  return { hits: parsed.map((summary, at) => ({ summary, ...scores[at]! })), state };
}
