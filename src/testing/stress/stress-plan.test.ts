import { expect, test } from "vitest";
import { seededRandom } from "./seeded-random.ts";
import { stressFaults, stressOperations } from "./stress-plan.ts";
import type { StressOperation } from "./stress-plan.ts";

function take(seed: number, client: string, count = 200): readonly StressOperation[] {
  const plan = stressOperations({ seed, client, keys: 3 });
  return Array.from({ length: count }, () => plan.next().value);
}

test("the same seed makes the same operations, another seed or client others", () => {
  expect(take(1, "a")).toStrictEqual(take(1, "a"));
  expect(take(1, "a")).not.toStrictEqual(take(2, "a"));
  expect(take(1, "a")).not.toStrictEqual(take(1, "b"));
  expect(new Set(take(1, "a").map(({ op }) => op))).toStrictEqual(
    new Set(["add", "update", "rollback", "status", "remove", "get", "history"]),
  );
  expect(new Set(take(1, "a").map(({ key }) => key)).size).toBe(3);
});

test("a mix says which operations come, and a prefix of which skills", () => {
  const plan = stressOperations({
    seed: 1,
    client: "a",
    keys: 2,
    prefix: "x",
    mix: { guarded: 1, get: 1 },
  });
  const operations = Array.from({ length: 50 }, () => plan.next().value);
  expect(new Set(operations.map(({ op }) => op))).toStrictEqual(new Set(["guarded", "get"]));
  expect(new Set(operations.map(({ key }) => key))).toStrictEqual(new Set(["x1", "x2"]));
  expect(() => stressOperations({ seed: 1, client: "a", keys: 2, mix: {} }).next()).toThrow(
    "There is nothing to pick from, or nothing has a weight",
  );
});

test("the same seed makes the same faults, in order of time and within bounds", () => {
  const options = { seed: 5, processes: 3, durationMs: 1000, kills: 4, pauses: 6, maxPauseMs: 200 };
  const faults = stressFaults(options);
  expect(faults).toStrictEqual(stressFaults(options));
  expect(faults).not.toStrictEqual(stressFaults({ ...options, seed: 6 }));
  expect(faults.filter(({ kind }) => kind === "kill")).toHaveLength(4);
  expect(faults.filter(({ kind }) => kind === "pause")).toHaveLength(6);
  expect(faults.map(({ atMs }) => atMs)).toStrictEqual(
    faults.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
  );
  for (const { atMs, process, forMs } of faults) {
    expect(atMs).toBeLessThanOrEqual(1000);
    expect(process).toBeLessThan(3);
    expect(forMs).toBeLessThanOrEqual(200);
  }
});

test("random numbers of a seed are spread and stay what they are", () => {
  const random = seededRandom("a seed");
  const counts = [0, 0, 0, 0];
  for (let draw = 0; draw < 4000; draw++) counts[random.below(4)]! += 1;
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  expect(Array.from({ length: 3 }, () => seededRandom(1).next())).toStrictEqual(
    Array.from({ length: 3 }, () => seededRandom(1).next()),
  );
});
