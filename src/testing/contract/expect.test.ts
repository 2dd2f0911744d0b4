import fc from "fast-check";
import { AssertionError } from "node:assert";
import { expect, test } from "vitest";
import { expect as ours } from "./expect.ts";

/** Whether it throws. */
function fails(assertion: () => unknown): boolean {
  try {
    assertion();
    return false;
  } catch {
    return true;
  }
}

const anyLeaf = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, 0, -0, Number.NaN, "", "a", true, 1n, new Date(0)),
  fc.constantFrom<unknown>(/a/, new Set([1]), new Map([["a", 1]]), Float32Array.of(1, 2)),
  fc.constantFrom<unknown>(new Error("a"), new TypeError("a"), new Error("b")),
);
const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    anyLeaf,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { maxKeys: 3 }),
  ),
})).value;
/** A value, and one that differs from it here and there or not at all. */
const anyPair = fc.oneof(
  fc.tuple(anyValue, anyValue),
  anyValue.map((value) => [value, structuredClone(value)] as const),
  fc
    .tuple(fc.dictionary(fc.constantFrom("a", "b"), anyValue), anyValue)
    .map(([value, more]) => [{ ...value, c: more }, value] as const),
);

test("what counts as equal is what vitest has it", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(anyPair, ([actual, expected]) => {
      for (const matcher of ["toEqual", "toStrictEqual"] as const) {
        const theirs = fails(() => expect(actual)[matcher](expected));
        expect(
          fails(() => ours(actual)[matcher](expected)),
          matcher,
        ).toBe(theirs);
        seen.add(`${matcher} ${theirs}`);
      }
      if (typeof expected !== "object" || expected === null || typeof actual !== "object") return;
      // Between classes vitest is lax where ours is not; whatever it refuses, ours refuses.
      const isRefused = fails(() => ours(actual).toMatchObject(expected));
      if (fails(() => expect(actual).toMatchObject(expected))) expect(isRefused).toBe(true);
      if (!fails(() => expect(actual).toStrictEqual(expected))) expect(isRefused).toBe(false);
      seen.add(`toMatchObject ${isRefused}`);
    }),
    { numRuns: 2000 },
  );
  expect(seen.size).toBe(6);
});

test("every assertion can hold and can fail", async () => {
  const holding: readonly (() => unknown)[] = [
    () => ours(1).toBe(1),
    () => ours(1).not.toBe(2),
    () => ours(undefined).toBeUndefined(),
    () => ours(0).toBeDefined(),
    () => ours(new TypeError("a")).toBeInstanceOf(Error),
    () => ours(1).toBeLessThan(2),
    () => ours(2).toBeLessThanOrEqual(2),
    () => ours(3n).toBeGreaterThan(2n),
    () => ours(2).toBeGreaterThanOrEqual(2),
    () => ours(0.1 + 0.2).toBeCloseTo(0.3, 9),
    () => ours("abc").toHaveLength(3),
    () => ours({ a: undefined }).toHaveProperty("a"),
    () => ours("abc").toContain("bc"),
    () => ours([1, 2]).toContain(2),
    () => ours("abc").toMatch(/^a/),
    () =>
      ours({ a: 1, b: "xyz", c: { d: 1, e: 2 }, f: 1.001 }).toStrictEqual({
        a: ours.any(Number),
        b: ours.stringContaining("y"),
        c: ours.objectContaining({ d: 1 }),
        f: ours.closeTo(1),
      }),
    () => ours("xyz").toEqual(ours.stringMatching(/z$/)),
  ];
  const failing: readonly (() => unknown)[] = [
    () => ours(1).toBe(2),
    () => ours(1).not.toBe(1),
    () => ours(0).toBeUndefined(),
    () => ours(undefined).toBeDefined(),
    () => ours({}).toBeInstanceOf(Error),
    () => ours(2).toBeLessThan(2),
    () => ours(3).toBeLessThanOrEqual(2),
    () => ours("3").toBeGreaterThan(2),
    () => ours(1).toBeGreaterThanOrEqual(2),
    () => ours(0.3).toBeCloseTo(0.31, 2),
    () => ours("abc").toHaveLength(2),
    () => ours({}).toHaveProperty("a"),
    () => ours("abc").toContain("d"),
    () => ours([1, 2]).toContain(3),
    () => ours(1).toMatch(/1/),
    () => ours({ a: "1" }).toStrictEqual({ a: ours.any(Number) }),
    () => ours("xyz").toEqual(ours.stringMatching(/x$/)),
    () => ours.unreachable(),
    () => ours.fail("no"),
  ];
  expect(holding.map(fails)).toStrictEqual(holding.map(() => false));
  expect(failing.map(fails)).toStrictEqual(failing.map(() => true));
  await ours(Promise.reject(new Error("a"))).rejects.toMatchObject({ message: "a" });
  await ours(Promise.resolve(1)).resolves.toBe(1);
  await expect(ours(Promise.resolve(1)).rejects.toBe(1)).rejects.toBeInstanceOf(AssertionError);
  await expect(ours(Promise.resolve(1)).resolves.toBe(2)).rejects.toBeInstanceOf(AssertionError);
});

test("a failure shows both values, and the note", () => {
  expect(() => ours({ a: 1 }, "the first").toEqual({ a: 2 })).toThrow(
    expect.objectContaining({
      message: "the first: expected { a: 1 } toEqual({ a: 2 })",
      actual: { a: 1 },
      expected: { a: 2 },
    }),
  );
});
