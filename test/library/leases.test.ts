import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sqliteLocks } from "../../src/lock/sqlite/sqlite-locks.ts";
import type { SkillStore } from "../../src/store/skill-store.ts";
import { sqliteSkillStore } from "../../src/store/sqlite/sqlite-skill-store.ts";
import { newVersion } from "../../src/store/testing-fixtures/new-version.ts";
import type { LeaseMessage } from "../support/lease-process.ts";

const PROGRAM = fileURLToPath(new URL("../support/lease-process.ts", import.meta.url));

let directory: string;
let path: string;
let children: ChildProcess[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "repertoire-leases-"));
  path = join(directory, "library.sqlite");
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

function start(task: string, onMessage: (message: LeaseMessage) => void = () => {}): ChildProcess {
  const child = fork(PROGRAM, [path, task], { execArgv: [] });
  child.on("message", (message) => onMessage(message as LeaseMessage));
  children.push(child);
  return child;
}

async function message(child: ChildProcess, kind: LeaseMessage["kind"]): Promise<LeaseMessage> {
  for (;;) {
    const [told] = (await once(child, "message")) as [LeaseMessage];
    if (told.kind === kind) return told;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Writes in the order they were made, by the tokens they were guarded with. */
async function tokensWritten(store: SkillStore): Promise<readonly bigint[]> {
  const history = await store.history("hot");
  return history.map(({ metadata }) => BigInt(metadata["token"] as string));
}

test("a holder that was suspended past its time wakes up without its lease, and can not write", async () => {
  const store = await sqliteSkillStore({ path, durability: "normal" });
  const locks = await sqliteLocks({ path });
  const child = start("hold-and-write");
  const holding = (await message(child, "holding")) as { readonly token: string };
  child.kill("SIGSTOP");
  const lease = await locks.acquire("hot", { waitMs: 20_000 });
  expect(lease.token).toBeGreaterThan(BigInt(holding.token));
  const metadata = { token: String(lease.token) };
  const item = newVersion("hot", { metadata });
  await store.append({ ...item, guard: { lease } });
  child.kill("SIGCONT");
  const refused = message(child, "refused");
  child.send("write");
  expect(await refused).toEqual({ kind: "refused", code: "LEASE_LOST", isHeld: false });
  expect(await tokensWritten(store)).toEqual([lease.token]);
  await locks.close();
  await store.close();
});

test("its write is refused also when nobody else has taken the lock meanwhile", async () => {
  const store = await sqliteSkillStore({ path, durability: "normal" });
  const locks = await sqliteLocks({ path });
  const child = start("hold-and-write");
  await message(child, "holding");
  child.kill("SIGSTOP");
  await expect.poll(() => locks.holders("hot"), { timeout: 20_000 }).toEqual([]);
  child.kill("SIGCONT");
  const refused = message(child, "refused");
  child.send("write");
  expect(await refused).toEqual({ kind: "refused", code: "LEASE_LOST", isHeld: false });
  expect(await store.history("hot")).toEqual([]);
  await locks.close();
  await store.close();
});

test("writes under leases never interleave, whoever is killed or suspended, and when", async () => {
  const store = await sqliteSkillStore({ path, durability: "normal" });
  const locks = await sqliteLocks({ path });
  const acknowledged = new Map<number, string>();
  const note = (told: LeaseMessage): void => {
    if (told.kind === "wrote") acknowledged.set(told.version, told.token);
  };
  const writers = Array.from({ length: 4 }, () => start("write-for-ever", note));
  await expect.poll(() => acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(20);
  for (let round = 0; round < 8; round++) {
    await pause(Math.random() * 60);
    const [holder] = await locks.holders("hot");
    const holding = writers.findIndex(({ pid }) => holder?.by === `process ${pid}`);
    const random = Math.floor(Math.random() * writers.length);
    const at = round % 2 === 0 && holding >= 0 ? holding : random;
    const chosen = writers[at] as ChildProcess;
    const before = acknowledged.size;
    if (round % 4 === 3) {
      chosen.kill("SIGKILL");
      writers[at] = start("write-for-ever", note);
    } else {
      chosen.kill("SIGSTOP");
      await pause(300 + Math.random() * 700);
      chosen.kill("SIGCONT");
    }
    await expect.poll(() => acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(before);
  }
  const ended = children
    .filter((child) => child.signalCode === null)
    .map((child) => once(child, "exit"));
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(ended);
  const tokens = await tokensWritten(store);
  expect(tokens).toEqual([...tokens].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
  const history = await store.history("hot");
  const writerOf = new Map<unknown, unknown>();
  for (const { version, metadata } of history) {
    expect(writerOf.get(metadata["token"]) ?? metadata["writer"]).toBe(metadata["writer"]);
    writerOf.set(metadata["token"], metadata["writer"]);
    const told = acknowledged.get(version);
    if (told !== undefined) expect(metadata["token"]).toBe(told);
  }
  expect(Math.max(...acknowledged.keys())).toBeLessThanOrEqual(history.length);
  await locks.close();
  await store.close();
});

test("processes that want the same lock get it about as often", async () => {
  const counts: number[] = [];
  const takers = Array.from({ length: 4 }, () =>
    start("take-turns", (told) => {
      if (told.kind === "took") counts.push(told.count);
    }),
  );
  await Promise.all(takers.map((child) => message(child, "ready")));
  for (const child of takers) child.send("go");
  await pause(2_000);
  const ended = takers.map((child) => once(child, "exit"));
  for (const child of takers) child.send("stop");
  await Promise.all(ended);
  expect(counts).toHaveLength(4);
  expect(Math.max(...counts) / Math.min(...counts)).toBeLessThanOrEqual(2);
});
