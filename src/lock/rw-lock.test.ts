import { afterEach, expect, test, vi } from "vitest";
import { AsyncRWLock, type LockHold } from "./rw-lock.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** Lets everything that is ready to run, run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function failureOf(acquiring: Promise<LockHold>): Promise<unknown> {
  try {
    return `granted for ${(await acquiring).mode}`;
  } catch (error) {
    return error;
  }
}

/** Notes who was let in, in order, and keeps what they hold. */
function entrance(lock: AsyncRWLock): {
  readonly entered: string[];
  readonly holds: Map<string, LockHold>;
  ask(who: string, options?: { signal?: AbortSignal; waitMs?: number }): void;
} {
  const entered: string[] = [];
  const holds = new Map<string, LockHold>();
  return {
    entered,
    holds,
    ask(who, options) {
      lock.acquire(who.startsWith("r") ? "read" : "write", options).then(
        (hold) => {
          entered.push(who);
          holds.set(who, hold);
        },
        (error: { code: string }) => entered.push(`${who} ${error.code}`),
      );
    },
  };
}

test("readers share, and a writer is alone", async () => {
  const lock = new AsyncRWLock();
  const door = entrance(lock);
  for (const who of ["r1", "r2", "w1", "w2"]) door.ask(who);
  await settle();
  expect(door.entered).toEqual(["r1", "r2"]);
  door.holds.get("r1")?.release();
  await settle();
  expect(door.entered).toEqual(["r1", "r2"]);
  door.holds.get("r2")?.release();
  await settle();
  expect(door.entered).toEqual(["r1", "r2", "w1"]);
  door.holds.get("w1")?.release();
  await settle();
  expect(door.entered).toEqual(["r1", "r2", "w1", "w2"]);
});

test("it is for writing unless told otherwise", async () => {
  const lock = new AsyncRWLock();
  expect((await lock.acquire()).mode).toBe("write");
});

test("a reader that comes while a writer waits stands behind it", async () => {
  const lock = new AsyncRWLock();
  const door = entrance(lock);
  for (const who of ["r1", "w1", "r2", "r3", "w2", "r4"]) door.ask(who);
  await settle();
  const seen: string[][] = [];
  for (const who of ["r1", "w1", "r2", "r3", "w2"]) {
    door.holds.get(who)?.release();
    await settle();
    seen.push([...door.entered]);
  }
  expect(seen).toEqual([
    ["r1", "w1"],
    ["r1", "w1", "r2", "r3"],
    ["r1", "w1", "r2", "r3"],
    ["r1", "w1", "r2", "r3", "w2"],
    ["r1", "w1", "r2", "r3", "w2", "r4"],
  ]);
});

test("a cancelled writer lets the readers behind it in at once", async () => {
  const lock = new AsyncRWLock();
  const door = entrance(lock);
  const caller = new AbortController();
  door.ask("r1");
  door.ask("w1", { signal: caller.signal });
  for (const who of ["r2", "r3", "w2"]) door.ask(who);
  await settle();
  caller.abort();
  await settle();
  expect(door.entered).toEqual(["r1", "w1 CANCELLED", "r2", "r3"]);
  expect(lock.stats()).toMatchObject({ held: 3, waiting: 1, abandoned: 1 });
});

test("a writer that timed out lets the readers behind it in at once", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const lock = new AsyncRWLock({ name: "the index" });
  const door = entrance(lock);
  door.ask("r1");
  const writer = failureOf(lock.acquire("write", { waitMs: 50 }));
  door.ask("r2");
  await vi.advanceTimersByTimeAsync(49);
  expect(door.entered).toEqual(["r1"]);
  await vi.advanceTimersByTimeAsync(1);
  expect(await writer).toMatchObject({
    code: "LOCK_TIMEOUT",
    message: "Could not take the index within 50 ms; hold it for less time or wait for longer",
    details: { mode: "write", waitMs: 50 },
  });
  expect(door.entered).toEqual(["r1", "r2"]);
});

test("a waiter cancelled in the middle of the line leaves the others in order", async () => {
  const lock = new AsyncRWLock();
  const door = entrance(lock);
  const caller = new AbortController();
  door.ask("w0");
  door.ask("w1");
  door.ask("w2", { signal: caller.signal });
  door.ask("w3");
  await settle();
  caller.abort();
  for (const who of ["w0", "w1", "w3"]) {
    await settle();
    door.holds.get(who)?.release();
  }
  expect(door.entered).toEqual(["w0", "w2 CANCELLED", "w1", "w3"]);
  expect(lock.isIdle).toBe(true);
});

test("without waiting, it is granted at once or not at all", async () => {
  const lock = new AsyncRWLock();
  const held = await lock.acquire("read", { waitMs: 0 });
  expect(await failureOf(lock.acquire("write", { waitMs: 0 }))).toMatchObject({
    code: "LOCK_TIMEOUT",
  });
  held.release();
  expect(await failureOf(lock.acquire("write", { waitMs: 0 }))).toBe("granted for write");
  expect(lock.stats()).toMatchObject({ acquired: 2, waited: 0, abandoned: 1 });
});

