import fc from "fast-check";
import * as vitest from "vitest";
import { afterEach, expect, test, vi } from "vitest";
import { lockContract } from "./lock-driver.contract.ts";
import type { Lease } from "./lock-driver.ts";
import { memoryLocks } from "./memory-locks.ts";
import { declareContract } from "../testing/contract/run-contract.ts";

afterEach(() => {
  vi.useRealTimers();
});

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
}

declareContract(
  lockContract("memory", () => memoryLocks()),
  vitest,
);

test("a key costs nothing once nobody holds it and nobody waits for it", async () => {
  const locks = memoryLocks();
  const held = await locks.acquire("a");
  const caller = new AbortController();
  const waiter = locks.acquire("a", { signal: caller.signal }).catch(() => undefined);
  await locks.acquire("a", { waitMs: 0 }).catch(() => undefined);
  expect(locks.keyCount).toBe(1);
  caller.abort();
  await waiter;
  expect(locks.keyCount).toBe(1);
  await held.release();
  expect(locks.keyCount).toBe(0);
  await locks.acquire("b", { signal: AbortSignal.abort() }).catch(() => undefined);
  expect(locks.keyCount).toBe(0);
});

test("a key that somebody still waits for is kept, and stays one lock", async () => {
  const locks = memoryLocks();
  const first = await locks.acquire("a");
  const second = locks.acquire("a");
  const third = locks.acquire("a");
  await first.release();
  const refused = await locks.acquire("a", { waitMs: 0 }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "LOCK_TIMEOUT" });
  await (await second).release();
  expect(locks.keyCount).toBe(1);
  await (await third).release();
  expect(locks.keyCount).toBe(0);
});

test("a lease lasts its time to live and not a millisecond longer", async () => {
  fakeTimers();
  const locks = memoryLocks();
  const lease = await locks.acquire("skill:a", { ttlMs: 100 });
  await vi.advanceTimersByTimeAsync(99);
  expect(lease.signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(lease.signal.reason).toMatchObject({
    code: "LEASE_LOST",
    message:
      'The lease of lock "skill:a" ended before it was released, because its 100 ms passed; hold it for less time, renew it, or ask for a longer `ttlMs`',
    details: { key: "skill:a", mode: "write", token: String(lease.token), ttlMs: 100 },
  });
  expect(locks.keyCount).toBe(0);
});

test("the loser of a lease learns of it before the next one is let in", async () => {
  fakeTimers();
  const locks = memoryLocks();
  const log: string[] = [];
  const slow = await locks.acquire("a", { ttlMs: 100 });
  slow.signal.addEventListener("abort", () => {
    log.push("lost");
    void slow.release();
  });
  const next = locks.acquire("a").then((lease) => {
    log.push("granted");
    return lease;
  });
  await vi.advanceTimersByTimeAsync(100);
  await (await next).release();
  expect(log).toEqual(["lost", "granted"]);
  expect(locks.stats()).toMatchObject({ acquired: 2, held: 0 });
});

test("a signal first looked at after the lease was lost is aborted all the same", async () => {
  fakeTimers();
  const locks = memoryLocks();
  const lease = await locks.acquire("a", { ttlMs: 100 });
  await vi.advanceTimersByTimeAsync(100);
  expect(lease.signal).toBe(lease.signal);
  expect(lease.signal.reason).toMatchObject({ code: "LEASE_LOST" });
});

test("a lease lasts 30 seconds and a wait 10 seconds unless told otherwise", async () => {
  fakeTimers();
  const locks = memoryLocks();
  const held = await locks.acquire("a");
  const waiter = locks.acquire("a").catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(9_999);
  expect(locks.stats().waiting).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(await waiter).toMatchObject({
    code: "LOCK_TIMEOUT",
    message: expect.stringMatching(
      /^Could not take lock "a" within 10000 ms: it is held by "process \d+" until \d{4}-[^ ]+Z; hold it for less time or wait for longer$/,
    ),
  });
  await vi.advanceTimersByTimeAsync(19_999);
  expect(held.signal.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(held.signal.aborted).toBe(true);
});

test("tokens of a driver opened later are greater than those of an earlier one", async () => {
  let nowMs = 1_700_000_000_000;
  const clock = { now: () => nowMs, monotonicMs: () => 0 };
  const before = memoryLocks({ clock });
  const tokens: bigint[] = [];
  for (let count = 0; count < 100; count++) {
    await using lease = await before.acquire("a");
    tokens.push(lease.token);
  }
  nowMs += 1;
  await using later = await memoryLocks({ clock }).acquire("a");
  expect(tokens.every((token) => token < later.token)).toBe(true);
});

test("nothing granted while it is being closed survives it", async () => {
  const locks = memoryLocks();
  const failureOf = (acquiring: Promise<Lease>): Promise<unknown> =>
    acquiring.then(
      () => "granted",
      (error: unknown) => error,
    );
  const uncontended = failureOf(locks.acquire("a"));
  const held = await locks.acquire("b");
  const queued = failureOf(locks.acquire("b"));
  const passedOn = failureOf(locks.acquire("c"));
  void held.release();
  await locks.close();
  await settle();
  const outcomes = [await uncontended, await queued, await passedOn];
  expect(outcomes.map((outcome) => (outcome as { code?: string }).code ?? outcome)).toEqual([
    "granted",
    "CLOSED",
    "CLOSED",
  ]);
  expect(locks.stats()).toMatchObject({ held: 0, waiting: 0 });
  expect(locks.keyCount).toBe(0);
});

test("no timer is left behind", async () => {
  fakeTimers();
  const locks = memoryLocks();
  const first = await locks.acquire("a");
  const second = locks.acquire("a");
  await first.release();
  await (await second).release();
  expect(vi.getTimerCount()).toBe(0);
  await locks.acquire("b");
  const waiter = locks.acquire("b").catch(() => undefined);
  await locks.close();
  await waiter;
  expect(vi.getTimerCount()).toBe(0);
});

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("acquire" as const),
      key: fc.constantFrom("a", "b"),
      mode: fc.constantFrom("read" as const, "write" as const),
      ttlMs: fc.integer({ min: 1, max: 20 }),
      waitMs: fc.integer({ min: 0, max: 20 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("release" as const), pick: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("abort" as const), pick: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.integer({ min: 1, max: 10 }),
    }),
  },
);

