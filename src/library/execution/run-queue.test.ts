import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RepertoireError } from "../../base/errors.ts";
import { runQueue } from "./run-queue.ts";
import type { NoPlace, RunPlace, RunQueue, RunRequest } from "./run-queue.ts";
import type { RunPriority } from "./waiting-runs.ts";
import { runQuotas } from "./run-quotas.ts";
import type { CallerQuota } from "./run-quotas.ts";

let nowMs = 0;
const clock = { now: () => nowMs, monotonicMs: () => nowMs };
const never = new AbortController().signal;

beforeEach(() => {
  nowMs = 0;
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

function advance(ms: number): Promise<unknown> {
  nowMs += ms;
  return vi.advanceTimersByTimeAsync(ms);
}

function queueOf(
  options: {
    readonly capacity?: number;
    readonly maxWaiting?: number;
    readonly quotas?: Readonly<Record<string, CallerQuota>>;
  } = {},
): RunQueue {
  const { capacity = 1, maxWaiting = 100, quotas } = options;
  return runQueue({ quotas: runQuotas(quotas, clock), capacity, maxWaiting, clock });
}

/** A run in the line; what came of it so far. */
interface Asked {
  end: RunPlace | NoPlace | undefined;
}

function ask(queue: RunQueue, request: Partial<RunRequest> = {}): Asked {
  const asked: Asked = { end: undefined };
  const given = queue.enter({
    caller: undefined,
    priority: "batch",
    signal: never,
    deadlineMs: undefined,
    reservation: undefined,
    ...request,
  });
  if (given instanceof Promise) void given.then((end) => (asked.end = end));
  else asked.end = given;
  return asked;
}

function leave({ end }: Asked): void {
  if (end === undefined || typeof end === "string") throw new Error(`It is not in: ${String(end)}`);
  end.leave();
}

function refusal(act: () => unknown): Pick<RepertoireError, "code" | "message" | "details"> {
  try {
    act();
  } catch (error) {
    const { code, message, details } = error as RepertoireError;
    return { code, message, details };
  }
  throw new Error("It was not refused");
}

const isIn = ({ end }: Asked): boolean => typeof end === "object";

/** The order in which those that wait are let in, when one leaves after the other. */
async function orderOf(
  first: Asked,
  rest: Readonly<Record<string, Asked>>,
): Promise<readonly string[]> {
  const order: string[] = [];
  const left = new Map(Object.entries(rest));
  leave(first);
  while (left.size > 0) {
    await Promise.resolve();
    await Promise.resolve();
    const next = [...left].find(([, asked]) => isIn(asked));
    if (next === undefined) throw new Error(`Nobody is let in of ${[...left.keys()].join(", ")}`);
    order.push(next[0]);
    left.delete(next[0]);
    leave(next[1]);
  }
  return order;
}

describe("who comes first", () => {
  test("runs are let in up to the capacity, and then as others leave", async () => {
    const queue = queueOf({ capacity: 2 });
    const [a, b, c] = [ask(queue), ask(queue), ask(queue)];
    expect([a, b, c].map(isIn)).toEqual([true, true, false]);
    expect(queue.stats()).toMatchObject({ running: 2, waiting: { batch: 1 }, capacity: 2 });
    leave(a);
    leave(a);
    await advance(0);
    expect([isIn(c), queue.stats().running]).toEqual([true, 2]);
  });

  test("higher priorities come first, and have room beyond the capacity", async () => {
    const queue = queueOf({ capacity: 2 });
    const first = ask(queue);
    ask(queue);
    const batch = ask(queue);
    const [n1, n2] = [ask(queue, { priority: "normal" }), ask(queue, { priority: "normal" })];
    const i = ask(queue, { priority: "interactive" });
    expect([batch, n1, n2, i].map(isIn)).toEqual([false, true, false, true]);
    leave(n1);
    leave(i);
    await advance(0);
    expect(isIn(n2)).toBe(true);
    leave(n2);
    expect(await orderOf(first, { batch })).toEqual(["batch"]);
  });

  test("a run that has waited for long comes before later ones of higher priority", async () => {
    const queue = queueOf();
    const first = ask(queue);
    ask(queue, { priority: "interactive" });
    const batch = ask(queue);
    const soon = ask(queue, { priority: "interactive" });
    await advance(20_001);
    const late = ask(queue, { priority: "interactive" });
    leave(first);
    await advance(0);
    expect([soon, batch, late].map(isIn)).toEqual([true, false, false]);
    // While the oldest has no room yet, nobody takes it from behind.
    leave(soon);
    await advance(0);
    expect([batch, late].map(isIn)).toEqual([false, false]);
  });

  test("callers of one priority take turns, however many runs each asks for", async () => {
    const queue = queueOf();
    const first = ask(queue, { caller: "greedy" });
    const rest = {
      g1: ask(queue, { caller: "greedy" }),
      g2: ask(queue, { caller: "greedy" }),
      g3: ask(queue, { caller: "greedy" }),
      m1: ask(queue, { caller: "modest" }),
      m2: ask(queue, { caller: "modest" }),
    };
    expect(await orderOf(first, rest)).toEqual(["g1", "m1", "g2", "m2", "g3"]);
  });

  test("none starves: whatever comes, a run waits for no more than came within 20 s of it", async () => {
    vi.useRealTimers();
    const priority = fc.constantFrom<RunPriority>("interactive", "normal", "batch");
    const arrival = fc.record({ priority, caller: fc.constantFrom("a", "b", "c") });
    await fc.assert(
      fc.asyncProperty(fc.array(arrival, { minLength: 40, maxLength: 120 }), async (arrivals) => {
        nowMs = 0;
        const queue = queueOf();
        const held = [1, 2].map(() => ask(queue, { priority: "interactive" }));
        const own = ask(queue, { priority: "batch", caller: "own" });
        const others: Asked[] = [];
        let letInAfter20s = 0;
        for (const each of arrivals) {
          nowMs += 1000;
          others.push(ask(queue, each));
          const inside = [...held, ...others].find(isIn);
          if (inside !== undefined) {
            leave(inside);
            inside.end = undefined;
          }
          await Promise.resolve();
          await Promise.resolve();
          const late = others.slice(20).filter(isIn).length;
          if (!isIn(own)) letInAfter20s = Math.max(letInAfter20s, late);
          if (isIn(own)) return;
        }
        expect(letInAfter20s).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe("waiting ends", () => {
  test("when the signal aborts, or has aborted before", async () => {
    const queue = queueOf();
    ask(queue);
    const controller = new AbortController();
    const waiting = ask(queue, { signal: controller.signal });
    controller.abort();
    await advance(0);
    expect(waiting.end).toBe("cancelled");
    expect(ask(queue, { signal: controller.signal }).end).toBe("cancelled");
    expect(queue.stats().waiting.batch).toBe(0);
  });

  test("at the deadline, however early that was", async () => {
    const queue = queueOf();
    ask(queue);
    const waiting = ask(queue, { deadlineMs: 50 });
    await advance(50);
    expect(waiting.end).toBe("timeout");
    expect(ask(queue, { deadlineMs: 50 }).end).toBe("timeout");
    expect(queue.stats()).toMatchObject({ timedOut: 2, longestWaitMs: 50, waiting: { batch: 0 } });
  });
});

describe("a full line", () => {
  test("refuses with its length, its limit and when to come again, and takes more once it is shorter", async () => {
    const queue = queueOf({ maxWaiting: 2 });
    const [first, second] = [ask(queue), ask(queue), ask(queue)];
    expect(refusal(() => ask(queue))).toEqual({
      code: "LIMIT_EXCEEDED",
      message:
        "A run was refused: 2 runs wait already, and at most 2 may; try again in about 100 ms, or raise limits.queuedRuns",
      details: { limit: "queuedRuns", max: 2, queued: 2, retryAfterMs: 100 },
    });
    expect(refusal(() => queue.reserve(1)).details).toMatchObject({ limit: "queuedRuns" });
    leave(first);
    await advance(0);
    expect([isIn(second), ask(queue).end]).toEqual([true, undefined]);
    expect(queue.stats().refused).toEqual({ full: 2, quota: 0 });
  });

  test("a batch takes its places once, and none of its runs is refused", () => {
    const queue = queueOf({ maxWaiting: 3 });
    ask(queue);
    const reservation = queue.reserve(10);
    for (let n = 0; n < 10; n++) expect(ask(queue, { reservation }).end).toBeUndefined();
    expect(refusal(() => ask(queue)).details).toMatchObject({ queued: 10, max: 3 });
    expect(queue.stats()).toMatchObject({ waiting: { batch: 10 }, reserved: 10 });
    reservation[Symbol.dispose]();
    reservation[Symbol.dispose]();
    expect(queue.stats().reserved).toBe(0);
    ask(queue);
  });
});

describe("a quota", () => {
  test("of runs at once makes the caller wait, and nobody else", async () => {
    const queue = queueOf({ capacity: 8, quotas: { a: { concurrentRuns: 1 } } });
    const [a1, a2, b] = [
      ask(queue, { caller: "a" }),
      ask(queue, { caller: "a" }),
      ask(queue, { caller: "b" }),
    ];
    expect([a1, a2, b].map(isIn)).toEqual([true, false, true]);
    leave(a1);
    await advance(0);
    expect(isIn(a2)).toBe(true);
  });

  test("of runs in a second refuses and says for how long; a batch waits instead", async () => {
    const queue = queueOf({ capacity: 8, quotas: { "*": { runsPerSecond: 2 } } });
    ask(queue, { caller: "a" });
    await advance(400);
    ask(queue, { caller: "a" });
    expect(refusal(() => ask(queue, { caller: "a" }))).toEqual({
      code: "LIMIT_EXCEEDED",
      message:
        'Caller "a" used up runsPerSecond: 2 of 2; try again in 600 ms, or raise it in `policy.quotas`',
      details: {
        limit: "runsPerSecond",
        max: 2,
        actual: 2,
        retryAfterMs: 600,
        queued: 0,
        caller: "a",
      },
    });
    expect(isIn(ask(queue, { caller: "b" }))).toBe(true);
    const waiting = ask(queue, { caller: "a", reservation: queue.reserve(1) });
    await advance(599);
    expect(isIn(waiting)).toBe(false);
    await advance(1);
    expect(isIn(waiting)).toBe(true);
    expect(queue.stats().refused).toEqual({ full: 0, quota: 1 });
  });

  test("of runs in a minute and of processor time in a minute", async () => {
    const queue = queueOf({
      capacity: 8,
      quotas: { a: { runsPerMinute: 1 }, b: { cpuMsPerMinute: 100 } },
    });
    ask(queue, { caller: "a" });
    expect(refusal(() => ask(queue, { caller: "a" })).details).toMatchObject({
      limit: "runsPerMinute",
      retryAfterMs: 60_000,
    });
    ask(queue, { caller: "b" });
    queue.noteCpu("b", 60);
    await advance(10_000);
    ask(queue, { caller: "b" });
    queue.noteCpu("b", 60);
    expect(refusal(() => ask(queue, { caller: "b" })).details).toMatchObject({
      limit: "cpuMsPerMinute",
      max: 100,
      actual: 120,
      retryAfterMs: 50_000,
    });
    await advance(50_000);
    expect(isIn(ask(queue, { caller: "b" }))).toBe(true);
  });

  test("of runs that wait; runs that name no caller are one", () => {
    const queue = queueOf({ quotas: { "*": { queuedRuns: 1 } } });
    ask(queue);
    ask(queue);
    expect(refusal(() => ask(queue))).toMatchObject({
      message: expect.stringContaining(
        "Runs that name no caller used up queuedRuns: 1 of 1",
      ) as string,
      details: { limit: "queuedRuns", max: 1, actual: 1, queued: 1 },
    });
    ask(queue, { caller: "a" });
  });
});
