/** What happens to a store whose files somebody takes away, cuts short or exchanges while it is open. */
import { fork } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newVersion } from "../testing-fixtures/new-version.ts";
import { temporaryDirectory } from "../testing-fixtures/temporary-directory.ts";
import type { StoreTask } from "../testing-fixtures/store-process.ts";
import type { SkillStore } from "../skill-store.ts";
import { checkSkillsFile } from "./maintenance/check-skills.ts";
import { holdAlone } from "./maintenance/hold-alone.ts";
import { sqliteSkillStore } from "./sqlite-skill-store.ts";

const PROGRAM = fileURLToPath(new URL("../testing-fixtures/store-process.ts", import.meta.url));

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;
let store: SkillStore;
let nowMs = 0;
const clock = { now: () => Date.now(), monotonicMs: () => nowMs };

beforeEach(async () => {
  directory = temporaryDirectory();
  path = join(directory.path, "library.sqlite");
  store = await sqliteSkillStore({ path, clock });
  await store.append(newVersion("echo"));
});

afterEach(async () => {
  await store.close();
  directory.remove();
});

async function expectReopened(ids: readonly string[]): Promise<void> {
  await store.close();
  expect(checkSkillsFile({ path }).problems).toStrictEqual([]);
  store = await sqliteSkillStore({ path });
  expect((await store.list({ limit: 10 })).map(({ id }) => id)).toStrictEqual(ids);
}

describe("while it is open", () => {
  test.each(["-wal", "-shm"])(
    "without its %s it takes no write and answers no read, and closing saves what was acknowledged",
    async (suffix) => {
      await store.append(newVersion("second"));
      rmSync(`${path}${suffix}`);
      const refused = {
        code: "STORE_UNAVAILABLE",
        message: `Cannot use ${path}: ${path}${suffix} was deleted or replaced while it was open; close the library in every process, which saves what it holds, and open it again`,
      };
      await expect(store.append(newVersion("third"))).rejects.toMatchObject(refused);
      nowMs += 100;
      await expect(store.find("echo")).rejects.toMatchObject(refused);
      await expectReopened(["echo", "second"]);
    },
  );

  test("with its log put back it goes on", async () => {
    renameSync(`${path}-wal`, `${path}-moved`);
    await expect(store.append(newVersion("second"))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
    });
    renameSync(`${path}-moved`, `${path}-wal`);
    expect(await store.append(newVersion("second"))).toMatchObject({ revision: 2 });
    await expectReopened(["echo", "second"]);
  });

  test("a file that was cut short is damaged, and never written again", async () => {
    const other = await sqliteSkillStore({ path, clock });
    for (let index = 0; index < 5; index++)
      await other.append(newVersion(`skill-${index}`, { code: "x".repeat(50_000) + index }));
    // Closing a connection writes its log into the file.
    await other.close();
    expect(await store.find("echo")).toBeDefined();
    nowMs += 100;
    expect(await store.find("skill-1")).toBeDefined();
    truncateSync(path, 8192);
    const damaged = {
      code: "STORE_CORRUPT",
      message: expect.stringMatching(
        /library\.sqlite: the file was cut short while it was open, from \d+ to 8192 bytes; close/,
      ),
      details: { path },
    };
    await expect(store.append(newVersion("late"))).rejects.toMatchObject(damaged);
    nowMs += 100;
    await expect(store.find("echo")).rejects.toMatchObject(damaged);
  });

  test.each([0, 5000])(
    "with its log cut short to %d bytes it takes no write, and answers no read",
    async (bytes) => {
      // What is in the file itself, and not in the log alone.
      await store.close();
      store = await sqliteSkillStore({ path, clock });
      await store.append(newVersion("second"));
      truncateSync(`${path}-wal`, bytes);
      const refused = {
        code: "STORE_CORRUPT",
        message: expect.stringMatching(/library\.sqlite-wal was cut short while it was open, from/),
      };
      await expect(store.append(newVersion("third"))).rejects.toMatchObject(refused);
      nowMs += 100;
      await expect(store.find("echo")).rejects.toMatchObject(refused);
      if (bytes > 0) return;
      // As it was before what the log held.
      await expectReopened(["echo"]);
      await store.append(newVersion("third"));
      await expectReopened(["echo", "third"]);
    },
  );

  test("one that gave up waiting for a file that is exchanged opens the new one", async () => {
    await store.append(newVersion("old"));
    await store.close();
    copyFileSync(path, `${path}.next`);
    const next = await sqliteSkillStore({ path: `${path}.next` });
    await next.append(newVersion("new"));
    await next.close();
    const held = holdAlone(path);
    const opening = sqliteSkillStore({ path });
    renameSync(`${path}.next`, path);
    held.release();
    store = await opening;
    expect(await store.find("new")).toMatchObject({ version: 1 });
    await store.append(newVersion("newer"));
    await expectReopened(["echo", "new", "newer", "old"]);
  });
});

