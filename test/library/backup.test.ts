import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openLibrary } from "../../src/library/open-library.ts";
import type { SkillLibrary } from "../../src/library/skill-library.ts";
import type { BackupProgress } from "../../src/store/library-files.ts";
import { restoreLibrary } from "../../src/store/sqlite/maintenance/restore-library.ts";
import { canMount, smallDisk } from "../../src/store/testing-fixtures/small-disk.ts";
import { temporaryDirectory } from "../../src/store/testing-fixtures/temporary-directory.ts";
import type { CrashMessage } from "../support/crash-process.ts";
import { noteDraft, skillDraft } from "../support/skill-draft.ts";

const PROGRAM = fileURLToPath(new URL("../support/crash-process.ts", import.meta.url));

// Whole libraries with threads and processes of their own, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

let temporary: ReturnType<typeof temporaryDirectory>;
let path: string;
let library: SkillLibrary;
let children: ChildProcess[];

const at = (name: string): string => join(temporary.path, name);
const open = (where: string): Promise<SkillLibrary> =>
  openLibrary({ path: where, sandbox: { workers: 1 } });

beforeEach(async () => {
  children = [];
  temporary = temporaryDirectory();
  path = at("library");
  library = await open(path);
  await library.add(skillDraft("echo"));
  await library.add(noteDraft("note"));
  await library.add(noteDraft("note", "two"), { expectedVersion: 1 });
  await library.execute("echo", { n: 1 }, { query: "say it again" });
});

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await library.close();
  temporary.remove();
});

async function expectWhole(where: string): Promise<void> {
  await using restored = await open(where);
  expect(await restored.check()).toMatchObject({ ok: true, revision: 3, skills: 2, versions: 3 });
  expect((await restored.get("note"))?.instructions).toBe("two");
  expect((await restored.get("echo"))?.metrics.uses).toBe(1);
  expect((await restored.search("echo")).matches[0]).toMatchObject({ id: "echo" });
  expect((await restored.learned.list()).map(({ query }) => query)).toStrictEqual(["say it again"]);
}