test("a reader that would have to overtake a waiting writer is refused when it will not wait", async () => {
  const lock = new AsyncRWLock();
  const held = await lock.acquire("read");
  const writer = lock.acquire("write");
  expect(await failureOf(lock.acquire("read", { waitMs: 0 }))).toMatchObject({
    code: "LOCK_TIMEOUT",
  });
  held.release();
  expect((await writer).mode).toBe("write");
});

test("a signal aborted already is refused before anything else happens", async () => {
  const lock = new AsyncRWLock();
  const signal = AbortSignal.abort(new Error("gone"));
  expect(await failureOf(lock.acquire("write", { signal }))).toMatchObject({
    code: "CANCELLED",
    message: "Waiting for the lock was cancelled by its signal",
    cause: { message: "gone" },
  });
  expect(lock.isIdle).toBe(true);
});

test("`using` and `await using` release at the end of their block", async () => {
  const lock = new AsyncRWLock();
  {
    using hold = await lock.acquire("write");
    expect([hold.mode, lock.isIdle]).toEqual(["write", false]);
  }
  expect(lock.isIdle).toBe(true);
  {
    await using hold = await lock.acquire("read");
    expect([hold.mode, lock.isIdle]).toEqual(["read", false]);
  }
  expect(lock.isIdle).toBe(true);
});

test("a second release does nothing", async () => {
  const lock = new AsyncRWLock();
  const first = await lock.acquire("read");
  const second = await lock.acquire("read");
  first.release();
  first.release();
  expect(await failureOf(lock.acquire("write", { waitMs: 0 }))).toMatchObject({
    code: "LOCK_TIMEOUT",
  });
  second.release();
  expect(lock.stats()).toMatchObject({ acquired: 2, held: 0 });
});

test("a grant takes back the waiter's timer and listener", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const lock = new AsyncRWLock();
  const caller = new AbortController();
  const removed = vi.spyOn(caller.signal, "removeEventListener");
  const held = await lock.acquire();
  const next = lock.acquire("write", { signal: caller.signal, waitMs: 1000 });
  expect(vi.getTimerCount()).toBe(1);
  held.release();
  const hold = await next;
  expect([vi.getTimerCount(), removed.mock.calls.length]).toEqual([0, 1]);
  caller.abort();
  await vi.advanceTimersByTimeAsync(2000);
  expect(lock.stats()).toMatchObject({ held: 1, abandoned: 0 });
  hold.release();
});

test("closing rejects who waits and who comes later, and lets the holder finish", async () => {
  const lock = new AsyncRWLock({ name: "the index" });
  const held = await lock.acquire("write");
  const waiters = [failureOf(lock.acquire("read")), failureOf(lock.acquire("write"))];
  lock.close();
  const closed = { code: "CLOSED", message: "Can not acquire the index: it was closed" };
  expect(await Promise.all(waiters)).toMatchObject([closed, closed]);
  expect(await failureOf(lock.acquire("read"))).toMatchObject(closed);
  expect(lock.stats()).toMatchObject({ held: 1, waiting: 0, abandoned: 0 });
  held.release();
  lock.close();
  expect(lock.isIdle).toBe(true);
});

test("its statistics say how long it was waited for and held", async () => {
  let nowMs = 0;
  const lock = new AsyncRWLock({ clock: { now: () => nowMs, monotonicMs: () => nowMs } });
  const first = await lock.acquire("write");
  const second = lock.acquire("read");
  nowMs = 30;
  const third = lock.acquire("read");
  nowMs = 40;
  first.release();
  const holds = await Promise.all([second, third]);
  nowMs = 45;
  for (const hold of holds) hold.release();
  expect(lock.stats()).toEqual({
    acquired: 3,
    waited: 2,
    abandoned: 0,
    waitMs: 50,
    maxWaitMs: 40,
    heldMs: 50,
    maxHeldMs: 40,
    held: 0,
    waiting: 0,
  });
});

test("a mode or time that is none is refused by name and value", async () => {
  const lock = new AsyncRWLock();
  const messageOf = async (acquiring: Promise<LockHold>): Promise<string> => {
    const failure = await failureOf(acquiring);
    return `${(failure as { code: string }).code}: ${(failure as Error).message}`;
  };
  expect([
    await messageOf(lock.acquire("exclusive" as "write")),
    await messageOf(lock.acquire("read", { waitMs: Number.NaN })),
    await messageOf(lock.acquire("read", { waitMs: -1 })),
  ]).toEqual([
    'INVALID_INPUT: Expected `mode` to be "read" or "write", got "exclusive"',
    "INVALID_INPUT: Expected `waitMs` to be a number from 0 to 2147483647, got NaN",
    "INVALID_INPUT: Expected `waitMs` to be a number from 0 to 2147483647, got -1",
  ]);
  expect(lock.isIdle).toBe(true);
});