describe("before it is opened", () => {
  beforeEach(() => store.close());

  test("a log that is garbage is not taken for one", async () => {
    writeFileSync(`${path}-wal`, "garbage ".repeat(10_000));
    await expectReopened(["echo"]);
  });

  test("the index of a log that is garbage is made anew", async () => {
    writeFileSync(`${path}-shm`, Buffer.alloc(32_768, 0xa5));
    await expectReopened(["echo"]);
  });

  test("a file that was cut short is damaged, and is left as it is", async () => {
    truncateSync(path, 8192);
    await expect(
      sqliteSkillStore({ path }).then((opened) =>
        opened.find("echo").finally(() => opened.close()),
      ),
    ).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(existsSync(path)).toBe(true);
  });

  test("a file that was emptied, or that is gone, is a library without skills", async () => {
    truncateSync(path, 0);
    await expectReopened([]);
    await store.close();
    rmSync(path);
    store = await sqliteSkillStore({ path });
    expect(await store.revision()).toBe(0);
  });
});

test("a process suspended in the middle of a write holds up writers alone, and overwrites nothing later", async () => {
  const task: StoreTask = { kind: "hold", path, id: "shared" };
  const child = fork(PROGRAM, [JSON.stringify(task)], { execArgv: [] });
  try {
    await once(child, "message");
    child.kill("SIGSTOP");
    const hurried = await sqliteSkillStore({ path, busyMs: 50 });
    await expect(hurried.append(newVersion("shared", { name: "mine" }))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("another process kept it locked for 50 ms"),
    });
    expect(await hurried.find("echo")).toMatchObject({ version: 1 });
    await hurried.close();
    const patient = await sqliteSkillStore({ path });
    const waiting = patient.append(newVersion("shared", { name: "mine" }));
    const done = once(child, "message");
    child.kill("SIGCONT");
    child.send("go");
    const [outcome, [message]] = await Promise.all([
      waiting.catch((error: unknown) => error),
      done,
    ]);
    // Whoever came second is told, and one of the two is there.
    const theirs = (message as { commits: number }).commits === 1;
    const found = await patient.find("shared");
    expect(found).toMatchObject({ version: 1, name: theirs ? "late" : "mine" });
    expect(outcome).toMatchObject(theirs ? { code: "VERSION_CONFLICT" } : { version: 1 });
    await patient.close();
  } finally {
    child.kill("SIGKILL");
  }
});

test.skipIf(process.platform === "win32")(
  "permissions that are lost while it is open are missed by whoever opens it next, until they are back",
  async () => {
    await store.close();
    const nobody = process.getuid?.() === 0 ? 65_534 : process.getuid?.();
    chownSync(directory.path, nobody as number, process.getgid?.() as number);
    chownSync(path, nobody as number, process.getgid?.() as number);
    const permit = (mode: number): void => {
      for (const name of readdirSync(directory.path))
        chmodSync(join(directory.path, name), mode & 0o666);
      chmodSync(directory.path, mode);
    };
    const task: StoreTask = { kind: "unprivileged", path };
    const child = fork(PROGRAM, [JSON.stringify(task)], { execArgv: [] });
    const tried = async (): Promise<unknown> => {
      const told = once(child, "message");
      child.send("try");
      return (await told)[0];
    };
    try {
      await once(child, "message");
      expect(await tried()).toStrictEqual({ kind: "tried", appended: "ok", opened: "ok" });
      permit(0o555);
      expect(await tried()).toStrictEqual({
        kind: "tried",
        appended: "ok",
        opened: expect.stringMatching(
          /library\.sqlite: .*; make the file and its directory writable and retry$/,
        ),
      });
      permit(0o755);
      expect(await tried()).toStrictEqual({ kind: "tried", appended: "ok", opened: "ok" });
    } finally {
      child.kill("SIGKILL");
    }
    if (nobody === 65_534)
      for (const name of readdirSync(directory.path)) chownSync(join(directory.path, name), 0, 0);
    store = await sqliteSkillStore({ path });
    expect(await store.find("echo")).toMatchObject({ version: 4 });
    await expectReopened(["echo", "other"]);
  },
);
