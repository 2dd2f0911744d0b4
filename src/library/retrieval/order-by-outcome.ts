import { outcomeLift } from "../../search/outcome.ts";
import type { IndexHit } from "../../search/search-index.ts";
import type { SkillMetrics } from "../../skill/skill.ts";
import { judgedRuns } from "../../store/run-metrics.ts";
import type { SkillEvidence } from "../../store/run-store.ts";
import { metricsOf } from "../execution/evidence.ts";

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
      const { id, version } = hit.summary;
      const found = evidence.get(id);
      const outcome =
        found === undefined ? 0 : outcomeOf(metricsOf(found, version), libraryRate, nowMs);
      return { hit, score: hit.score + outcome, outcome };
    })
    .toSorted((a, b) => b.score - a.score);
}

function outcomeOf(metrics: SkillMetrics, libraryRate: number, nowMs: number): number {
  const { successes, failures, lastUsedAt } = metrics;
  if (lastUsedAt === undefined) return 0;
  const ageMs = nowMs - Date.parse(lastUsedAt);
  return outcomeLift({ successes, failures: judgedRuns(failures).failures, ageMs }, libraryRate);
}
