import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { noteDraft, skillDraft } from "../../test/support/skill-draft.ts";
import { rejection } from "../../test/support/thrown.ts";
import { temporaryLibrary } from "../../test/support/temporary-library.ts";
import { memoryLocks } from "../lock/memory-locks.ts";
import { quickjsSandbox } from "../sandbox/quickjs/quickjs-sandbox.ts";
import { sqliteSearchIndex } from "../search/sqlite-index.ts";
import { sqliteRunStore } from "../store/sqlite/sqlite-run-store.ts";
import { sqliteSkillStore } from "../store/sqlite/sqlite-skill-store.ts";
import { temporaryDirectory } from "../store/testing-fixtures/temporary-directory.ts";
import { openLibrary } from "./open-library.ts";
import type { LibraryOptions } from "./options.ts";
import { getSkillLibrary } from "./process-library.ts";

let directory: ReturnType<typeof temporaryDirectory>;
const environment = process.env["REPERTOIRE_LIBRARY"];

beforeEach(() => {
  directory = temporaryDirectory();
  // No test may ever reach the library of whoever runs it.
  process.env["REPERTOIRE_LIBRARY"] = join(directory.path, "default");
});

afterEach(() => {
  directory.remove();
  if (environment === undefined) delete process.env["REPERTOIRE_LIBRARY"];
  else process.env["REPERTOIRE_LIBRARY"] = environment;
});

test("a library is created where there is none, with the directories above it", async () => {
  const path = join(directory.path, "a", "b", "library");
  await using library = await openLibrary(path);
  expect(statSync(path).isDirectory()).toBe(true);
  expect(await library.stats()).toMatchObject({ path, revision: 0, skills: { total: 0 } });
});

test("what was acknowledged is there when the library is opened again", async () => {
  const first = await openLibrary(directory.path);
  await first.add(noteDraft("note"));
  const skill = await first.get("note");
  await first.close();
  await using again = await openLibrary(directory.path);
  expect(await again.get("note")).toStrictEqual(skill);
});

test("a path that is a file, or below one, is refused and left as it is", async () => {
  const file = join(directory.path, "file");
  writeFileSync(file, "precious");
  expect(await rejection(openLibrary(file))).toMatchObject({ code: "INVALID_INPUT" });
  expect(await rejection(openLibrary(join(file, "library")))).toMatchObject({
    code: "STORE_UNAVAILABLE",
  });
  expect(readFileSync(file, "utf8")).toBe("precious");
});

test("paths that are no directory's are refused", async () => {
  for (const path of ["", 7, null, {}, "postgres://localhost/skills", "a\0b"])
    expect(await rejection(openLibrary({ path: path as string }))).toMatchObject({
      code: "INVALID_INPUT",
    });
});

const FILES = ["library.sqlite", "runs.sqlite"];

/** A directory of its own for each of the files, and the path of the file in it. */
function placeFor(name: string): { readonly path: string; readonly file: string } {
  const path = join(directory.path, `with-${name}`);
  mkdirSync(path);
  return { path, file: join(path, name) };
}

