import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sleep } from "./abort.ts";
import { writeTurns } from "./write-turns.ts";
import type { WriteTurns } from "./write-turns.ts";

// Time is simulated here, and the turns of the real event loop would fall anywhere in it.
vi.mock("./loop-turns.ts", () => ({ inTurn: (work: () => unknown) => work() }));

class Busy extends Error {}

const clock = { now: () => Date.now(), monotonicMs: () => Date.now() };

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function turnsOf(busyMs = 1000, othersVersion: () => number = () => 1): WriteTurns {
  return writeTurns({
    clock,
    busyMs,
    othersVersion,
    isBusy: (error) => error instanceof Busy,
    giveUp: () => new Error(`gave up after ${busyMs} ms`),
  });
}

function busy(): never {
  throw new Busy("held");
}

test("a write that nobody is in the way of is made at once", async () => {
  let made = false;
  const writing = turnsOf().write(() => {
    made = true;
    return "written";
  });
  expect(made).toBe(true);
  expect(await writing).toBe("written");
});

test("writes of one process come in order, and the first alone asks", async () => {
  const turns = turnsOf();
  const asked: string[] = [];
  let held = true;
  const write = (name: string) => (): string => {
    asked.push(name);
    return held ? busy() : name;
  };
  const writing = Promise.all([turns.write(write("a")), turns.write(write("b"))]);
  await vi.advanceTimersByTimeAsync(100);
  expect(new Set(asked)).toEqual(new Set(["a"]));
  held = false;
  await vi.advanceTimersByTimeAsync(100);
  expect(await writing).toEqual(["a", "b"]);
  expect(asked.at(-1)).toBe("b");
});

test("an error that is not about waiting ends its own write alone", async () => {
  const turns = turnsOf();
  const broken = turns.write(() => {
    throw new RangeError("no");
  });
  const next = turns.write(() => "next");
  await expect(broken).rejects.toThrow(RangeError);
  expect(await next).toBe("next");
});

test("all that have waited for as long give up together, and a later one waits for itself", async () => {
  const turns = turnsOf(1000);
  const outcomes: string[] = [];
  const write = (name: string): Promise<void> =>
    turns.write(busy).catch(() => void outcomes.push(`${name} at ${Math.round(Date.now() / 100)}`));
  vi.setSystemTime(0);
  const first = [write("a"), write("b"), write("c")];
  await vi.advanceTimersByTimeAsync(500);
  const late = write("d");
  await vi.advanceTimersByTimeAsync(2000);
  await Promise.all([...first, late]);
  expect(outcomes).toEqual(["a at 10", "b at 10", "c at 10", "d at 15"]);
});

test("a signal ends the wait of its own write alone, wherever in line it stands", async () => {
  const turns = turnsOf();
  const stopping = new AbortController();
  let held = true;
  const write = (name: string, signal?: AbortSignal): Promise<string> =>
    turns
      .write(() => (held ? busy() : name), signal)
      .catch((error: unknown) => (error as { code: string }).code);
  const writing = [
    write("asks", stopping.signal),
    write("stands behind", stopping.signal),
    write("has no signal"),
    write("has another", new AbortController().signal),
  ];
  await vi.advanceTimersByTimeAsync(100);
  stopping.abort();
  await vi.advanceTimersByTimeAsync(100);
  held = false;
  writing.push(write("comes too late", stopping.signal), write("comes last"));
  await vi.advanceTimersByTimeAsync(100);
  expect(await Promise.all(writing)).toEqual([
    "CANCELLED",
    "CANCELLED",
    "has no signal",
    "has another",
    "CANCELLED",
    "comes last",
  ]);
});

test("what was written stays written when nobody can tell whether others wrote", async () => {
  const turns = turnsOf(1000, () => {
    throw new Error("out of reach");
  });
  expect(await turns.write(() => 1)).toBe(1);
  expect(await turns.write(() => 2)).toBe(2);
});

/** Processes that write in a loop to one file for so long; how often each did. */
async function shares(processes: number, durationMs: number): Promise<readonly number[]> {
  let freeAtMs = 0;
  let version = 0;
  const endMs = Date.now() + durationMs;
  const counts = Array.from({ length: processes }, () => 0);
  const loops = counts.map(async (_, at) => {
    let own = 0;
    const turns = writeTurns({
      clock,
      busyMs: 120_000,
      othersVersion: () => version - own,
      isBusy: (error) => error instanceof Busy,
      giveUp: () => new Error("gave up"),
    });
    while (Date.now() < endMs) {
      await turns.write(() => {
        if (Date.now() < freeAtMs) busy();
        version += 1;
        own += 1;
        // Whoever wrote asks again as soon as its write is done, before anybody else does.
        freeAtMs = Date.now() + 1;
      });
      counts[at] = (counts[at] ?? 0) + 1;
      await sleep(1);
    }
  });
  await vi.advanceTimersByTimeAsync(durationMs + 1000);
  await Promise.all(loops);
  return counts;
}

test(
  "processes that write without a pause come within a factor of two of each other",
  { retry: 3 },
  async () => {
    for (const processes of [2, 4, 8]) {
      const counts = await shares(processes, 15_000);
      expect(Math.min(...counts) / Math.max(...counts)).toBeGreaterThan(0.5);
    }
  },
);

test("one that writes alone loses little to its pauses", async () => {
  const [count] = await shares(1, 10_000);
  expect(count).toBeGreaterThan(9000);
});
