import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLibrary } from "../../src/library/open-library.ts";
import { committedIn } from "../../src/store/sqlite/maintenance/finish-restoration.ts";
import { holdAlone } from "../../src/store/sqlite/maintenance/hold-alone.ts";
import { restoreLibrary } from "../../src/store/sqlite/maintenance/restore-library.ts";
import { temporaryDirectory } from "../../src/store/testing-fixtures/temporary-directory.ts";
import { noteDraft, skillDraft } from "../support/skill-draft.ts";

const PROGRAM = fileURLToPath(new URL("../support/killed-restorer.ts", import.meta.url));
/** More than a restoration has. */
const MAX_STEPS = 20;
const OF_BACKUP = { revision: 1, runs: 1 };
const BEFORE = { revision: 2, runs: 3 };
const EMPTY = { revision: 0, runs: 0 };

let temporary: ReturnType<typeof temporaryDirectory>;
let original: string;
let backup: string;

beforeEach(async () => {
  temporary = temporaryDirectory();
  original = join(temporary.path, "original");
  backup = join(temporary.path, "backup");
  await using library = await openLibrary({ path: original, sandbox: { workers: 1 } });
  await library.add(skillDraft("echo"));
  await library.execute("echo", { n: 1 });
  await library.backup(backup);
  await library.add(noteDraft("later"));
  await library.execute("echo", { n: 2 });
  await library.execute("echo", { n: 3 });
});

afterEach(() => temporary.remove());

async function contents(path: string): Promise<typeof BEFORE> {
  await using library = await openLibrary({ path, sandbox: { workers: 1 } });
  expect(await library.check()).toMatchObject({ problems: [] });
  const { revision } = await library.stats();
  return { revision, runs: (await library.listRuns({})).length };
}

/** Restores to copies of a directory, each time killed one step later, until it is not. */
async function killedAtEachStep(prepare: (path: string) => void): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for (let step = 1; step < MAX_STEPS; step++) {
    const path = join(temporary.path, `killed before ${step}`);
    prepare(path);
    const { signal, status } = spawnSync(process.execPath, [PROGRAM, backup, path, `${step}`]);
    found.push(await contents(path));
    expect(existsSync(committedIn(path))).toBe(false);
    if (signal === null) {
      expect(status).toBe(0);
      return found;
    }
    const kept = readdirSync(path).filter((name) => name.startsWith("former-"));
    expect(kept.length).toBeLessThanOrEqual(1);
  }
  throw new Error("It was always killed");
}

test("a restoration killed before any of its steps is done whole or not at all", async () => {
  const found = await killedAtEachStep((path) => cpSync(original, path, { recursive: true }));
  const decided = found.findIndex((each) => JSON.stringify(each) === JSON.stringify(OF_BACKUP));
  expect(decided).toBeGreaterThan(0);
  expect(found.length - decided).toBeGreaterThan(3);
  expect(found.slice(0, decided)).toStrictEqual(found.slice(0, decided).map(() => BEFORE));
  expect(found.slice(decided)).toStrictEqual(found.slice(decided).map(() => OF_BACKUP));
}, 180_000);

test("so is one to where no library was", async () => {
  const found = await killedAtEachStep((path) => mkdirSync(path));
  const decided = found.findIndex((each) => JSON.stringify(each) === JSON.stringify(OF_BACKUP));
  expect(decided).toBeGreaterThan(0);
  expect(found.slice(0, decided)).toStrictEqual(found.slice(0, decided).map(() => EMPTY));
  expect(found.slice(decided)).toStrictEqual(found.slice(decided).map(() => OF_BACKUP));
}, 180_000);

test("so is one in the place of a damaged library, which is kept", async () => {
  const path = join(temporary.path, "damaged");
  for (let step = 3; step <= 6; step++) {
    cpSync(original, path, { recursive: true, force: true });
    truncateSync(join(path, "library.sqlite"), 6000);
    spawnSync(process.execPath, [PROGRAM, backup, path, `${step}`]);
    expect(await contents(path)).toStrictEqual(OF_BACKUP);
  }
}, 180_000);

test("a library is not opened while a backup takes its place, and is when that has ended", async () => {
  const path = join(temporary.path, "restored");
  cpSync(original, path, { recursive: true });
  // Before the exchange of the runs.
  spawnSync(process.execPath, [PROGRAM, backup, path, "2"]);
  const restorer = holdAlone(join(committedIn(path), "library.sqlite"));
  const limits = { storeBusyMs: 100 };
  await expect(openLibrary({ path, limits })).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
    message: expect.stringContaining("a backup is taking its place"),
  });
  const opened = openLibrary({ path, sandbox: { workers: 1 } });
  restorer.release();
  await using library = await opened;
  expect((await library.stats()).revision).toBe(OF_BACKUP.revision);
}, 60_000);

test("restoring again finishes the one before, and begins with its own", async () => {
  const path = join(temporary.path, "restored");
  cpSync(original, path, { recursive: true });
  spawnSync(process.execPath, [PROGRAM, backup, path, "3"]);
  await expect(restoreLibrary(backup, { path })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  await restoreLibrary(backup, { path, force: true });
  expect(await contents(path)).toStrictEqual(OF_BACKUP);
}, 60_000);
