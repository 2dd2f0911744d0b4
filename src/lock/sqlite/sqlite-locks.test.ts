import { mkdtempSync, renameSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import * as vitest from "vitest";
import { declareContract } from "../../testing/contract/run-contract.ts";
import { lockContract } from "../lock-driver.contract.ts";
import type { Lease, LockDriver } from "../lock-driver.ts";
import { sqliteLocks } from "./sqlite-locks.ts";
import type { SqliteLocksOptions } from "./sqlite-locks.ts";

const PATIENT_MS = 5_000;

let directory: string;
let path: string;
let opened: LockDriver[];
let files = 0;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "repertoire-locks-"));
});

beforeEach(() => {
  path = join(directory, `${++files}.sqlite`);
  opened = [];
});

afterEach(async () => {
  for (const locks of opened) await locks.close();
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

declareContract(
  lockContract("SQLite", () => sqliteLocks({ path })),
  vitest,
);

/** Each has a connection of its own, as another process would have. */
async function open(options: Omit<SqliteLocksOptions, "path"> = {}): Promise<LockDriver> {
  const locks = await sqliteLocks({ path, ...options });
  opened.push(locks);
  return locks;
}

const failureOf = (doing: Promise<unknown>): Promise<unknown> =>
  doing.then(
    () => "done",
    (error: unknown) => error,
  );

function rows(): readonly unknown[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database.prepare("SELECT key, token IS NULL AS waits FROM locks").all();
  } finally {
    database.close();
  }
}

test("what one holds is held for all who use the file", async () => {
  const [first, second] = [await open(), await open()];
  const lease = await first.acquire("k", { by: "first" });
  expect(await failureOf(second.acquire("k", { waitMs: 0 }))).toMatchObject({
    code: "LOCK_TIMEOUT",
    details: { holders: [{ by: "first" }] },
  });
  const next = second.acquire("k", { waitMs: PATIENT_MS });
  await lease.release();
  expect((await next).token).toBeGreaterThan(lease.token);
});

test("those who wait are served in the order they came, whichever connection they use", async () => {
  const drivers = [await open(), await open(), await open()];
  const held = await (drivers[0] as LockDriver).acquire("k");
  const order: number[] = [];
  const visits: Promise<void>[] = [];
  for (let who = 0; who < 12; who++) {
    const locks = drivers[(who * 7) % 3] as LockDriver;
    const mode = who % 5 === 0 ? "read" : "write";
    visits.push(
      locks.acquire("k", { mode, waitMs: PATIENT_MS }).then((lease) => {
        order.push(who);
        return lease.release();
      }),
    );
    await vi.waitFor(() => expect(rows()).toHaveLength(who + 2), { timeout: PATIENT_MS });
  }
  await held.release();
  await Promise.all(visits);
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(rows()).toEqual([]);
});

test("a token is greater than all before, after a release, a reopening and a restart of the machine", async () => {
  const tokens: bigint[] = [];
  for (const bootId of ["a", "a", "b", "b", "a"]) {
    const locks = await open({ machineClock: { nowMs: () => 5, bootId } });
    for (let count = 0; count < 3; count++) {
      await using lease = await locks.acquire("k");
      tokens.push(lease.token);
    }
    await locks.close();
  }
  expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => (a < b ? -1 : 1)));
  expect(tokens).toHaveLength(15);
});

test("leases and waiters of before a restart of the machine are gone", async () => {
  const before = await open({ machineClock: { nowMs: () => 90_000, bootId: "before" } });
  const lease = await before.acquire("k", { ttlMs: 60_000 });
  const after = await open({ machineClock: { nowMs: () => 1, bootId: "after" } });
  expect((await after.acquire("k", { waitMs: 0 })).token).toBeGreaterThan(lease.token);
});

test("where the system does not name its start, a lease from the future is of an earlier one", async () => {
  const before = await open({ machineClock: { nowMs: () => 90_000, bootId: "" } });
  const lease = await before.acquire("k", { ttlMs: 60_000 });
  const after = await open({ machineClock: { nowMs: () => 1_000, bootId: "" } });
  expect(await after.holders("k")).toEqual([]);
  expect((await after.acquire("k", { waitMs: 0 })).token).toBeGreaterThan(lease.token);
});

