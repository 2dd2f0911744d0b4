import fc from "fast-check";
import { expect, test } from "vitest";
import { randomState } from "./random-state.ts";

test("a seed has the same state for ever: replays depend on it", () => {
  expect([randomState(0), randomState(1), randomState(-0.5)]).toEqual([
    [24153134, 1861071337, -1568426856, 13],
    [-445379218, 675421308, -2118796058, 13],
    [-1928765564, 1174348495, -986537588, 13],
  ]);
});

test("seeds that differ have states that differ", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (one, other) => {
      fc.pre(!Object.is(one, other));
      expect(randomState(one)).not.toEqual(randomState(other));
    }),
  );
});
