/** What a library does while something under it is wrong, and that it goes on when it is right again. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openLibrary } from "../../src/library/open-library.ts";
import type { SkillLibrary } from "../../src/library/skill-library.ts";
import { canMount, smallDisk } from "../../src/store/testing-fixtures/small-disk.ts";
import { temporaryDirectory } from "../../src/store/testing-fixtures/temporary-directory.ts";
import type { LibraryAnswer, LibraryCall } from "../support/library-process.ts";
import { noteDraft, skillDraft } from "../support/skill-draft.ts";

const PROGRAM = fileURLToPath(new URL("../support/library-process.ts", import.meta.url));

// Whole libraries with threads and processes of their own, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

let temporary: ReturnType<typeof temporaryDirectory>;
let path: string;

beforeEach(() => {
  temporary = temporaryDirectory();
  path = join(temporary.path, "library");
});

afterEach(() => temporary.remove());

const open = (): Promise<SkillLibrary> => openLibrary({ path, sandbox: { workers: 1 } });

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition()))
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
}

async function expectRecovered(library: SkillLibrary, uses: number): Promise<void> {
  await library.add(noteDraft("after"));
  expect((await library.search("note after")).matches[0]).toMatchObject({ id: "after" });
  await until(async () => (await library.stats()).runs.pending === 0);
  expect((await library.get("echo"))?.metrics.uses).toBe(uses);
  expect(await library.check()).toMatchObject({ ok: true, problems: [] });
}

if (!canMount()) console.warn("skipped: full disks need Linux and the right to mount");

describe.runIf(canMount())("on a disk of its own", () => {
  let disk: ReturnType<typeof smallDisk>;

  beforeEach(() => {
    disk = smallDisk(path);
    disk.remount("size=16m");
  });

  afterEach(() => disk.unmount());

  test("that is full, writes are refused, reads and runs go on, and all is well when there is room", async () => {
    const library = await open();
    await library.add(skillDraft("echo"));
    await library.search("echo");
    const { bavail, bsize } = statfsSync(path);
    writeFileSync(join(path, "ballast"), Buffer.alloc(bavail * bsize));
    let stored = 0;
    const fill = async (): Promise<void> => {
      for (; stored < 1000; stored++)
        await library.add(noteDraft(`note-${stored}`, `${stored} ${"x".repeat(50_000)}`));
    };
    await expect(fill()).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("free space on its disk and retry"),
    });
    expect((await library.get("echo"))?.version).toBe(1);
    expect(await library.execute("echo", { n: 1 })).toMatchObject({ status: "ok" });
    expect(await library.list({ limit: 1000 })).toHaveLength(stored + 1);
    rmSync(join(path, "ballast"));
    await expectRecovered(library, 1);
    expect(await library.list({ limit: 1000 })).toHaveLength(stored + 2);
    await library.close();
  });
});

describe("a file that is deleted underneath", () => {
  test("is built anew when it is the search index", async () => {
    await using library = await open();
    await library.add(skillDraft("echo"));
    await library.search("echo");
    for (const name of readdirSync(path)) if (name.startsWith("index")) rmSync(join(path, name));
    expect((await library.search("echo", { useCache: false })).matches[0]).toMatchObject({
      id: "echo",
    });
    await expectRecovered(library, 0);
  });

  test("is reported of the runs, which go on without being recorded", async () => {
    const library = await open();
    await library.add(skillDraft("echo"));
    await library.stats();
    rmSync(join(path, "runs.sqlite"));
    expect(await library.execute("echo", { n: 1 })).toMatchObject({ status: "ok" });
    const lost = {
      code: "STORE_UNAVAILABLE",
      message: `Cannot use ${join(path, "runs.sqlite")}: the file was deleted or replaced while it was open; close the store and open it again`,
    };
    // Closing tells that the last runs are lost, and closes everything all the same.
    await expect(library.close()).rejects.toMatchObject(lost);
    await using again = await open();
    expect((await again.get("echo"))?.version).toBe(1);
    expect(await again.check()).toMatchObject({ ok: true, runs: 0 });
  });

  test("ends every use of the skills, until the library is opened again", async () => {
    const library = await open();
    await library.add(skillDraft("echo"));
    await library.close();
    const opened = await open();
    rmSync(join(path, "library.sqlite"));
    await expect(opened.add(noteDraft("lost"))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("was deleted or replaced while it was open"),
    });
    await opened.close();
    await using again = await open();
    // Whoever recorded runs of it knows that there was more.
    expect(await again.list()).toStrictEqual([]);
  });
});

test("a clock that jumps changes the times that are told, and the order of nothing", async () => {
  const day = 86_400_000;
  let offsetMs = 0;
  let monotonic = 0;
  const clock = {
    now: () => Date.now() + offsetMs,
    monotonicMs: () => performance.now() + monotonic,
  };
  await using library = await openLibrary({ path, clock, sandbox: { workers: 1 } });
  const texts: string[] = [];
  for (const [at, jump] of [0, -day, 30 * day, -400 * day, 0].entries()) {
    offsetMs = jump;
    texts.push(`text ${at}`);
    await library.add(noteDraft("note", `text ${at}`), { expectedVersion: at });
    expect((await library.get("note"))?.instructions).toBe(`text ${at}`);
    expect((await library.search("note")).matches[0]).toMatchObject({ version: at + 1 });
  }
  const history = await library.getVersionHistory("note");
  expect(history.map(({ instructions }) => instructions)).toStrictEqual(texts);
  expect(history.map(({ revision }) => revision)).toStrictEqual([1, 2, 3, 4, 5]);
  expect(history[1]!.createdAt < history[0]!.createdAt).toBe(true);
  expect((await library.get("note", { asOf: 2 }))?.instructions).toBe("text 1");
  await library.add(skillDraft("echo"));
  for (const jump of [day, -day, 0]) {
    offsetMs = jump;
    expect(await library.execute("echo", { n: 1 })).toMatchObject({ status: "ok" });
  }
  const runs = await library.listRuns();
  expect(runs.map(({ startedAt }) => startedAt)).not.toStrictEqual(
    runs
      .map(({ startedAt }) => startedAt)
      .toSorted()
      .toReversed(),
  );
  // What is remembered ages by the clock that never jumps.
  const { hits } = library.cache.stats;
  offsetMs = 30 * day;
  await library.get("note");
  expect(library.cache.stats.hits).toBe(hits + 1);
  monotonic = 2 * 3_600_000;
  await library.get("note");
  expect(library.cache.stats.hits).toBe(hits + 1);
  expect(await library.check()).toMatchObject({ ok: true });
});

test("a suspended process that wakes late sees what was written meanwhile, and overwrites none of it", async () => {
  await using library = await open();
  await library.add(noteDraft("shared", "first"));
  const child: ChildProcess = fork(PROGRAM, [path, "serve"], { execArgv: [] });
  try {
    await once(child, "message");
    const ask = async (...[method, ...args]: [LibraryCall["method"], ...unknown[]]) => {
      const answered = once(child, "message");
      child.send({ method, args } satisfies LibraryCall);
      const [answer] = (await answered) as [LibraryAnswer];
      return answer.ok ? answer.value : answer.code;
    };
    expect(await ask("get", "shared")).toMatchObject({ version: 1 });
    child.kill("SIGSTOP");
    await library.add(noteDraft("shared", "second"), { expectedVersion: 1 });
    const late = ask("add", noteDraft("shared", "late"), { expectedVersion: 1 });
    child.kill("SIGCONT");
    expect(await late).toBe("VERSION_CONFLICT");
    expect(await ask("get", "shared")).toMatchObject({ version: 2, instructions: "second" });
    expect(await library.check()).toMatchObject({ ok: true });
  } finally {
    child.kill("SIGKILL");
  }
});
