import { expect, test } from "vitest";
import { pickOne, seededRandom } from "./seeded-random.ts";

function numbers(seed: number): readonly number[] {
  const random = seededRandom(seed);
  return Array.from({ length: 1000 }, () => random());
}

test("repeats itself for the same seed and differs for another", () => {
  expect(numbers(7)).toEqual(numbers(7));
  expect(numbers(7)).not.toEqual(numbers(8));
});

test("gives numbers spread over 0 to 1", () => {
  const tenths = Map.groupBy(numbers(1), (value) => Math.floor(value * 10));
  expect(new Set(tenths.keys())).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  for (const values of tenths.values()) expect(values.length).toBeGreaterThan(50);
});

test("picks every item sometimes, and nothing of nothing", () => {
  const random = seededRandom(1);
  const picked = new Set(Array.from({ length: 100 }, () => pickOne(["a", "b", "c"], random)));
  expect(picked).toEqual(new Set(["a", "b", "c"]));
  expect(pickOne([], random)).toBeUndefined();
});
