import { fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openLibrary } from "../../src/library/open-library.ts";
import { skillDraft, noteDraft } from "../support/skill-draft.ts";
import { temporaryLibrary } from "../support/temporary-library.ts";
import type { TemporaryLibrary } from "../support/temporary-library.ts";

// Whole libraries with threads and processes of their own, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const CRASH_PROGRAM = fileURLToPath(new URL("../support/crash-process.ts", import.meta.url));

let temporary: TemporaryLibrary;

beforeEach(async () => {
  temporary = await temporaryLibrary();
  const { library } = temporary;
  await library.add(skillDraft("echo", { tags: ["text", "copy"] }));
  await library.add(skillDraft("caller", { capabilities: { skills: ["echo"] } }));
  for (const id of ["one", "two", "three"]) await library.add(noteDraft(id));
  await library.add(noteDraft("one", "changed"), { expectedVersion: 1 });
  await library.rollback("one", 1);
  await library.setStatus("two", "deprecated");
  await library.remove("three");
  await library.execute("echo", { n: 1 });
  await library.execute("caller");
  await library.search("copies text");
});

afterEach(() => temporary[Symbol.asyncDispose]());

function damage(file: string, sql: string): void {
  const database = new DatabaseSync(join(temporary.path, file), { timeout: 5000 });
  database.exec(`PRAGMA foreign_keys = OFF; ${sql}`);
  database.close();
}

function indexName(): string {
  return readdirSync(temporary.path).find((name) => /^index.*\.sqlite$/.test(name)) as string;
}

test("a library that is whole is told to be, with what it holds", async () => {
  const { runs } = await temporary.library.stats();
  expect(await temporary.library.check()).toStrictEqual({
    ok: true,
    parts: ["skills", "runs", "index"],
    problems: [],
    more: 0,
    revision: 9,
    skills: 4,
    versions: 7,
    runs: runs.runs,
    indexed: 4,
  });
  expect(await temporary.library.repair()).toStrictEqual({ repaired: [], left: [] });
});

test("a check beside writers of other processes finds nothing wrong", async () => {
  const { library, path } = temporary;
  const writers = ["left", "right"].map((id) =>
    fork(CRASH_PROGRAM, [path, "anything", id], { execArgv: [] }),
  );
  try {
    await Promise.all(writers.map((writer) => once(writer, "message")));
    for (let round = 0; round < 3; round++)
      expect(await library.check()).toMatchObject({ ok: true, problems: [] });
    for (const writer of writers) expect(writer.exitCode).toBeNull();
  } finally {
    const ended = writers
      .filter(({ exitCode }) => exitCode === null)
      .map((writer) => once(writer, "exit"));
    for (const writer of writers) writer.kill("SIGKILL");
    await Promise.all(ended);
  }
});

test("what is derived is made anew in every part, and what is not is left for a backup", async () => {
  const { library } = temporary;
  await library.stats();
  damage("library.sqlite", "UPDATE skills SET version = 1 WHERE id = 'one'");
  damage("runs.sqlite", "UPDATE run_totals SET count = 40 WHERE status = 'ok'");
  damage("runs.sqlite", "UPDATE runs SET version = 9 WHERE skill_id = 'caller'");
  damage(indexName(), "DELETE FROM vectors");
  const { ok, problems } = await library.check();
  expect(ok).toBe(false);
  expect(problems).toMatchObject([
    { part: "skills", subject: "one", repairable: true },
    { part: "runs", message: expect.stringContaining("is 40, and the versions"), repairable: true },
    { part: "runs", subject: "caller@9", repairable: false },
    {
      part: "runs",
      subject: "caller",
      message:
        "runs of version 9 are recorded, and the library has versions up to 1: its skills are older than its runs",
      repairable: false,
    },
    { part: "index", message: expect.stringContaining("neither have a vector nor wait") },
  ]);
  const { repaired, left } = await library.repair();
  expect(repaired.map(({ part }) => part)).toStrictEqual(["skills", "runs", "index"]);
  expect(left.map(({ subject }) => subject)).toStrictEqual(["caller@9", "caller"]);
  expect((await library.get("one"))?.version).toBe(3);
});

test("an index that is damaged inside is built anew by repair, and by reindex", async () => {
  for (const mend of ["repair", "reindex"] as const) {
    await temporary.library.close();
    damagePage(indexName(), "vectors");
    await using library = await openLibrary({ path: temporary.path, sandbox: { workers: 1 } });
    await library[mend]();
    expect(await library.check()).toMatchObject({ ok: true, indexed: 4 });
    expect((await library.search("echo")).matches[0]).toMatchObject({ id: "echo" });
  }
});

/** Overwrites the first page of a table, which opening the file does not read. */
function damagePage(name: string, table: string): void {
  const path = join(temporary.path, name);
  const database = new DatabaseSync(path);
  const row = database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?").get(table);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, (Number(row?.rootpage) - 1) * 4096);
  closeSync(file);
}

test("a check ends with its signal, and with CLOSED when the library is closed", async () => {
  const { library } = temporary;
  await expect(library.check({ signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: "CANCELLED",
  });
  const [checking] = [library.check()];
  await Promise.all([expect(checking).rejects.toMatchObject({ code: "CLOSED" }), library.close()]);
  await expect(library.repair()).rejects.toMatchObject({ code: "CLOSED" });
});