test("setting the time of day ends no lease and prolongs none", async () => {
  let timeOfDay = Date.now();
  const clock = { now: () => timeOfDay, monotonicMs: () => performance.now() };
  const locks = await open({ clock });
  const other = await open({ clock });
  const long = await locks.acquire("long", { ttlMs: 60_000 });
  const short = await locks.acquire("short", { ttlMs: 100 });
  timeOfDay += 365 * 86_400_000;
  expect(long.held()).toBe(true);
  expect(await failureOf(other.acquire("long", { waitMs: 0 }))).toMatchObject({
    code: "LOCK_TIMEOUT",
  });
  timeOfDay -= 2 * 365 * 86_400_000;
  expect((await other.acquire("short", { waitMs: PATIENT_MS })).held()).toBe(true);
  expect(short.held()).toBe(false);
  expect(long.held()).toBe(true);
});

test("a waiter that shows no life is passed over", async () => {
  let nowMs = 1_000;
  const locks = await open({ machineClock: { nowMs: () => nowMs, bootId: "b" } });
  const held = await locks.acquire("k", { ttlMs: 1e9 });
  const database = new DatabaseSync(path);
  database.exec(`INSERT INTO locks VALUES (0, 'k', 'write', NULL, 1000, 3000, '{"by":"killed"}')`);
  database.close();
  const next = locks.acquire("k", { ttlMs: 1e9, waitMs: 60_000 });
  await held.release();
  const waited = new Promise((resolve) => setTimeout(resolve, 50, "waits"));
  expect(await Promise.race([next, waited])).toBe("waits");
  nowMs = 3_000;
  expect((await next).held()).toBe(true);
});

test("a waiter that was passed over while it was suspended has its old place again", async () => {
  let nowMs = 1_000;
  const machineClock = { nowMs: () => nowMs, bootId: "b" };
  const [first, second] = [await open({ machineClock }), await open({ machineClock })];
  const held = await first.acquire("k", { ttlMs: 1e9 });
  const order: string[] = [];
  const visit = async (locks: LockDriver, who: string): Promise<void> => {
    await using _ = await locks.acquire("k", { ttlMs: 1e9, waitMs: 60_000 });
    order.push(who);
  };
  const visits = [visit(first, "first")];
  await vi.waitFor(() => expect(rows()).toHaveLength(2), { timeout: PATIENT_MS });
  visits.push(visit(second, "second"));
  await vi.waitFor(() => expect(rows()).toHaveLength(3), { timeout: PATIENT_MS });
  const database = new DatabaseSync(path);
  database.exec(
    "DELETE FROM locks WHERE ticket = (SELECT min(ticket) FROM locks WHERE token IS NULL)",
  );
  database.close();
  expect(rows()).toHaveLength(2);
  nowMs += 500;
  await vi.waitFor(() => expect(rows()).toHaveLength(3), { timeout: PATIENT_MS });
  await held.release();
  await Promise.all(visits);
  expect(order).toEqual(["first", "second"]);
});

test("a holder learns that its lease was revoked by another process", async () => {
  const [holder, other] = [await open(), await open()];
  const lease = await holder.acquire("k", { ttlMs: 60_000 });
  const kept = await holder.acquire("kept", { ttlMs: 60_000 });
  const lost = new Promise((resolve) => lease.signal.addEventListener("abort", resolve));
  expect(await other.revoke("k")).toBe(1);
  await lost;
  expect(lease.signal.reason).toMatchObject({ code: "LEASE_LOST", details: { key: "k" } });
  expect(kept.held()).toBe(true);
  expect(holder.stats()).toMatchObject({ held: 1 });
});

test("a detached lease outlives its process, and another takes it up", async () => {
  const first = await open();
  const lease = await first.acquire("k", { by: "cli", note: "edits", ttlMs: 60_000 });
  lease.detach();
  await first.close();
  expect(lease.signal.aborted).toBe(false);
  const second = await open();
  expect(await second.holders("k")).toMatchObject([{ by: "cli", note: "edits" }]);
  const again = await second.resume("k", lease.token, 120_000);
  const [holder] = await second.holders("k");
  expect(holder?.remainingMs).toBeGreaterThan(60_000);
  await again.release();
  expect(rows()).toEqual([]);
});

