/** What a user is told when the file, its directory or its disk is not what a store needs. */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunRecord } from "../run-store.ts";
import { newVersion } from "../testing-fixtures/new-version.ts";
import { canMount, smallDisk } from "../testing-fixtures/small-disk.ts";
import { temporaryDirectory } from "../testing-fixtures/temporary-directory.ts";
import { sqliteRunStore } from "./sqlite-run-store.ts";
import { sqliteSkillStore } from "./sqlite-skill-store.ts";

const RUN: RunRecord = {
  runId: "run-1",
  skillId: "echo",
  version: 1,
  status: "ok",
  logs: [],
  logsDropped: 0,
  startedAt: "2026-01-02T03:04:05.678Z",
  durationMs: 1,
  cpuMs: 1,
  hostCalls: 0,
};

let temporary: ReturnType<typeof temporaryDirectory>;
let directory: string;
let path: string;

beforeEach(() => {
  temporary = temporaryDirectory();
  directory = join(temporary.path, "library");
  path = join(directory, "library.sqlite");
});

afterEach(() => temporary.remove());

async function makeLibrary(): Promise<void> {
  const store = await sqliteSkillStore({ path });
  await store.append(newVersion("echo"));
  await store.close();
}

describe("a damaged file of runs", () => {
  function remedy(runs: string): string {
    return `it holds the record of runs only: move ${runs} away, with ${runs}-wal and ${runs}-shm where they exist, and a new one is started; the skills are not touched`;
  }

  beforeEach(() => mkdirSync(directory));

  test("is said to hold no skills, and how to start a new one", async () => {
    const runs = join(directory, "runs.sqlite");
    writeFileSync(runs, "garbage ".repeat(1000));
    await expect(sqliteRunStore({ path: runs })).rejects.toMatchObject({
      code: "STORE_CORRUPT",
      message: `Cannot use the store ${runs}: it is not a SQLite database (file is not a database); ${remedy(runs)}`,
    });
    renameSync(runs, `${runs}.damaged`);
    const store = await sqliteRunStore({ path: runs });
    expect(await store.totals()).toStrictEqual({ runs: 0, byStatus: {} });
    await store.close();
  });

  test("says so too when it is a record that cannot be read", async () => {
    const runs = join(directory, "runs.sqlite");
    const store = await sqliteRunStore({ path: runs });
    await store.record([RUN]);
    const other = new DatabaseSync(runs);
    other.exec("UPDATE runs SET logs = '['");
    other.close();
    const damaged = {
      code: "STORE_CORRUPT",
      message: `Cannot read the record of run run-1: it is damaged; ${remedy(runs)}`,
    };
    await expect(store.find("run-1")).rejects.toMatchObject(damaged);
    await expect(store.list({ limit: 1 })).rejects.toMatchObject(damaged);
    await store.close();
  });

  test("is not what a damaged library is: that is restored from a backup", async () => {
    writeFileSync(path, "garbage ".repeat(1000));
    await expect(sqliteSkillStore({ path })).rejects.toMatchObject({
      code: "STORE_CORRUPT",
      message: `Cannot use the store ${path}: it is not a SQLite database (file is not a database); restore it from a backup or choose another path`,
    });
  });
});

describe("what may not be written", () => {
  test.runIf(canMount())("a read-only file system is named", async () => {
    const disk = smallDisk(directory);
    try {
      disk.remount("ro");
      const refused = (what: string) => ({
        code: "STORE_UNAVAILABLE",
        message: `Cannot use the store ${path}: ${what} is on a read-only file system or may not be written by this user (unable to open database file); make the file and its directory writable and retry`,
      });
      await expect(sqliteSkillStore({ path })).rejects.toMatchObject(refused(directory));
      disk.remount("rw");
      await makeLibrary();
      disk.remount("ro");
      await expect(sqliteSkillStore({ path })).rejects.toMatchObject(refused(path));
    } finally {
      disk.unmount();
    }
  });

  // Root may write whatever the permissions say.
  test.runIf(process.getuid?.() !== 0 && process.platform !== "win32")(
    "a directory without permission is named",
    async () => {
      mkdirSync(directory, { mode: 0o555 });
      await expect(sqliteSkillStore({ path })).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        message: expect.stringContaining(
          `${directory} is on a read-only file system or may not be written by this user`,
        ),
      });
      chmodSync(directory, 0o755);
      await makeLibrary();
    },
  );
});

