import fc from "fast-check";
import { expect, test } from "vitest";
import { inOrder } from "./in-order.ts";

test("hands on every result in order, as early as possible", () => {
  const emitted: string[] = [];
  const settle = inOrder<string>((result, index) => emitted.push(`${index}${result}`));
  settle(1, "b");
  expect(emitted).toEqual([]);
  settle(0, "a");
  expect(emitted).toEqual(["0a", "1b"]);
  settle(2, "c");
  expect(emitted).toEqual(["0a", "1b", "2c"]);
});

test("loses and repeats nothing, whatever the order of arrival", () => {
  fc.assert(
    fc.property(
      fc.nat(30).chain((count) => {
        const all = Array.from({ length: count }, (_, index) => index);
        return fc.shuffledSubarray(all, { minLength: count });
      }),
      (arrivals) => {
        const emitted: number[] = [];
        const settle = inOrder<number>((result) => emitted.push(result));
        for (const index of arrivals) settle(index, index);
        expect(emitted).toEqual(arrivals.toSorted((a, b) => a - b));
      },
    ),
  );
});
