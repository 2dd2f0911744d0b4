/** Recording runs: each run is one row, and a batch changes each counter once. */
import { durationBucket } from "../duration-histogram.ts";
import { addCount, emptyCounters, failureReason, FAILURE_NOTES } from "../run-metrics.ts";
import type { RunCounters } from "../run-metrics.ts";
import type { RecordedRun, RunRecord } from "../run-store.ts";
import type { SqliteConnection } from "./connection.ts";
import { insertJournal, pruneJournals } from "./run-journals.ts";

const LAST_SEQ = "SELECT coalesce(max(seq), 0) AS seq FROM runs";
const INSERT_RUN = `INSERT INTO runs (seq, run_id, skill_id, version, status, error, logs,
  logs_dropped, started_at, duration_ms, cpu_ms, host_calls, warnings, parent_run_id, more)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id) DO NOTHING`;
const PRUNE_RUNS = "DELETE FROM runs WHERE seq <= ?";
const ADD_TOTAL = `INSERT INTO run_totals VALUES (?, ?)
  ON CONFLICT DO UPDATE SET count = count + excluded.count`;
const ADD_STATS = `INSERT INTO skill_stats VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
  uses = uses + excluded.uses, successes = successes + excluded.successes,
  sum_ms = sum_ms + excluded.sum_ms, last_used_at = max(last_used_at, excluded.last_used_at)`;
const ADD_FAILURES = `INSERT INTO skill_failures VALUES (?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET count = count + excluded.count`;
const ADD_DURATIONS = `INSERT INTO skill_durations VALUES (?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET count = count + excluded.count`;
const INSERT_NOTE = "INSERT INTO failure_notes VALUES (?, ?, ?, ?, ?, ?, ?)";
const PRUNE_NOTES = `DELETE FROM failure_notes WHERE skill_id = ? AND version = ? AND seq <= (
  SELECT seq FROM failure_notes WHERE skill_id = ? AND version = ?
  ORDER BY seq DESC LIMIT 1 OFFSET ${FAILURE_NOTES})`;

/** What a batch adds to the counters of one version. */
interface Delta {
  readonly skillId: string;
  readonly version: number;
  readonly counters: RunCounters;
  /** The latest failures, oldest first, with their place among all runs. */
  readonly notes: { readonly run: RunRecord; readonly seq: number }[];
}

/** How much is kept. */
export interface RunBounds {
  readonly maxRecords: number;
  readonly maxJournalBytes: number;
}

/**
 * Records runs within a transaction, keeping the newest within the bounds. A run that is still kept
 * and comes again is ignored.
 *
 * @returns how many were new
 */
export function recordRuns(
  { statement }: SqliteConnection,
  runs: readonly RecordedRun[],
  { maxRecords, maxJournalBytes }: RunBounds,
): number {
  const firstSeq = statement<{ seq: number }>(LAST_SEQ).get()?.seq ?? 0;
  const totals = new Map<string, number>();
  const deltas = new Map<string, Delta>();
  const insertRun = statement(INSERT_RUN);
  let seq = firstSeq;
  for (const run of runs) {
    if (insertRun.run(seq + 1, ...runColumns(run)).changes === 0) continue;
    seq += 1;
    if (run.recording) insertJournal(statement, seq, run.recording, maxJournalBytes);
    addCount(totals, run.status, 1);
    addToDelta(deltas, run, seq);
  }
  for (const [status, count] of totals) statement(ADD_TOTAL).run(status, count);
  for (const delta of deltas.values()) writeDelta(statement, delta);
  statement(PRUNE_RUNS).run(seq - maxRecords);
  pruneJournals(statement, seq - maxRecords, maxJournalBytes);
  return seq - firstSeq;
}

function runColumns(run: RunRecord) {
  return [
    run.runId,
    run.skillId,
    run.version,
    run.status,
    run.error && JSON.stringify(run.error),
    JSON.stringify(run.logs),
    run.logsDropped,
    run.startedAt,
    run.durationMs,
    run.cpuMs,
    run.hostCalls,
    run.warnings && JSON.stringify(run.warnings),
    run.parentRunId,
    moreOf(run),
  ] as const;
}

function moreOf(run: RunRecord): string | undefined {
  const { engine, journal, withheld, caller, used, refused } = run;
  const more = JSON.stringify({ engine, journal, withheld, caller, used, refused });
  return more === "{}" ? undefined : more;
}

function addToDelta(deltas: Map<string, Delta>, run: RunRecord, seq: number): void {
  const key = `${run.skillId}@${run.version}`;
  let delta = deltas.get(key);
  if (!delta) {
    delta = { skillId: run.skillId, version: run.version, counters: emptyCounters(), notes: [] };
    deltas.set(key, delta);
  }
  const { counters, notes } = delta;
  counters.uses += 1;
  counters.sumMs += run.durationMs;
  if (run.startedAt > counters.lastUsedAt) counters.lastUsedAt = run.startedAt;
  addCount(counters.durations, durationBucket(run.durationMs), 1);
  if (run.status === "ok") {
    counters.successes += 1;
    return;
  }
  addCount(counters.failures, run.status, 1);
  notes.push({ run, seq });
  if (notes.length > FAILURE_NOTES) notes.shift();
}

function writeDelta(statement: SqliteConnection["statement"], delta: Delta): void {
  const { skillId, version, counters, notes } = delta;
  const { uses, successes, sumMs, lastUsedAt, failures, durations } = counters;
  statement(ADD_STATS).run(skillId, version, uses, successes, sumMs, lastUsedAt);
  for (const [status, count] of failures)
    statement(ADD_FAILURES).run(skillId, version, status, count);
  for (const [bucket, count] of durations)
    statement(ADD_DURATIONS).run(skillId, version, bucket, count);
  for (const { run, seq } of notes) {
    const reason = JSON.stringify(failureReason(run));
    statement(INSERT_NOTE).run(skillId, version, seq, run.runId, run.status, reason, run.startedAt);
  }
  if (notes.length > 0) statement(PRUNE_NOTES).run(skillId, version, skillId, version);
}
