/**
 * What is wrong with a file of runs. Its records and counters are evidence that nothing else holds;
 * only the totals follow from the counters of each version.
 */
import type { DatabaseSync } from "node:sqlite";
import { problemList } from "../../../base/problem.ts";
import type { ProblemList, Problems } from "../../../base/problem.ts";
import { RUNS_SCHEMA } from "../runs-schema.ts";
import { schemaVersion } from "../schema.ts";
import { sqliteError } from "../sqlite-error.ts";
import { checkPages, openToCheck, readable, rowsOf } from "./open-to-check.ts";
import type { Row } from "./open-to-check.ts";
import type { Repaired } from "./repair-skills.ts";

export interface RunsReport extends Problems {
  /** Records that are kept. */
  readonly runs: number;
  /** The newest version of each skill that a record or a counter names. */
  readonly named: ReadonlyMap<string, number>;
}

interface Rule {
  readonly sql: string;
  readonly told: (row: Row) => { readonly subject?: string; readonly message: string };
  /** What mends it; absent when nothing does. */
  readonly mend?: string;
}

/** What the totals are by the counters of versions. */
const TOTALS = `SELECT 'ok' AS status, sum(successes) AS count FROM skill_stats HAVING sum(successes) > 0
  UNION ALL SELECT status, sum(count) FROM skill_failures GROUP BY status`;

const RULES: readonly Rule[] = [
  {
    sql: `SELECT seq FROM runs r WHERE seq > (SELECT min(seq) FROM runs)
      AND NOT EXISTS (SELECT 1 FROM runs WHERE seq = r.seq - 1)`,
    told: ({ seq }) => ({ message: `records of runs before number ${seq} are missing` }),
  },
  {
    sql: `SELECT coalesce(t.status, c.status) AS status, coalesce(t.count, 0) AS told,
        coalesce(c.count, 0) AS counted
      FROM run_totals t FULL JOIN (${TOTALS}) c ON c.status = t.status
      WHERE t.count IS NOT c.count`,
    told: ({ status, told, counted }) => ({
      message: `the total of runs that ended with ${status} is ${told}, and the versions count ${counted}`,
    }),
    mend: `DELETE FROM run_totals; INSERT INTO run_totals SELECT * FROM (${TOTALS})`,
  },
  {
    sql: `SELECT s.skill_id, s.version, uses - successes AS failed,
        coalesce((SELECT sum(count) FROM skill_failures f
          WHERE f.skill_id = s.skill_id AND f.version = s.version), 0) AS failures,
        uses, coalesce((SELECT sum(count) FROM skill_durations d
          WHERE d.skill_id = s.skill_id AND d.version = s.version), 0) AS timed
      FROM skill_stats s WHERE failed <> failures OR uses <> timed`,
    told: ({ skill_id: id, version }) => ({
      subject: `${id}@${version}`,
      message: "its counters do not add up",
    }),
  },
  {
    sql: `SELECT r.skill_id, r.version, count(*) AS kept, s.uses FROM runs r
      LEFT JOIN skill_stats s ON s.skill_id = r.skill_id AND s.version = r.version
      GROUP BY r.skill_id, r.version HAVING kept > coalesce(s.uses, 0)`,
    told: ({ skill_id: id, version, kept, uses }) => ({
      subject: `${id}@${version}`,
      message: `${kept} records of runs are kept, and ${uses ?? 0} are counted`,
    }),
  },
  {
    sql: "SELECT seq FROM run_journals WHERE seq NOT IN (SELECT seq FROM runs)",
    told: ({ seq }) => ({ message: `journal ${seq} is of no run` }),
    mend: "DELETE FROM run_journals WHERE seq NOT IN (SELECT seq FROM runs)",
  },
  {
    sql: `SELECT run_id FROM runs WHERE NOT (json_valid(logs) AND json_valid(coalesce(error, '0'))
      AND json_valid(coalesce(warnings, '0')) AND json_valid(coalesce(more, '0')))`,
    told: ({ run_id: id }) => ({ subject: `run ${id}`, message: "its record can not be read" }),
  },
  {
    sql: `SELECT r.run_id FROM run_journals j JOIN runs r ON r.seq = j.seq
      WHERE NOT json_valid(j.data)`,
    told: ({ run_id: id }) => ({ subject: `run ${id}`, message: "its journal can not be read" }),
  },
  {
    sql: `SELECT max(change) AS newest, (SELECT change FROM learned_state) AS known
      FROM (SELECT change FROM learned_uses UNION ALL SELECT change FROM learned_removals)
      HAVING newest > coalesce(known, -1)`,
    told: ({ newest, known }) => ({
      message: `learned queries go up to change ${newest}, and ${known ?? "none"} is known`,
    }),
    mend: `UPDATE learned_state SET change = (SELECT max(change) FROM (
      SELECT change FROM learned_uses UNION ALL SELECT change FROM learned_removals))`,
  },
  {
    sql: "SELECT id FROM learned_uses WHERE NOT (json_valid(query) AND json_valid(caller))",
    told: ({ id }) => ({ subject: `learned query ${id}`, message: "it can not be read" }),
  },
];

const NAMED = `SELECT skill_id AS id, max(version) AS version FROM (
    SELECT skill_id, version FROM skill_stats UNION ALL SELECT skill_id, version FROM runs)
  GROUP BY skill_id`;

/** Reads the whole file, on a thread of its own. */
export function checkRunsFile({ path }: { readonly path: string }): RunsReport {
  const problems = problemList("runs");
  const named = new Map<string, number>();
  let runs = 0;
  const database = openToCheck(path, "read");
  try {
    database.exec("BEGIN");
    if (checkPages(database, path, problems))
      readable(path, problems, () => {
        // An empty file is one that nobody has opened yet.
        if (schemaVersion(database, RUNS_SCHEMA, path) === 0) return;
        checkRules(database, problems);
        const [row] = database.prepare("SELECT count(*) AS n FROM runs").all();
        runs = Number(row?.n);
        for (const { id, version } of rowsOf(database, NAMED))
          named.set(id as string, Number(version));
      });
  } finally {
    database.close();
  }
  return { ...problems.list(), runs, named };
}

/** On a thread of its own. */
export function repairRunsFile({ path }: { readonly path: string }): Repaired<RunsReport> {
  const before = checkRunsFile({ path });
  if (!before.problems.some(({ repairable }) => repairable)) return { before, after: before };
  const database = openToCheck(path, "write");
  try {
    database.exec("REINDEX; BEGIN IMMEDIATE");
    for (const { sql, mend } of RULES)
      if (mend !== undefined && database.prepare(sql).get() !== undefined) database.exec(mend);
    database.exec("COMMIT");
  } catch (error) {
    throw sqliteError(error, { path, ifDamaged: undefined });
  } finally {
    database.close();
  }
  return { before, after: checkRunsFile({ path }) };
}

function checkRules(database: DatabaseSync, problems: ProblemList): void {
  for (const { sql, told, mend } of RULES)
    for (const row of rowsOf(database, sql))
      problems.add({ ...told(row), repairable: mend !== undefined });
}
