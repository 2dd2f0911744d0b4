/**
 * Processes that do everything a library can are killed at random moments. What they had been told is
 * stored must be there, and everything must agree: what the consistency check of `library.check()`
 * reads are versions, changes, statuses, texts, counters, journals, learned queries, keywords and vectors.
 */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLibrary } from "../../src/library/open-library.ts";
import { restoreLibrary } from "../../src/store/sqlite/maintenance/restore-library.ts";
import { sqliteSkillStore } from "../../src/store/sqlite/sqlite-skill-store.ts";
import { temporaryDirectory } from "../../src/store/testing-fixtures/temporary-directory.ts";
import type { CrashMessage } from "../support/crash-process.ts";
import { noteDraft, skillDraft } from "../support/skill-draft.ts";

const PROGRAM = fileURLToPath(new URL("../support/crash-process.ts", import.meta.url));
const ROUNDS = 3;
const KILLED_WITHIN_MS = 1500;

let temporary: ReturnType<typeof temporaryDirectory>;
let path: string;
let children: ChildProcess[];

beforeEach(() => {
  temporary = temporaryDirectory();
  path = join(temporary.path, "library");
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  temporary.remove();
});

/** Starts a process, which is ready when this resolves. */
async function start(
  task: string,
  id: string,
  onMessage: (message: CrashMessage) => void,
): Promise<ChildProcess> {
  const child = fork(PROGRAM, [path, task, id], { execArgv: [] });
  children.push(child);
  child.on("message", (message) => onMessage(message as CrashMessage));
  await once(child, "message");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  expect(child.exitCode).toBeNull();
  child.kill("SIGKILL");
  if (child.signalCode === null) await once(child, "exit");
}

interface Told {
  readonly texts: Map<string, string>;
  statuses: number;
  removals: number;
}

test("what was acknowledged to a killed process is stored, and everything stored agrees", async () => {
  const told: Told = { texts: new Map(), statuses: 0, removals: 0 };
  const note = (message: CrashMessage): void => {
    if (message.kind === "version")
      told.texts.set(`${message.id}@${message.version}`, message.text);
    if (message.kind === "status") told.statuses += 1;
    if (message.kind === "removed") told.removals += 1;
  };
  for (let round = 1; round <= ROUNDS; round++) {
    const writers = await Promise.all(["left", "right"].map((id) => start("anything", id, note)));
    for (const writer of writers) {
      await wait(Math.random() * KILLED_WITHIN_MS);
      await kill(writer);
    }
    await using library = await openLibrary({ path, sandbox: { workers: 1 } });
    expect((await library.check()).problems).toStrictEqual([]);
    await expectTold(told);
    for (const id of ["left", "right"]) {
      const current = await library.get(id);
      const found = (await library.search(`note ${id}`, { status: current?.status ?? "active" }))
        .matches;
      const match = found.find((one) => one.id === id);
      expect(match?.version).toBe(current?.version);
    }
    expect((await library.check()).problems).toStrictEqual([]);
  }
  expect(told.texts.size).toBeGreaterThan(0);
}, 180_000);

async function expectTold({ texts, statuses, removals }: Told): Promise<void> {
  const store = await sqliteSkillStore({ path: join(path, "library.sqlite") });
  for (const [key, text] of texts) {
    const [id = "", version] = key.split("@");
    const found = await store.find(id, { version: Number(version) });
    expect(found?.instructions, key).toBe(text);
  }
  const changes = await store.changesSince(0, 1_000_000);
  const count = (kind: string): number => changes.filter((change) => change.kind === kind).length;
  expect(count("status")).toBeGreaterThanOrEqual(statuses);
  expect(count("removal")).toBeGreaterThanOrEqual(removals);
  await store.close();
}

test("a process killed while it backs up leaves whole backups, and none that looks like one", async () => {
  const named = new Map<string, number>();
  const writer = await start("write", "left", () => undefined);
  for (let round = 1; round <= ROUNDS; round++) {
    const done = Promise.withResolvers<void>();
    const copier = await start("backup", "copies", (message) => {
      if (message.kind !== "backup") return;
      named.set(message.path, message.revision);
      done.resolve();
    });
    if (round === 1) await done.promise;
    await wait(Math.random() * KILLED_WITHIN_MS);
    await kill(copier);
  }
  await kill(writer);
  const found = readdirSync(temporary.path)
    .filter((name) => name.startsWith("library-") && !name.includes(".partial-"))
    .map((name) => join(temporary.path, name));
  expect(found).toStrictEqual(expect.arrayContaining([...named.keys()]));
  for (const [n, backup] of found.entries()) {
    const restored = await restoreLibrary(backup, { path: join(temporary.path, `restored-${n}`) });
    // One that got its name in the last moment was not told any more.
    expect(restored.revision).toBe(named.get(backup) ?? restored.revision);
  }
}, 180_000);

test("a process killed while it restores leaves the library of before or that of the backup", async () => {
  const backup = join(temporary.path, "backup");
  const first = await openLibrary({ path, sandbox: { workers: 1 } });
  await first.add(skillDraft("echo"));
  await first.execute("echo", { n: 1 });
  const { revision } = await first.backup(backup);
  await first.add(noteDraft("later"));
  await first.execute("echo", { n: 2 });
  await first.close();
  for (let round = 1; round <= ROUNDS; round++) {
    const restorer = await start("restore", backup, () => undefined);
    await wait(Math.random() * KILLED_WITHIN_MS);
    await kill(restorer);
    await using library = await openLibrary({ path, sandbox: { workers: 1 } });
    expect(await library.check()).toMatchObject({ problems: [] });
    expect([revision, revision + 1]).toContain((await library.stats()).revision);
    await library.add(noteDraft("later"), { expectedVersion: "any" });
  }
  await restoreLibrary(backup, { path, force: true });
  expect(readdirSync(path).filter((name) => name.startsWith("."))).toStrictEqual([]);
}, 180_000);
