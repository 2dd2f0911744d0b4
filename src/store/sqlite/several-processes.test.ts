import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { SkillStore } from "../skill-store.ts";
import type { StoreMessage, StoreTask } from "../testing-fixtures/store-process.ts";
import { temporaryDirectory } from "../testing-fixtures/temporary-directory.ts";
import { openConnection } from "./connection.ts";
import { LIBRARY_SCHEMA } from "./library-schema.ts";
import { sqliteRunStore } from "./sqlite-run-store.ts";
import { sqliteSkillStore } from "./sqlite-skill-store.ts";

const PROGRAM = fileURLToPath(new URL("../testing-fixtures/store-process.ts", import.meta.url));

let directory: ReturnType<typeof temporaryDirectory>;
let children: ChildProcess[];

beforeEach(() => {
  directory = temporaryDirectory();
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  directory.remove();
});

function start(task: StoreTask, onMessage: (message: StoreMessage) => void): ChildProcess {
  const child = fork(PROGRAM, [JSON.stringify(task)], { execArgv: [] });
  child.on("message", (message) => onMessage(message as StoreMessage));
  children.push(child);
  return child;
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode;
}

/** A history and a change log without holes, and a file SQLite finds no fault with. */
async function expectSound(store: SkillStore, path: string, ids: readonly string[]): Promise<void> {
  const changes = await store.changesSince(0, 1_000_000);
  expect(changes.map(({ revision }) => revision)).toStrictEqual(
    changes.map((_, index) => index + 1),
  );
  for (const id of ids) {
    const history = await store.history(id);
    expect(history.map(({ version }) => version)).toStrictEqual(
      history.map((_, index) => index + 1),
    );
    expect(await store.find(id)).toStrictEqual(history.at(-1));
  }
  const database = new DatabaseSync(path);
  expect(database.prepare("PRAGMA integrity_check").all()).toMatchObject([
    { integrity_check: "ok" },
  ]);
  database.close();
}

test("four processes that count on the same skills lose no update", async () => {
  const path = join(directory.path, "library.sqlite");
  const ids = ["hot-1", "hot-2", "hot-3"];
  const count = 150;
  const done: StoreMessage[] = [];
  const workers = Array.from({ length: 4 }, () =>
    start({ kind: "increment", path, ids, count }, (message) => done.push(message)),
  );
  expect(await Promise.all(workers.map(exitCode))).toStrictEqual([0, 0, 0, 0]);
  expect(done).toMatchObject(workers.map(() => ({ kind: "done", commits: count })));
  const store = await sqliteSkillStore({ path });
  expect(await store.revision()).toBe(4 * count);
  for (const id of ids) {
    const history = await store.history(id);
    expect(history).toHaveLength((4 * count) / ids.length);
    for (const { version, metadata } of history) expect(metadata["count"]).toBe(version);
  }
  await expectSound(store, path, ids);
  await store.close();
});

test("what a killed writer had been told is stored is there, and nothing is half there", async () => {
  const path = join(directory.path, "library.sqlite");
  const acknowledged = new Map([
    ["left", 0],
    ["right", 0],
  ]);
  for (let round = 1; round <= 5; round++) {
    let remaining = 1 + Math.floor(Math.random() * 80);
    const killed = [...acknowledged.keys()].map((id) => {
      const child = start({ kind: "append", path, id }, (message) => {
        if (message.kind !== "acknowledged") return;
        acknowledged.set(id, message.version);
        remaining -= 1;
        if (remaining <= 0) for (const each of children) each.kill("SIGKILL");
      });
      return exitCode(child);
    });
    await Promise.all(killed);
    expect(remaining).toBeLessThanOrEqual(0);
    const store = await sqliteSkillStore({ path });
    for (const [id, version] of acknowledged)
      if (version > 0) expect((await store.find(id))?.version).toBeGreaterThanOrEqual(version);
    await expectSound(
      store,
      path,
      [...acknowledged.keys()].filter((id) => acknowledged.get(id)),
    );
    await store.close();
  }
});

test("runs a killed process had recorded are there, and counted exactly", async () => {
  const path = join(directory.path, "runs.sqlite");
  let recorded = 0;
  const child = start({ kind: "record", path, id: "echo" }, (message) => {
    if (message.kind !== "acknowledged") return;
    recorded = message.version;
    if (recorded >= 100) child.kill("SIGKILL");
  });
  await exitCode(child);
  const store = await sqliteRunStore({ path });
  const { runs } = await store.totals();
  expect(runs).toBeGreaterThanOrEqual(recorded);
  expect((await store.evidence(["echo"])).get("echo")?.skill.uses).toBe(runs);
  expect(await store.list({ limit: 100_000 })).toHaveLength(runs);
  await store.close();
});

test("processes that create files at the same moments share them", async () => {
  const ids = ["a", "b", "c", "d"];
  const paths = Array.from({ length: 25 }, (_, index) => join(directory.path, `${index}.sqlite`));
  let ready = 0;
  const workers = ids.map((id) =>
    start({ kind: "create", paths, id }, ({ kind }) => {
      if (kind !== "ready") return;
      ready += 1;
      if (ready === ids.length) for (const each of workers) each.send("go");
    }),
  );
  expect(await Promise.all(workers.map(exitCode))).toStrictEqual([0, 0, 0, 0]);
  for (const path of paths) {
    const store = await sqliteSkillStore({ path });
    expect((await store.list({ limit: 10 })).map(({ id }) => id)).toStrictEqual(ids);
    await expectSound(store, path, ids);
    await store.close();
  }
});

test("a commit is synchronous unless it is told otherwise", async () => {
  const path = join(directory.path, "library.sqlite");
  const synchronous = async (durability?: "full" | "normal"): Promise<unknown> => {
    const options = durability === undefined ? { path } : { path, durability };
    const { database, close } = await openConnection(LIBRARY_SCHEMA, options);
    const found = { ...database.prepare("PRAGMA synchronous").get() };
    close();
    return found;
  };
  // 2 is FULL and 1 is NORMAL.
  expect(await synchronous()).toEqual({ synchronous: 2 });
  expect(await synchronous("full")).toEqual({ synchronous: 2 });
  expect(await synchronous("normal")).toEqual({ synchronous: 1 });
});
