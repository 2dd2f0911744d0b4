/** The reads of the runs file: synchronous. */
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { ExecutionError, ExecutionStatus, LogLine } from "../../skill/execution.ts";
import type { FailureNote } from "../../skill/skill.ts";
import {
  addCounters,
  ATTRIBUTABLE,
  emptyCounters,
  inStatusOrder,
  skillMetrics,
} from "../run-metrics.ts";
import type { RunCounters } from "../run-metrics.ts";
import type { RunFilter, RunRecord, RunTotals, SkillEvidence, SkillUsage } from "../run-store.ts";
import type { SqliteConnection } from "./connection.ts";
import type { Parameter } from "./statement.ts";
import { parseStored } from "./stored-json.ts";

interface RunRow {
  readonly run_id: string;
  readonly skill_id: string;
  readonly version: number;
  readonly status: ExecutionStatus;
  readonly error: string | null;
  readonly logs: string;
  readonly logs_dropped: number;
  readonly started_at: string;
  readonly duration_ms: number;
  readonly cpu_ms: number;
  readonly host_calls: number;
  readonly warnings: string | null;
  readonly parent_run_id: string | null;
  readonly more: string | null;
  readonly has_journal: number;
}

/** What is in the column `more`. */
type More = Pick<RunRecord, "engine" | "journal" | "withheld" | "caller" | "used" | "refused">;

interface VersionKey {
  readonly skill_id: string;
  readonly version: number;
}

const SELECT_RUNS = `SELECT *, EXISTS (SELECT 1 FROM run_journals WHERE run_journals.seq = runs.seq)
  AS has_journal FROM runs`;
const OF_SKILLS = "WHERE skill_id IN (SELECT value FROM json_each(?))";
const STATS = `SELECT * FROM skill_stats ${OF_SKILLS} ORDER BY skill_id, version`;
const USAGE = `SELECT skill_id AS id, sum(uses) AS uses, sum(successes) AS successes
  FROM skill_stats GROUP BY skill_id`;
const ATTRIBUTABLE_FAILURES = `SELECT skill_id AS id, sum(count) AS count FROM skill_failures
  WHERE status IN (SELECT value FROM json_each(?)) GROUP BY skill_id`;
const FAILURES = `SELECT * FROM skill_failures ${OF_SKILLS}`;
const DURATIONS = `SELECT * FROM skill_durations ${OF_SKILLS}`;
const NOTES = `SELECT * FROM failure_notes ${OF_SKILLS} ORDER BY seq DESC`;

export function findRun(
  { statement, ifDamaged }: SqliteConnection,
  runId: string,
): RunRecord | undefined {
  const row = statement<RunRow>(`${SELECT_RUNS} WHERE run_id = ?`).get(runId);
  return row && runRecord(row, ifDamaged);
}

/** Runs, newest first; none when `before` is no longer kept, because then nothing older is. */
export function listRuns(
  { statement, ifDamaged }: SqliteConnection,
  filter: RunFilter,
): RunRecord[] {
  const { skillId, status, before, limit } = filter;
  // SQLite takes a negative limit for none.
  if (!Number.isSafeInteger(limit) || limit < 0)
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`limit\` to be a non-negative integer, got ${preview(limit)}`,
    );
  const conditions = ["TRUE"];
  const parameters: Parameter[] = [];
  function where(condition: string, value: Parameter): void {
    if (value === undefined) return;
    conditions.push(condition);
    parameters.push(value);
  }
  where("skill_id = ?", skillId);
  where("status = ?", status);
  where("seq < (SELECT seq FROM runs WHERE run_id = ?)", before);
  const sql = `${SELECT_RUNS} WHERE ${conditions.join(" AND ")} ORDER BY seq DESC LIMIT ?`;
  return statement<RunRow>(sql)
    .all(...parameters, limit)
    .map((row) => runRecord(row, ifDamaged));
}

export function runTotals({ statement }: SqliteConnection): RunTotals {
  const rows = statement<{
    status: string;
    count: number;
  }>("SELECT status, count FROM run_totals").all();
  return {
    runs: rows.reduce((sum, { count }) => sum + count, 0),
    byStatus: inStatusOrder(new Map(rows.map(({ status, count }) => [status, count]))),
  };
}

