import { outcomeLift } from "../search/outcome.ts";
import type { Outcomes } from "../search/outcome.ts";
import type { IndexHit } from "../search/search-index.ts";
import { judgedRuns } from "../store/run-metrics.ts";
import type { SkillEvidence } from "../store/run-store.ts";
import { metricsOf } from "./evidence.ts";

/** A hit with what the outcomes of its runs add to its score. */
export interface OrderedHit {
  readonly hit: IndexHit;
  readonly score: number;
  readonly outcome: number;
}

/**
 * The hits ordered by their scores with the outcomes of their current versions' runs; equals keep
 * their order. Done after the ranking, which is cached, because evidence moves without a revision.
 *
 * @param libraryRate success rate over all skills
 */
export function orderByOutcome(
  hits: readonly IndexHit[],
  evidence: ReadonlyMap<string, SkillEvidence>,
  libraryRate: number,
  nowMs: number,
): readonly OrderedHit[] {
  return hits
    .map((hit) => {
      const outcome = outcomeLift(outcomesOf(hit, evidence, nowMs), libraryRate);
      return { hit, score: hit.score + outcome, outcome };
    })
    .toSorted((a, b) => b.score - a.score);
}

function outcomesOf(
  { summary: { id, version } }: IndexHit,
  evidence: ReadonlyMap<string, SkillEvidence>,
  nowMs: number,
): Outcomes {
  const found = evidence.get(id);
  if (found === undefined) return { successes: 0, failures: 0, ageMs: 0 };
  const { successes, failures, lastUsedAt } = metricsOf(found, version);
  return {
    successes,
    failures: judgedRuns(failures).failures,
    ageMs: lastUsedAt === undefined ? 0 : nowMs - Date.parse(lastUsedAt),
  };
}