test("another program's database in place of a library's is refused and left as it is", async () => {
  for (const name of FILES) {
    const { path, file } = placeFor(name);
    const database = new DatabaseSync(file);
    database.exec("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
    database.close();
    const before = readFileSync(file);
    expect(await rejection(openLibrary(path))).toMatchObject({ code: "INVALID_INPUT" });
    expect(readFileSync(file)).toStrictEqual(before);
  }
});

test("garbage in place of a library's file is told as damage and left as it is", async () => {
  for (const name of FILES) {
    const { path, file } = placeFor(name);
    writeFileSync(file, "not a database ".repeat(1000));
    const before = readFileSync(file);
    expect(await rejection(openLibrary(path))).toMatchObject({ code: "STORE_CORRUPT" });
    expect(readFileSync(file)).toStrictEqual(before);
  }
});

test("files of a later release are refused", async () => {
  for (const name of FILES) {
    const { path, file } = placeFor(name);
    await (await openLibrary(path)).close();
    const database = new DatabaseSync(file);
    database.exec("PRAGMA user_version = 99");
    database.close();
    expect(await rejection(openLibrary(path))).toMatchObject({ code: "STORE_UNAVAILABLE" });
  }
});

test("a directory in place of a library's file is refused", async () => {
  for (const name of FILES) {
    const { path, file } = placeFor(name);
    mkdirSync(file);
    expect(await rejection(openLibrary(path))).toMatchObject({ code: "STORE_UNAVAILABLE" });
  }
});

const OWN_EMBEDDER = { id: "own", dimensions: 2, embed: () => Promise.resolve([]) };

test("options that are unknown or wrong are refused before anything is created", async () => {
  const path = join(directory.path, "library");
  const wrong: readonly object[] = [
    { paths: "x" },
    { limits: { codebytes: 1 } },
    { limits: { codeBytes: -1 } },
    { limits: { codeBytes: "1" } },
    { limits: { codeBytes: 1.5 } },
    { limits: { maxConcurrent: 0 } },
    { limits: [] },
    { cache: { entries: 1 } },
    { cache: { maxEntries: 0 } },
    { policy: { tool: [] } },
    { policy: { tools: "all" } },
    { policy: { skills: [1] } },
    { policy: { fetch: true } },
    { policy: { fetch: { origin: [] } } },
    { sandbox: { threads: 1 } },
    { sandbox: 4 },
    { tools: { click: "no function" } },
    { durability: "most" },
    { embedder: "openai" },
    { embedder: true },
    { embedder: null },
    { embedder: { id: "own", dimensions: 2 } },
    { embedder: { ...OWN_EMBEDDER, id: "" } },
    { embedder: { ...OWN_EMBEDDER, id: "half \ud800" } },
    { embedder: { ...OWN_EMBEDDER, id: undefined } },
    { embedder: { ...OWN_EMBEDDER, dimensions: "2" } },
    { embedder: { ...OWN_EMBEDDER, dimensions: 1e12 } },
    { embedder: { ...OWN_EMBEDDER, batchSize: 0 } },
  ];
  for (const options of wrong)
    expect(await rejection(openLibrary({ ...options, path }))).toMatchObject({
      code: "INVALID_INPUT",
    });
  expect(existsSync(path)).toBe(false);
  for (const options of [null, 7, []])
    expect(await rejection(openLibrary(options as unknown as LibraryOptions))).toMatchObject({
      code: "INVALID_INPUT",
    });
});

test("after close every call is refused as such, and closing again does nothing", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(skillDraft("echo"));
  expect(library.isClosed).toBe(false);
  const closing = library.close();
  expect(library.isClosed).toBe(true);
  expect(library.close()).toBe(closing);
  await closing;
  await library.close();
  for (const call of [
    () => library.add(noteDraft("note")),
    () => library.addMany([noteDraft("note")]),
    () => library.get("echo"),
    () => library.list(),
    () => library.search("echo"),
    () => library.execute("echo"),
    () => library.executeMany([{ id: "echo" }]),
    () => library.compose(["echo"]),
    () => library.getVersion("echo"),
    () => library.getVersionHistory("echo"),
    () => library.diff("echo", 1, 1),
    () => library.rollback("echo", 1),
    () => library.setStatus("echo", "active"),
    () => library.remove("echo"),
    () => library.listRuns(),
    () => library.getRun("x"),
    () => library.stats(),
    () => library.reindex(),
    () => library.locks.acquire("key"),
  ])
    expect(await rejection(call())).toMatchObject({ code: "CLOSED" });
});

