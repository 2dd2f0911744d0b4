import { closeSync, copyFileSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { newVersion } from "../../testing-fixtures/new-version.ts";
import { temporaryDirectory } from "../../testing-fixtures/temporary-directory.ts";
import { sqliteRunStore } from "../sqlite-run-store.ts";
import { sqliteSkillStore } from "../sqlite-skill-store.ts";
import { checkRunsFile, repairRunsFile } from "./check-runs.ts";
import { checkSkillsFile } from "./check-skills.ts";
import { repairSkillsFile } from "./repair-skills.ts";

let directory: ReturnType<typeof temporaryDirectory>;
/** A sound file, and the one a test may damage. */
let sound: string;
let path: string;

beforeAll(async () => {
  directory = temporaryDirectory();
  sound = join(directory.path, "sound.sqlite");
  path = join(directory.path, "library.sqlite");
  const store = await sqliteSkillStore({ path: sound });
  const calls = { tools: [], skills: ["echo"], fetch: [] };
  await store.append(newVersion("echo", { tags: ["text", "copy"], instructions: "# How" }));
  await store.append(newVersion("caller", { capabilities: calls, code: "export default 1" }));
  for (const id of ["one", "two", "three"]) await store.append(newVersion(id, { name: id }));
  await store.append(newVersion("one", { name: "changed" }, { expectedVersion: 1 }));
  await store.append(newVersion("one", { name: "one" }, { expectedVersion: 2 }));
  await store.setStatus("two", { status: "deprecated", expectedVersion: "any" });
  await store.remove("three", "any");
  await store.close();
});

afterAll(() => directory.remove());

beforeEach(() => copyFileSync(sound, path));

function damage(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA foreign_keys = OFF; ${sql}`);
  database.close();
}

test("a file of skills that is whole is told to be, with what it holds", () => {
  const report = checkSkillsFile({ path });
  expect(report).toStrictEqual({
    problems: [],
    more: 0,
    revision: 9,
    skills: 4,
    versions: 7,
    newest: new Map([
      ["caller", 1],
      ["echo", 1],
      ["one", 3],
      ["three", 1],
      ["two", 1],
    ]),
    current: new Map([
      ["caller", "1 active"],
      ["echo", "1 active"],
      ["one", "3 active"],
      ["two", "1 deprecated"],
    ]),
    stale: [],
  });
  expect(repairSkillsFile({ path })).toStrictEqual({ before: report, after: report });
});

describe("what is current", () => {
  test.each([
    ["the row of a skill", "UPDATE skills SET version = 1 WHERE id = 'one'", "one"],
    ["a status", "UPDATE skills SET status = 'active' WHERE id = 'two'", "two"],
    ["a skill", "DELETE FROM skill_tags; DELETE FROM skills WHERE id = 'echo'", "echo"],
    ["a removal", "UPDATE skills SET removed = 0 WHERE id = 'three'", "three"],
    ["tags", "DELETE FROM skill_tags WHERE tag = 'copy'", "echo"],
    ["a call", "DELETE FROM skill_calls", "caller"],
    ["a summary", "UPDATE skills SET summary = '{' WHERE id = 'two'", "two"],
    ["a name", "UPDATE skills SET name = 'X' WHERE id = 'two'", "two"],
  ])("%s is found altered, and derived again", async (_what, sql, id) => {
    damage(sql);
    const found = {
      part: "skills",
      subject: id,
      message: "what is current differs from its versions and changes",
      repairable: true,
    };
    const { before, after } = repairSkillsFile({ path });
    expect(before.problems).toStrictEqual([found]);
    expect(after.problems).toStrictEqual([]);
    expect(await contentOf(path)).toStrictEqual(await contentOf(sound));
  });

  async function contentOf(file: string): Promise<unknown> {
    const store = await sqliteSkillStore({ path: file });
    const filter = { limit: 10 };
    const content = [
      await store.list(filter),
      await store.facets(filter),
      await store.dependents("echo", 10),
      await store.find("three"),
    ];
    await store.close();
    return content;
  }
});

test("an index of SQLite's that lost rows is built again from its table", async () => {
  const page = Buffer.alloc(4096);
  const root = rootOf("skills_by_category");
  atPage(root, (file, at) => readSync(file, page, 0, 4096, at));
  const store = await sqliteSkillStore({ path });
  await store.append(newVersion("late"));
  await store.close();
  atPage(root, (file, at) => writeSync(file, page, 0, 4096, at));
  const { before, after } = repairSkillsFile({ path });
  expect(before.problems.length).toBeGreaterThan(0);
  expect(before.problems.every(({ repairable }) => repairable)).toBe(true);
  expect(before.problems[0]?.message).toMatch(/missing from index skills_by_category|wrong # of/);
  expect(after).toMatchObject({ problems: [], skills: 5 });
});

function rootOf(name: string): number {
  const database = new DatabaseSync(path);
  const row = database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?").get(name);
  database.close();
  return Number(row?.rootpage);
}

function atPage(page: number, work: (file: number, at: number) => void): void {
  const file = openSync(path, "r+");
  work(file, (page - 1) * 4096);
  closeSync(file);
}

describe("what nothing else holds", () => {
  test.each([
    ["a text", "UPDATE blobs SET content = x'00' WHERE id = 1", /^text 1$/, /it was altered/],
    [
      "a definition",
      "UPDATE skill_versions SET definition = json_set(definition, '$.name', 'X') WHERE skill_id = 'two'",
      /^two@1$/,
      /its content is not that of its hash/,
    ],
    [
      "a version",
      "DELETE FROM skill_versions WHERE skill_id = 'one' AND version = 2",
      /^one$/,
      /version 2 is missing/,
    ],
    ["a text that is gone", "DELETE FROM blobs WHERE id = 1", /^echo@1$/, /its code/],
    [
      "a change",
      "DELETE FROM changes WHERE revision = 7",
      undefined,
      /changes before revision 8 are missing/,
    ],
    [
      "JSON that is none",
      "UPDATE skill_versions SET definition = '{' WHERE skill_id = 'two'",
      undefined,
      /version 1 of skill "two".*it is damaged/,
    ],
  ])("%s is reported, and left for a backup", (_what, sql, subject, message) => {
    damage(sql);
    const { problems } = checkSkillsFile({ path });
    const found = problems.find((problem) => message.test(problem.message));
    expect(found).toMatchObject({ part: "skills", repairable: false });
    if (subject) expect(found?.subject).toMatch(subject);
    expect(repairSkillsFile({ path }).after.problems).toContainEqual(found);
  });

  test("pages that are damaged, or no database at all, end the check with what SQLite says", () => {
    atPage(rootOf("skill_versions"), (file, at) =>
      writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, at),
    );
    expect(checkSkillsFile({ path }).problems[0]).toMatchObject({
      part: "skills",
      message: expect.stringContaining(path),
      repairable: false,
    });
    atPage(1, (file, at) => writeSync(file, Buffer.alloc(100, 0x20), 0, 100, at));
    expect(checkSkillsFile({ path }).problems).toStrictEqual([
      { part: "skills", message: `${path}: file is not a database`, repairable: false },
    ]);
  });

  test("a file that is not there is no damage", () => {
    expect(() => checkSkillsFile({ path: `${path}.gone` })).toThrow(
      expect.objectContaining({ code: "STORE_UNAVAILABLE" }),
    );
  });
});

describe("the records of runs", () => {
  beforeEach(async () => {
    rmSync(path);
    const store = await sqliteRunStore({ path });
    const run = { skillId: "echo", version: 1, logs: [], logsDropped: 0, cpuMs: 1, hostCalls: 0 };
    const at = { startedAt: "2026-01-02T03:04:05.678Z", durationMs: 3 };
    for (const [n, status] of (["ok", "ok", "error", "timeout"] as const).entries())
      await store.record([{ ...run, ...at, runId: `run-${n}`, status }]);
    await store.recordUses([{ query: "copy", skillId: "echo", caller: "", at: at.startedAt }]);
    await store.close();
  });

  test("are told to be whole, with the versions they name", () => {
    expect(checkRunsFile({ path })).toStrictEqual({
      problems: [],
      more: 0,
      runs: 4,
      named: new Map([["echo", 1]]),
    });
  });

  test.each([
    [
      "totals",
      "UPDATE run_totals SET count = 40 WHERE status = 'ok'; DELETE FROM run_totals WHERE status = 'error'",
      /^the total of runs that ended with (ok is 40|error is 0), and the versions count [12]$/,
    ],
    [
      "a journal of no run",
      "INSERT INTO run_journals VALUES (99, 2, '{}')",
      /^journal 99 is of no/,
    ],
    ["the place of learning", "UPDATE learned_state SET change = 0", /^learned queries go up to/],
  ])("%s: mended", (_what, sql, message) => {
    damage(sql);
    const { before, after } = repairRunsFile({ path });
    expect(before.problems[0]).toMatchObject({
      part: "runs",
      message: expect.stringMatching(message),
      repairable: true,
    });
    expect(after).toMatchObject({ problems: [], runs: 4 });
  });

  test.each([
    ["a counter", "UPDATE skill_stats SET successes = 1", /^its counters do not add up$/],
    ["a record", "DELETE FROM runs WHERE seq = 2", /^records of runs before number 3 are missing$/],
    ["a duration", "DELETE FROM skill_durations", /^its counters do not add up$/],
    ["counters", "DELETE FROM skill_stats", /^4 records of runs are kept, and 0 are counted$/],
    ["a log", "UPDATE runs SET logs = '[' WHERE seq = 1", /^its record can not be read$/],
    ["a query", "UPDATE learned_uses SET query = 'x'", /^it can not be read$/],
  ])("%s: reported, and left", (_what, sql, message) => {
    damage(sql);
    const { problems } = checkRunsFile({ path });
    expect(problems.map((problem) => problem.message)).toContainEqual(
      expect.stringMatching(message),
    );
    const left = repairRunsFile({ path }).after.problems;
    expect(left).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(message) }),
    );
  });
});
