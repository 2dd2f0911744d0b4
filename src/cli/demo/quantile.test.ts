import { expect, test } from "vitest";
import { quantile } from "./quantile.ts";

test("gives the value at the nearest rank", () => {
  const values = [50, 15, 40, 20, 35];
  const shares = [0, 0.05, 0.3, 0.4, 0.5, 0.95, 1];
  expect(shares.map((share) => quantile(values, share))).toEqual([15, 15, 20, 20, 35, 50, 50]);
});

test("orders numbers as numbers", () => {
  expect(quantile([10, 9, 100], 0.5)).toBe(10);
});

test("gives nothing for no values", () => {
  expect(quantile([], 0.5)).toBeUndefined();
});