test("calls in flight at close end well or say why they did not, and none hangs", async () => {
  await using fixture = await temporaryLibrary();
  const { library, path } = fixture;
  await library.add(skillDraft("echo"));
  await library.add(
    skillDraft("sleeper", {
      code: "export default (_, host) => host.sleep(60000);",
      examples: [],
    }),
  );
  const asleep = library.execute("sleeper", {}, { timeoutMs: 60_000 });
  const held = await library.locks.acquire("key", { mode: "write" });
  const calls = [
    ...Array.from({ length: 20 }, (_, n) => library.add(noteDraft(`note-${n}`))),
    ...Array.from({ length: 20 }, (_, n) => library.execute("echo", { n })),
    ...Array.from({ length: 20 }, (_, n) => library.search(`note ${n}`)),
    ...Array.from({ length: 20 }, () => library.get("echo")),
    library.addMany(Array.from({ length: 50 }, (_, n) => noteDraft(`many-${n}`))),
    library.locks.acquire("key", { mode: "write" }),
  ];
  const settled = Promise.allSettled(calls);
  await new Promise((resolve) => {
    setTimeout(resolve, 100);
  });
  await library.close();
  expect(await asleep).toMatchObject({ status: "cancelled" });
  const outcomes = await settled;
  for (const outcome of outcomes) {
    if (outcome.status === "rejected")
      expect(outcome.reason).toMatchObject({
        code: expect.stringMatching(/^(?:CLOSED|CANCELLED)$/),
      });
  }
  // What was acknowledged is there.
  await using again = await openLibrary(path);
  const added = outcomes.slice(0, 20).filter(({ status }) => status === "fulfilled");
  expect((await again.list()).filter(({ id }) => id.startsWith("note-"))).toHaveLength(
    added.length,
  );
  await held.release();
});

test("drivers that were passed in stay open", async () => {
  const file = (name: string): string => join(directory.path, name);
  const store = await sqliteSkillStore({ path: file("library.sqlite") });
  const runs = await sqliteRunStore({ path: file("runs.sqlite") });
  const index = await sqliteSearchIndex({ path: file("index.sqlite") });
  const locks = memoryLocks();
  const sandbox = quickjsSandbox({ workers: 1 });
  const library = await openLibrary({ store, runs, index, locks, sandbox, embedder: false });
  await library.add(skillDraft("echo"));
  expect((await library.execute("echo", { n: 1 })).value).toStrictEqual({ n: 1 });
  expect((await library.stats()).path).toBeUndefined();
  await library.close();
  expect(await store.revision()).toBe(1);
  expect((await runs.totals()).runs).toBe(1);
  expect((await index.state()).revision).toBe(1);
  await (await locks.acquire("key")).release();
  expect(sandbox.stats()).toBeDefined();
  await using again = await openLibrary({ store, runs, index, locks, sandbox, embedder: false });
  expect((await again.execute("echo", { n: 2 })).value).toStrictEqual({ n: 2 });
  await again.close();
  for (const driver of [store, runs, index, locks, sandbox]) await driver.close();
});

test("a process has one library of its own, where the environment says, and a new one after close", async () => {
  process.env["REPERTOIRE_LIBRARY"] = join(directory.path, "shared");
  const [first, second] = await Promise.all([getSkillLibrary(), getSkillLibrary()]);
  expect(second).toBe(first);
  expect((await first.stats()).path).toBe(join(directory.path, "shared"));
  await first.add(noteDraft("note"));
  const closing = first.close();
  const [third, fourth] = await Promise.all([getSkillLibrary(), getSkillLibrary()]);
  expect(third).not.toBe(first);
  expect(fourth).toBe(third);
  expect((await third.get("note"))?.id).toBe("note");
  await closing;
  await third.close();
});

test("a process library that could not be opened is tried again", async () => {
  const file = join(directory.path, "file");
  writeFileSync(file, "");
  process.env["REPERTOIRE_LIBRARY"] = file;
  expect(await rejection(getSkillLibrary())).toMatchObject({ code: "INVALID_INPUT" });
  process.env["REPERTOIRE_LIBRARY"] = join(directory.path, "shared");
  await using library = await getSkillLibrary();
  expect(library.isClosed).toBe(false);
});