test("leases that run never conflict, tokens grow, and nothing is left, for any schedule", async () => {
  fakeTimers();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const locks = memoryLocks();
      const callers: AbortController[] = [];
      const granted: Lease[] = [];
      const released = new Set<Lease>();
      let outcomes = 0;
      let asked = 0;

      const running = (): Lease[] =>
        granted.filter((lease) => !released.has(lease) && !lease.signal.aborted);

      for (const move of steps) {
        if (move.kind === "acquire") {
          const caller = new AbortController();
          callers.push(caller);
          asked += 1;
          const { key, mode, ttlMs, waitMs } = move;
          locks.acquire(key, { mode, ttlMs, waitMs, signal: caller.signal }).then(
            (lease) => {
              outcomes += 1;
              granted.push(lease);
            },
            () => {
              outcomes += 1;
            },
          );
        } else if (move.kind === "release") {
          const lease = granted[move.pick % Math.max(1, granted.length)];
          if (lease === undefined) continue;
          await lease.release();
          released.add(lease);
        } else if (move.kind === "abort") {
          callers[move.pick % Math.max(1, callers.length)]?.abort();
        } else {
          await vi.advanceTimersByTimeAsync(move.ms);
        }
        await vi.advanceTimersByTimeAsync(0);

        for (const key of ["a", "b"]) {
          const together = running().filter((lease) => lease.key === key);
          const writers = together.filter((lease) => lease.mode === "write");
          if (writers.length > 0) expect(together).toHaveLength(1);
        }
        expect(locks.stats()).toMatchObject({ held: running().length, waiting: asked - outcomes });
      }

      await vi.advanceTimersByTimeAsync(1_000);
      expect(outcomes).toBe(asked);
      expect(running()).toEqual([]);
      expect(locks.keyCount).toBe(0);
      const tokens = granted.map((lease) => lease.token);
      expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => (a < b ? -1 : 1)));
      await locks.close();
    }),
    { numRuns: 300 },
  );
});