test.each(["copy", "copy.tar", "copy.tar.gz", "copy.tgz"])(
  "what is backed up as %s is restored as it was",
  async (name) => {
    const seen: BackupProgress[] = [];
    const onProgress = (progress: BackupProgress): void => void seen.push(progress);
    const result = await library.backup(at(name), { onProgress });
    expect(result).toStrictEqual({
      path: at(name),
      revision: 3,
      skills: 2,
      versions: 3,
      runs: 1,
      bytes: expect.any(Number),
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(seen.at(-1)?.fraction).toBe(1);
    const fractions = seen.map(({ fraction }) => fraction);
    expect(fractions).toStrictEqual(fractions.toSorted((one, other) => one - other));
    expect(readdirSync(temporary.path).toSorted()).toStrictEqual([name, "library"].toSorted());
    const restored = await restoreLibrary(at(name), { path: at("restored") });
    const { bytes: _, ...counts } = result;
    expect(restored).toStrictEqual({ ...counts, path: at("restored") });
    expect(readdirSync(at("restored")).toSorted()).toStrictEqual(["library.sqlite", "runs.sqlite"]);
    await expectWhole(at("restored"));
  },
);

test("three processes write during a backup: it holds all they were told is stored before it", async () => {
  const acknowledged = new Map<string, number>();
  const told = Promise.withResolvers<void>();
  for (const id of ["left", "middle", "right"]) {
    const child = fork(PROGRAM, [path, "write", id], { execArgv: [] });
    children.push(child);
    child.on("message", (message: CrashMessage) => {
      if (message.kind !== "version") return;
      acknowledged.set(message.id, message.version);
      if (acknowledged.size === 3 && [...acknowledged.values()].every((n) => n > 2)) told.resolve();
    });
  }
  await told.promise;
  for (const name of ["first", "second"]) {
    const before = new Map(acknowledged);
    const { revision } = await library.backup(at(name));
    const after = new Map(acknowledged);
    await restoreLibrary(at(name), { path: at(`${name}-restored`) });
    await using restored = await open(at(`${name}-restored`));
    expect(await restored.check()).toMatchObject({ ok: true, revision });
    for (const [id, version] of before) {
      const found = (await restored.get(id))?.version ?? 0;
      expect(found).toBeGreaterThanOrEqual(version);
      // One more may have been stored and not told yet.
      expect(found).toBeLessThanOrEqual((after.get(id) ?? 0) + 1);
    }
  }
  for (const child of children) expect(child.exitCode).toBeNull();
  for (const child of children) child.kill("SIGKILL");
  expect(await library.check()).toMatchObject({ ok: true });
}, 120_000);

describe("where something is already", () => {
  test("a backup takes no other's place, unless it is told to replace a backup", async () => {
    for (const name of ["copy", "copy.tar"]) {
      await library.backup(at(name));
      await expect(library.backup(at(name))).rejects.toMatchObject({
        code: "INVALID_INPUT",
        message: `There is something at ${at(name)} already; name another path, or replace the backup that is there with force`,
      });
    }
    await library.add(noteDraft("third"));
    for (const name of ["copy", "copy.tar"]) {
      expect(await library.backup(at(name), { force: true })).toMatchObject({ skills: 3 });
      expect(await restoreLibrary(at(name), { path: at(`${name}-restored`) })).toMatchObject({
        skills: 3,
      });
    }
  });

  test("nothing but a backup is replaced, by force either", async () => {
    mkdirSync(at("precious"));
    writeFileSync(at("precious/data"), "mine");
    for (const target of [at("precious"), path])
      await expect(library.backup(target, { force: true })).rejects.toMatchObject({
        code: "INVALID_INPUT",
        message: expect.stringContaining("to be a backup that"),
      });
    writeFileSync(at("file"), "mine");
    await expect(library.backup(at("file"), { force: true })).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("but it is a file"),
    });
    expect(readFileSync(at("precious/data"), "utf8")).toBe("mine");
  });

  test("a library takes the place of another by force alone, and keeps it beside", async () => {
    await library.backup(at("copy"));
    await library.add(noteDraft("later"));
    await library.close();
    await expect(restoreLibrary(at("copy"), { path })).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: `There is a library at ${path} already (library.sqlite); name another directory, or replace it with force`,
    });
    const { former } = await restoreLibrary(at("copy"), { path, force: true });
    await expectWhole(path);
    await using kept = await open(former as string);
    expect((await kept.get("later"))?.version).toBe(1);
  });

  test("a library that any process has open is not replaced", async () => {
    await library.backup(at("copy"));
    const refused = {
      code: "STORE_UNAVAILABLE",
      message: `Cannot replace ${join(path, "library.sqlite")}: another program has the library open; stop every program that uses it and retry`,
    };
    await expect(restoreLibrary(at("copy"), { path, force: true })).rejects.toMatchObject(refused);
    await library.close();
    const child = fork(PROGRAM, [path, "idle"], { execArgv: [] });
    children.push(child);
    await once(child, "message");
    // One that is suspended has it open as well.
    child.kill("SIGSTOP");
    await expect(restoreLibrary(at("copy"), { path, force: true })).rejects.toMatchObject(refused);
    child.kill("SIGKILL");
    await once(child, "exit");
    await restoreLibrary(at("copy"), { path, force: true });
    await expectWhole(path);
  });

  test("a damaged library is replaced, and what is left of it kept", async () => {
    await library.backup(at("copy"));
    await library.close();
    writeFileSync(join(path, "library.sqlite"), "garbage ".repeat(1000));
    const { former } = await restoreLibrary(at("copy"), { path, force: true });
    expect(readFileSync(join(former as string, "library.sqlite"), "utf8")).toContain("garbage");
    await expectWhole(path);
  });

  test("the index of the library that was replaced is not that of the restored one", async () => {
    await library.backup(at("copy"));
    await library.add(noteDraft("other"));
    await library.add(noteDraft("another"));
    await library.search("other");
    await library.close();
    await restoreLibrary(at("copy"), { path, force: true });
    await using restored = await open(path);
    // As many changes as the index has seen, and others.
    await restored.add(noteDraft("new"));
    await restored.add(noteDraft("newer"));
    const found = (await restored.search("another newer")).matches.map(({ id }) => id);
    expect(found).toContain("newer");
    expect(found).not.toContain("another");
    expect(await restored.check()).toMatchObject({ ok: true });
  });
});