/** The evidence of skills; its statements must see the same state. */
export function readEvidence(
  { statement, ifDamaged }: SqliteConnection,
  skillIds: readonly string[],
): ReadonlyMap<string, SkillEvidence> {
  const ids = JSON.stringify(skillIds);
  const skills = new Map<string, Map<number, RunCounters>>();
  for (const row of statement<
    VersionKey & { uses: number; successes: number; sum_ms: number; last_used_at: string }
  >(STATS).all(ids)) {
    const versions = skills.get(row.skill_id) ?? new Map<number, RunCounters>();
    skills.set(row.skill_id, versions);
    const { uses, successes, sum_ms: sumMs, last_used_at: lastUsedAt } = row;
    versions.set(row.version, { ...emptyCounters(), uses, successes, sumMs, lastUsedAt });
  }
  function countersOf({ skill_id, version }: VersionKey): RunCounters | undefined {
    return skills.get(skill_id)?.get(version);
  }
  for (const row of statement<VersionKey & { status: string; count: number }>(FAILURES).all(ids))
    countersOf(row)?.failures.set(row.status, row.count);
  for (const row of statement<VersionKey & { bucket: number; count: number }>(DURATIONS).all(ids))
    countersOf(row)?.durations.set(row.bucket, row.count);
  const notes = readNotes(statement, ids, ifDamaged);
  return new Map(
    [...skills].map(([id, versions]) => [id, evidenceOf(versions, notes.get(id) ?? [])]),
  );
}

/** Usage of every skill with a run; its statements must see the same state. */
export function readUsage({ statement }: SqliteConnection): ReadonlyMap<string, SkillUsage> {
  const failures = new Map(
    statement<{ id: string; count: number }>(ATTRIBUTABLE_FAILURES)
      .all(JSON.stringify([...ATTRIBUTABLE]))
      .map(({ id, count }) => [id, count]),
  );
  const rows = statement<{ id: string; uses: number; successes: number }>(USAGE).all();
  return new Map(
    rows.map(({ id, uses, successes }) => {
      const judged = successes + (failures.get(id) ?? 0);
      return [id, judged === 0 ? { uses } : { uses, successRate: successes / judged }];
    }),
  );
}

/** Notes of each skill, newest first. */
function readNotes(
  statement: SqliteConnection["statement"],
  ids: string,
  ifDamaged: string | undefined,
): ReadonlyMap<string, FailureNote[]> {
  const notes = new Map<string, FailureNote[]>();
  for (const row of statement<
    VersionKey & { run_id: string; status: string; reason: string; at: string }
  >(NOTES).all(ids)) {
    const { run_id: runId, version, status, at } = row;
    const place = `a failure of skill "${row.skill_id}"`;
    const reason = parseStored(row.reason, place, ifDamaged) as string;
    const ofSkill = notes.get(row.skill_id) ?? [];
    ofSkill.push({ runId, version, status, reason, at });
    notes.set(row.skill_id, ofSkill);
  }
  return notes;
}

function evidenceOf(
  versions: ReadonlyMap<number, RunCounters>,
  notes: readonly FailureNote[],
): SkillEvidence {
  const total = emptyCounters();
  for (const counters of versions.values()) addCounters(total, counters);
  const byVersion = [...versions].map(
    ([version, counters]) =>
      [
        version,
        skillMetrics(
          counters,
          notes.filter((note) => note.version === version),
        ),
      ] as const,
  );
  return { skill: skillMetrics(total, notes), versions: new Map(byVersion) };
}

function runRecord(row: RunRow, ifDamaged: string | undefined): RunRecord {
  const place = `the record of run ${row.run_id}`;
  return {
    runId: row.run_id,
    skillId: row.skill_id,
    version: row.version,
    status: row.status,
    ...(row.error === null
      ? {}
      : { error: parseStored(row.error, place, ifDamaged) as ExecutionError }),
    logs: parseStored(row.logs, place, ifDamaged) as LogLine[],
    logsDropped: row.logs_dropped,
    startedAt: row.started_at,
    durationMs: row.duration_ms,
    cpuMs: row.cpu_ms,
    hostCalls: row.host_calls,
    ...(row.warnings === null
      ? {}
      : { warnings: parseStored(row.warnings, place, ifDamaged) as string[] }),
    ...(row.parent_run_id === null ? {} : { parentRunId: row.parent_run_id }),
    ...(row.more === null ? {} : moreOf(row, parseStored(row.more, place, ifDamaged) as More)),
  };
}

function moreOf({ has_journal: hasJournal }: RunRow, more: More): More {
  const wasKept = more.journal === "kept" || more.journal === "truncated";
  return wasKept && hasJournal === 0 ? { ...more, journal: "dropped" } : more;
}