test("closing leaves no row of its own, and those of others", async () => {
  const [locks, other] = [await open(), await open()];
  await other.acquire("theirs");
  await locks.acquire("a");
  const waits = failureOf(locks.acquire("theirs", { waitMs: 60_000 }));
  await vi.waitFor(() => expect(rows()).toHaveLength(3), { timeout: PATIENT_MS });
  await locks.close();
  expect(await waits).toMatchObject({ code: "CLOSED" });
  expect(rows()).toEqual([{ key: "theirs", waits: 0 }]);
});

test("everything under way when it is closed ends", async () => {
  const locks = await open();
  const held = await locks.acquire("a");
  const calls = [
    locks.acquire("a"),
    locks.acquire("b"),
    locks.resume("a", held.token, 5_000),
    held.renew(),
    held.release(),
    locks.revoke("c"),
  ].map((call) => failureOf(call as Promise<unknown>));
  await locks.close();
  for (const outcome of await Promise.all(calls))
    expect(["done", "CLOSED", "LEASE_LOST"]).toContain(
      outcome === "done" ? outcome : (outcome as { code: string }).code,
    );
  expect(rows()).toEqual([]);
  for (const call of [
    () => locks.acquire("a"),
    () => locks.resume("a", 1n),
    () => locks.revoke("a"),
  ])
    expect(await failureOf(call())).toMatchObject({ code: "CLOSED" });
});

test("locks in a file that was replaced are refused, because they would keep nobody out", async () => {
  const locks = await open();
  const lease = await locks.acquire("k");
  renameSync(path, `${path}.away`);
  const refusal = {
    code: "STORE_UNAVAILABLE",
    message: expect.stringContaining("was deleted or replaced"),
  };
  expect(await failureOf(locks.acquire("other"))).toMatchObject(refusal);
  expect(await failureOf(lease.renew())).toMatchObject(refusal);
  expect(await failureOf(lease.release())).toMatchObject(refusal);
  renameSync(`${path}.away`, path);
  expect(await failureOf(locks.acquire("other"))).toBe("done");
});

test("a file that is no database is refused by name", async () => {
  const directoryPath = join(directory, "none", "library.sqlite");
  expect(await failureOf(sqliteLocks({ path: directoryPath }))).toMatchObject({
    code: "STORE_UNAVAILABLE",
    message: expect.stringContaining(directoryPath),
  });
});

test("rows of leases that ran out do not pile up", async () => {
  let nowMs = 0;
  const locks = await open({ machineClock: { nowMs: () => nowMs, bootId: "b" } });
  const ended: Lease[] = [];
  for (let count = 0; count < 1_001; count++) {
    ended.push(await locks.acquire(`k${count}`, { ttlMs: 1 }));
    nowMs += 1;
  }
  expect(rows().length).toBeLessThan(10);
});

test("a wait ends in time although another process is in the middle of a write", async () => {
  const locks = await open();
  await locks.acquire("held");
  const waiting = locks.acquire("held", { waitMs: 300 });
  const stopping = new AbortController();
  const stopped = locks.acquire("held", { waitMs: 60_000, signal: stopping.signal });
  const outcomes = [failureOf(waiting), failureOf(stopped)];
  await vi.waitUntil(() => rows().length === 3);
  const other = new DatabaseSync(path, { timeout: 0 });
  try {
    other.exec("BEGIN IMMEDIATE");
    outcomes.push(failureOf(locks.acquire("free", { signal: stopping.signal })));
    outcomes.push(failureOf(locks.acquire("free", { waitMs: 0 })));
    setTimeout(() => stopping.abort(), 50);
    expect(await Promise.all(outcomes)).toMatchObject([
      { code: "LOCK_TIMEOUT", details: { holders: [{ by: `process ${process.pid}` }] } },
      { code: "CANCELLED" },
      { code: "CANCELLED" },
      { code: "LOCK_TIMEOUT", message: expect.stringContaining("in the middle of a write") },
    ]);
  } finally {
    // Only now, so that none of them can have waited for it.
    other.close();
  }
  expect((await locks.acquire("free", { waitMs: 0 })).held()).toBe(true);
});

test("a log that was cut short gives no lease", async () => {
  const locks = await open();
  await locks.acquire("kept");
  truncateSync(`${path}-wal`, 0);
  await expect(locks.acquire("another")).rejects.toMatchObject({
    code: "STORE_CORRUPT",
    message: expect.stringContaining(`${path}-wal was cut short while it was open`),
  });
});
