/** Whether everything a library keeps agrees with everything else it keeps. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { openLibrary } from "../../src/library/open-library.ts";
import type { SkillLibrary } from "../../src/library/skill-library.ts";

const BUSY_MS = 30_000;
const PAGE = 1000;
/** Runs repeated from their journals. */
const REPLAYED = 3;

/**
 * What can be seen while others write: the files, the change log, the histories and the current
 * versions, in one state of the database.
 *
 * @returns what is wrong, in words
 */
export function checkFiles(directory: string): readonly string[] {
  const problems: string[] = [];
  const names = readdirSync(directory).filter((name) => name.endsWith(".sqlite"));
  for (const name of names) {
    const database = new DatabaseSync(join(directory, name), { timeout: BUSY_MS });
    try {
      const [first] = database.prepare("PRAGMA integrity_check(1)").all();
      const found = first?.["integrity_check"];
      if (found !== "ok") problems.push(`${name}: ${String(found)}`);
      if (name.startsWith("index")) checkText(database, name, problems);
      if (name === "library.sqlite") checkHistories(database, problems);
      if (name === "runs.sqlite") checkCounters(database, problems);
    } finally {
      database.close();
    }
  }
  return problems;
}

function checkText(database: DatabaseSync, name: string, problems: string[]): void {
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL TABLE%fts5%'")
    .all();
  for (const { name: table } of tables) {
    try {
      database.exec(`INSERT INTO ${String(table)}(${String(table)}) VALUES ('integrity-check')`);
    } catch (error) {
      problems.push(`${name}, ${String(table)}: ${(error as Error).message}`);
    }
  }
}

/** Queries that find nothing in a library that is whole. */
const HISTORY_CHECKS: readonly (readonly [problem: string, query: string])[] = [
  [
    "the change log has a hole",
    "SELECT max(revision) - count(*) AS wrong FROM changes HAVING wrong <> 0",
  ],
  [
    "a history has a hole",
    "SELECT skill_id, count(*) FROM skill_versions GROUP BY skill_id HAVING max(version) <> count(*)",
  ],
  [
    "a version has no change",
    `SELECT v.skill_id, v.version FROM skill_versions v LEFT JOIN changes c ON c.revision = v.revision
     AND c.skill_id = v.skill_id AND c.version = v.version AND c.kind = 'version' WHERE c.revision IS NULL`,
  ],
  [
    "a current version is not the last one",
    `SELECT s.id, s.version FROM skills s
     WHERE s.version <> (SELECT max(version) FROM skill_versions v WHERE v.skill_id = s.id)`,
  ],
  [
    "a skill is not as its last change left it",
    `SELECT s.id, c.kind FROM skills s JOIN changes c ON c.revision =
       (SELECT max(revision) FROM changes l WHERE l.skill_id = s.id)
     WHERE s.removed <> (c.kind = 'removal') OR s.version <> c.version OR s.status <> c.status`,
  ],
  [
    "a version lacks its code",
    `SELECT skill_id, version FROM skill_versions v
     WHERE code IS NOT NULL AND NOT EXISTS (SELECT 1 FROM blobs b WHERE b.id = v.code)`,
  ],
];

const RUN_CHECKS: readonly (readonly [problem: string, query: string])[] = [
  [
    "the runs of skills do not add up to all runs",
    `SELECT (SELECT sum(uses) FROM skill_stats) AS skills, (SELECT sum(count) FROM run_totals) AS runs
     WHERE skills <> runs`,
  ],
  [
    "fewer runs are counted than there are",
    "SELECT 1 WHERE (SELECT count(*) FROM runs) > (SELECT coalesce(sum(count), 0) FROM run_totals)",
  ],
];

function checkHistories(database: DatabaseSync, problems: string[]): void {
  ask(database, HISTORY_CHECKS, problems);
}

function checkCounters(database: DatabaseSync, problems: string[]): void {
  ask(database, RUN_CHECKS, problems);
}

function ask(
  database: DatabaseSync,
  checks: readonly (readonly [problem: string, query: string])[],
  problems: string[],
): void {
  database.exec("BEGIN");
  for (const [problem, query] of checks) {
    const rows = database.prepare(query).all();
    if (rows.length > 0) problems.push(`${problem}: ${JSON.stringify(rows.slice(0, 3))}`);
  }
  database.exec("COMMIT");
}

/**
 * What can be seen when nobody writes: the index agrees with the store, every skill is found, the
 * evidence of skills agrees with the runs, and runs can be repeated.
 *
 * @returns what is wrong, in words
 */
export async function checkLibrary(directory: string): Promise<readonly string[]> {
  const problems = [...checkFiles(directory)];
  await using library = await openLibrary({ path: directory, sandbox: { workers: 1 } });
  const ids = await activeIds(library);
  for (const id of ids.slice(-50)) {
    const { matches } = await library.search(id, { limit: 50, useCache: false });
    const found = matches.find((match) => match.id === id);
    const { version } = await library.getVersion(id);
    if (found?.version !== version)
      problems.push(`"${id}" is at version ${version} and found at ${String(found?.version)}`);
  }
  const { skills, search, revision } = await embedded(library);
  if (search.skills !== skills.total || search.revision !== revision)
    problems.push(
      `the index has ${search.skills} of ${skills.total} skills at revision ${search.revision} of ${revision}`,
    );
  if (search.vectors !== skills.total)
    problems.push(`the index has ${search.vectors} vectors for ${skills.total} skills`);
  for (const { runId } of await library.listRuns({ status: "ok", limit: REPLAYED })) {
    const { identical, divergence } = await library.replay(runId);
    if (!identical) problems.push(`run ${runId} is not repeated: ${JSON.stringify(divergence)}`);
  }
  return problems;
}

async function activeIds(library: SkillLibrary): Promise<readonly string[]> {
  const ids: string[] = [];
  for (;;) {
    const after = ids.at(-1);
    const page = await library.list({
      status: "active",
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    ids.push(...page.map(({ id }) => id));
    if (page.length < PAGE) return ids;
  }
}

/** The library's counts, once every skill has its vector or none has come for a while. */
async function embedded(library: SkillLibrary): ReturnType<SkillLibrary["stats"]> {
  for (let tries = 0; ; tries++) {
    const stats = await library.stats();
    if (stats.search.pending === 0 || tries === 200) return stats;
    await wait(50);
  }
}
