/** The lock's invariants under random schedules of coming, going and giving up. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { LockMode } from "./lock-driver.ts";
import { AsyncRWLock, type LockHold } from "./rw-lock.ts";

interface Caller {
  readonly mode: LockMode;
  readonly controller: AbortController;
  status: "waiting" | "holding" | "released" | "cancelled";
  hold: LockHold | undefined;
}

const mode = fc.constantFrom("read" as const, "read" as const, "write" as const);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("acquire" as const), mode }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("release" as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("abort" as const), pick: fc.nat() }) },
);

function come(lock: AsyncRWLock, mode: LockMode): Caller {
  const controller = new AbortController();
  const caller: Caller = { mode, controller, status: "waiting", hold: undefined };
  lock.acquire(mode, { signal: controller.signal }).then(
    (hold) => {
      caller.status = "holding";
      caller.hold = hold;
    },
    () => {
      caller.status = "cancelled";
    },
  );
  return caller;
}

function withStatus(callers: readonly Caller[], status: Caller["status"]): Caller[] {
  return callers.filter((caller) => caller.status === status);
}

function modes(callers: readonly Caller[]): LockMode[] {
  return callers.map((caller) => caller.mode);
}

/** Grants and refusals reach their callers within two turns of the microtask queue. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await Promise.resolve();
}

function expectInvariants(callers: readonly Caller[], lock: AsyncRWLock): void {
  const holding = withStatus(callers, "holding");
  const waiting = withStatus(callers, "waiting");
  if (modes(holding).includes("write")) expect(holding).toHaveLength(1);

  const first = waiting[0];
  if (first !== undefined) {
    const couldEnter =
      holding.length === 0 || (first.mode === "read" && !modes(holding).includes("write"));
    expect(couldEnter).toBe(false);
  }

  // Nobody is let in before somebody who came earlier and still waits.
  const entered = callers.findLastIndex((caller) => caller.status === "holding");
  const left = callers.findIndex((caller) => caller.status === "waiting");
  if (entered >= 0 && left >= 0) expect(entered).toBeLessThan(left);

  expect(lock.stats()).toMatchObject({ held: holding.length, waiting: waiting.length });
}

test("a writer is alone, nobody waits who could enter, and nobody is overtaken", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const lock = new AsyncRWLock();
      const callers: Caller[] = [];
      for (const move of steps) {
        if (move.kind === "acquire") {
          callers.push(come(lock, move.mode));
        } else {
          const status = move.kind === "release" ? "holding" : "waiting";
          const candidates = withStatus(callers, status);
          const chosen = candidates[move.pick % Math.max(1, candidates.length)];
          if (chosen === undefined) continue;
          if (move.kind === "abort") {
            chosen.controller.abort();
          } else {
            chosen.hold?.release();
            chosen.status = "released";
          }
        }
        await settle();
        expectInvariants(callers, lock);
      }

      // Everybody who still waits is served once those before them have gone.
      for (let round = 0; round <= callers.length; round++) {
        for (const caller of withStatus(callers, "holding")) {
          caller.hold?.release();
          caller.status = "released";
        }
        await settle();
        expectInvariants(callers, lock);
      }
      expect([...withStatus(callers, "waiting"), ...withStatus(callers, "holding")]).toEqual([]);
      expect(lock.isIdle).toBe(true);
      const { acquired, abandoned } = lock.stats();
      expect([acquired, abandoned]).toEqual([
        withStatus(callers, "released").length,
        withStatus(callers, "cancelled").length,
      ]);
    }),
    { numRuns: 1_000 },
  );
});

test("releases and cancellations in the same turn leave nobody behind", async () => {
  const burst = fc.array(step, { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.array(burst, { maxLength: 12 }), async (bursts) => {
      const lock = new AsyncRWLock();
      const callers: Caller[] = [];
      for (const moves of bursts) {
        for (const move of moves) {
          if (move.kind === "acquire") {
            callers.push(come(lock, move.mode));
          } else if (move.kind === "abort") {
            // Any caller: one that already holds the lock must not notice.
            callers[move.pick % Math.max(1, callers.length)]?.controller.abort();
          } else {
            const held = withStatus(callers, "holding");
            const chosen = held[move.pick % Math.max(1, held.length)];
            if (chosen === undefined) continue;
            chosen.hold?.release();
            chosen.status = "released";
          }
        }
        await settle();
        expectInvariants(callers, lock);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("whoever is in line is served before all who come later, however many those are", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(mode, { maxLength: 12 }), async (line) => {
      const lock = new AsyncRWLock();
      const held = await lock.acquire("write");
      const callers = line.map((mode) => come(lock, mode));
      held.release();
      // Newcomers while each of them is served: nobody of the line may wait for one.
      const newcomers: Caller[] = [];
      const served: number[] = [];
      while (served.length < line.length) {
        newcomers.push(come(lock, "read"), come(lock, "write"));
        await settle();
        const holding = withStatus(callers, "holding");
        expect(holding).not.toEqual([]);
        for (const caller of holding) {
          served.push(callers.indexOf(caller));
          caller.hold?.release();
          caller.status = "released";
        }
      }
      expect(served).toEqual(line.map((_, index) => index));
      for (const newcomer of newcomers) newcomer.controller.abort();
    }),
    { numRuns: 500 },
  );
});