describe("a full disk", () => {
  test.runIf(canMount())("is told when a store cannot even be opened", async () => {
    const disk = smallDisk(directory);
    try {
      await makeLibrary();
      const { bavail, bsize } = statfsSync(directory);
      writeFileSync(join(directory, "ballast"), Buffer.alloc(bavail * bsize));
      await expect(sqliteSkillStore({ path })).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        message: expect.stringMatching(
          /library\.sqlite: the disk is full \(.*\); free space on its disk and retry$/,
        ),
      });
      rmSync(join(directory, "ballast"));
      const store = await sqliteSkillStore({ path });
      expect(await store.find("echo")).toMatchObject({ version: 1 });
      await store.close();
    } finally {
      disk.unmount();
    }
  });
});

describe("a file deleted or replaced while it is open", () => {
  function refused(of: string) {
    return {
      code: "STORE_UNAVAILABLE",
      message: `Cannot use ${of}: the file was deleted or replaced while it was open; close the store and open it again`,
    };
  }

  let nowMs = 0;
  const clock = { now: () => Date.now(), monotonicMs: () => nowMs };

  beforeEach(() => mkdirSync(directory));

  test("takes no write that would be lost", async () => {
    await makeLibrary();
    const store = await sqliteSkillStore({ path, clock });
    copyFileSync(path, `${path}.copy`);
    renameSync(`${path}.copy`, path);
    await expect(store.append(newVersion("other"))).rejects.toMatchObject(refused(path));
    rmSync(path);
    await expect(store.append(newVersion("other"))).rejects.toMatchObject(refused(path));
    await store.close();
  });

  test("answers no read either, from 100 ms on", async () => {
    await makeLibrary();
    const store = await sqliteSkillStore({ path, clock });
    expect(await store.revision()).toBe(1);
    rmSync(directory, { recursive: true });
    nowMs += 100;
    for (const use of [
      () => store.revision(),
      () => store.find("echo"),
      () => store.history("echo"),
      () => store.list({ limit: 1 }),
      () => store.findMany(["echo"]),
      () => store.counts(),
      () => store.changesSince(0, 1),
      () => store.append(newVersion("other")),
      () => store.appendMany([newVersion("other")]),
      () => store.setStatus("echo", { status: "failed", expectedVersion: "any" }),
      () => store.remove("echo", "any"),
    ])
      await expect(Promise.resolve(use())).rejects.toMatchObject(refused(path));
    await store.close();
  });

  test("is told of runs as well", async () => {
    const runs = join(directory, "runs.sqlite");
    const store = await sqliteRunStore({ path: runs, clock });
    await store.record([RUN]);
    rmSync(directory, { recursive: true });
    nowMs += 100;
    for (const use of [
      () => store.epoch(),
      () => store.find("run-1"),
      () => store.list({ limit: 1 }),
      () => store.totals(),
      () => store.evidence(["echo"]),
      () => store.record([RUN]),
    ])
      await expect(Promise.resolve(use())).rejects.toMatchObject(refused(runs));
    await store.close();
  });

  test("is served again when it is back where it was", async () => {
    await makeLibrary();
    const store = await sqliteSkillStore({ path, clock });
    renameSync(path, `${path}.moved`);
    nowMs += 100;
    await expect(store.find("echo")).rejects.toMatchObject(refused(path));
    renameSync(`${path}.moved`, path);
    expect(await store.find("echo")).toMatchObject({ version: 1 });
    await store.close();
  });
});
