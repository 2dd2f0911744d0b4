/** Evidence from counters: what every run store adds up, whatever it is made of. */
import { EXECUTION_STATUSES } from "../skill/execution.ts";
import type { ExecutionStatus } from "../skill/execution.ts";
import type { FailureNote, SkillMetrics } from "../skill/skill.ts";
import { durationQuantile } from "./duration-histogram.ts";
import type { RunRecord } from "./run-store.ts";

/** How many of the latest failures are kept for each version. */
export const FAILURE_NOTES = 5;

const REASON_LENGTH = 500;

/** Failures that say something about the skill, not about its caller or its host. */
export const ATTRIBUTABLE: ReadonlySet<string> = new Set<ExecutionStatus>([
  "error",
  "timeout",
  "out-of-memory",
  "invalid-result",
  "crashed",
]);

/** Sums over some runs of a skill; they merge by addition. */
export interface RunCounters {
  uses: number;
  successes: number;
  sumMs: number;
  /** ISO-8601 UTC; empty before the first run. */
  lastUsedAt: string;
  /** Runs that did not succeed, by status. */
  readonly failures: Map<string, number>;
  /** Durations of all runs, by bucket. */
  readonly durations: Map<number, number>;
}

export function emptyCounters(): RunCounters {
  return {
    uses: 0,
    successes: 0,
    sumMs: 0,
    lastUsedAt: "",
    failures: new Map(),
    durations: new Map(),
  };
}

/** Adds a count to what a map has for the key. */
export function addCount<Key>(counts: Map<Key, number>, key: Key, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

export function addCounters(total: RunCounters, part: RunCounters): void {
  total.uses += part.uses;
  total.successes += part.successes;
  total.sumMs += part.sumMs;
  if (part.lastUsedAt > total.lastUsedAt) total.lastUsedAt = part.lastUsedAt;
  for (const [status, count] of part.failures) addCount(total.failures, status, count);
  for (const [bucket, count] of part.durations) addCount(total.durations, bucket, count);
}

/** Runs that tell something about skills, out of counts by status: successes, and failures of their own. */
export function judgedRuns(byStatus: Readonly<Record<string, number>>): {
  readonly successes: number;
  readonly failures: number;
} {
  const { ok: successes = 0 } = byStatus;
  const own = Object.entries(byStatus).filter(([status]) => ATTRIBUTABLE.has(status));
  return { successes, failures: own.reduce((sum, [, count]) => sum + count, 0) };
}

/** The metrics of counters with at least one run; `lastFailures` newest first. */
export function skillMetrics(
  counters: RunCounters,
  lastFailures: readonly FailureNote[],
): SkillMetrics {
  const { uses, successes, sumMs, lastUsedAt, failures, durations } = counters;
  let attributable = 0;
  for (const [status, count] of failures) if (ATTRIBUTABLE.has(status)) attributable += count;
  const judged = successes + attributable;
  const p50Ms = durationQuantile(durations, 0.5);
  const p95Ms = durationQuantile(durations, 0.95);
  return {
    uses,
    successes,
    failures: inStatusOrder(failures),
    ...(judged === 0 ? {} : { successRate: successes / judged }),
    ...(uses === 0 ? {} : { meanMs: sumMs / uses }),
    ...(p50Ms === undefined ? {} : { p50Ms }),
    ...(p95Ms === undefined ? {} : { p95Ms }),
    ...(lastUsedAt === "" ? {} : { lastUsedAt }),
    lastFailures: lastFailures.slice(0, FAILURE_NOTES),
  };
}

/** The counts of the statuses that occurred. */
export function inStatusOrder(counts: ReadonlyMap<string, number>): Record<string, number> {
  const occurred = EXECUTION_STATUSES.filter((status) => counts.has(status));
  return Object.fromEntries(occurred.map((status) => [status, counts.get(status) ?? 0]));
}

/** Why a run failed, in one line of bounded length. */
export function failureReason({ error, status }: RunRecord): string {
  const reason = error ? `${error.name}: ${error.message}` : status;
  return reason.length <= REASON_LENGTH ? reason : `${reason.slice(0, REASON_LENGTH - 1)}…`;
}