describe("a backup that is not whole", () => {
  test.each([
    ["cut short", (copy: string) => writeFileSync(copy, readFileSync(copy).subarray(0, 9000))],
    ["longer", (copy: string) => appendFileSync(copy, "x")],
    [
      "altered in one byte",
      (copy: string) => {
        const bytes = readFileSync(copy);
        bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
        writeFileSync(copy, bytes);
      },
    ],
    ["missing", (copy: string) => rmSync(copy)],
  ])("is refused when a file is %s, and nothing is restored", async (_what, damage) => {
    await library.backup(at("copy"));
    damage(at("copy/library.sqlite"));
    await expect(restoreLibrary(at("copy"), { path: at("restored") })).rejects.toMatchObject({
      code: expect.stringMatching(/^STORE_(CORRUPT|UNAVAILABLE)$/),
      message: expect.stringContaining("library.sqlite"),
    });
    expect(existsSync(at("restored/library.sqlite"))).toBe(false);
  });

  test.each(["copy.tar", "copy.tar.gz"])("is refused as %s, cut short or altered", async (name) => {
    await library.backup(at(name));
    const bytes = readFileSync(at(name));
    const altered = Buffer.from(bytes);
    altered[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    for (const content of [bytes.subarray(0, bytes.length >> 1), altered, Buffer.from("no")]) {
      writeFileSync(at(name), content);
      await expect(restoreLibrary(at(name), { path: at("restored") })).rejects.toMatchObject({
        code: expect.stringMatching(/^(STORE_CORRUPT|INVALID_INPUT)$/),
      });
    }
    expect(existsSync(at("restored/library.sqlite"))).toBe(false);
  });

  test("is not what any file or directory is", async () => {
    mkdirSync(at("empty"));
    writeFileSync(at("file"), "x".repeat(2000));
    for (const what of ["empty", "file", "missing", "library"])
      await expect(restoreLibrary(at(what), { path: at("restored") })).rejects.toMatchObject({
        code: expect.stringMatching(/^(STORE_CORRUPT|INVALID_INPUT)$/),
        message: expect.stringContaining(at(what)),
      });
  });
});

describe("a backup that can not be written", () => {
  test("leaves nothing when it is cancelled, or the library is closed", async () => {
    const stop = new AbortController();
    const onProgress = (): void => stop.abort();
    const options = { signal: stop.signal, onProgress };
    await expect(library.backup(at("copy"), options)).rejects.toMatchObject({ code: "CANCELLED" });
    expect(readdirSync(temporary.path)).toStrictEqual(["library"]);
    let closing: Promise<void> | undefined;
    const backup = library.backup(at("copy"), {
      onProgress: () => {
        closing ??= library.close();
      },
    });
    await expect(backup).rejects.toMatchObject({ code: "CLOSED" });
    await closing;
    expect(readdirSync(temporary.path)).toStrictEqual(["library"]);
  });

  test.runIf(canMount())("leaves nothing on a disk that is full", async () => {
    const disk = smallDisk(at("disk"));
    try {
      await library.add(noteDraft("large", "x".repeat(1_000_000)));
      for (const name of ["copy", "copy.tar"]) {
        await expect(library.backup(at(`disk/${name}`))).rejects.toMatchObject({
          code: "STORE_UNAVAILABLE",
          message: expect.stringContaining("the disk is full"),
        });
        expect(readdirSync(at("disk"))).toStrictEqual([]);
      }
      disk.remount("size=16m");
      expect(await library.backup(at("disk/copy"))).toMatchObject({ skills: 3 });
    } finally {
      disk.unmount();
    }
  });

  test("is refused with its reason where it can not be", async () => {
    await expect(library.backup("")).rejects.toMatchObject({ code: "INVALID_INPUT" });
    await expect(library.backup(at("missing/copy"))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("check that its directory exists"),
    });
    const options = { overwrite: true } as object;
    await expect(library.backup(at("copy"), options)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("overwrite"),
    });
  });

  test("is removed with the next one of its name when a killed process has left it", async () => {
    const child = fork(PROGRAM, [path, "idle"], { execArgv: [] });
    children.push(child);
    await once(child, "message");
    const abandoned = at(`copy.partial-${child.pid}-0a1b2c3d`);
    mkdirSync(abandoned);
    await library.backup(at("copy"));
    expect(existsSync(abandoned)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    await library.backup(at("copy"), { force: true });
    expect(existsSync(abandoned)).toBe(false);
  });
});
