import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "./json.ts";
import type { JsonValue } from "./json.ts";
import { compareField, mergeEntries, mergeMembers, mergeSets, outcomeOf } from "./three-way.ts";

test("a field that neither side changed is no difference", () => {
  expect(compareField("f", { base: [1], theirs: [1], yours: [1] })).toBeUndefined();
  expect(
    compareField("f", { base: undefined, theirs: undefined, yours: undefined }),
  ).toBeUndefined();
});

test("each way that two sides can differ is named, with the values there are", () => {
  const fate = (base: JsonValue | undefined, theirs?: JsonValue, yours?: JsonValue) =>
    compareField("f", { base, theirs, yours });
  expect(fate("a", "b", "a")).toStrictEqual({
    field: "f",
    change: "theirs",
    base: "a",
    theirs: "b",
    yours: "a",
  });
  expect(fate("a", "a", undefined)).toStrictEqual({
    field: "f",
    change: "yours",
    base: "a",
    theirs: "a",
  });
  expect(fate("a", "b", "b")?.change).toBe("same");
  expect(fate("a", "b", "c")?.change).toBe("conflict");
  expect(fate("a", undefined, "c")?.change).toBe("conflict");
  expect(fate(undefined, "b", undefined)?.change).toBe("theirs");
});

test("the order of an object's members is no difference", () => {
  const base = { a: 1, b: 2 };
  expect(compareField("f", { base, theirs: { b: 2, a: 1 }, yours: base })).toBeUndefined();
});

test("sets are merged by what either side added and removed", () => {
  const sides = { base: ["a", "b"], theirs: ["c", "a", "b"], yours: ["b", "d"] };
  expect(compareField("tags", sides, mergeSets)).toMatchObject({
    change: "merged",
    merged: ["c", "b", "d"],
  });
});

test("entries that both sides took away are a conflict, since that may be two edits of one", () => {
  const base = [{ n: 1 }, { n: 2 }];
  expect(
    mergeEntries({ base, theirs: [...base, { n: 3 }], yours: [{ n: 1 }, { n: 4 }] }),
  ).toStrictEqual([{ n: 1 }, { n: 3 }, { n: 4 }]);
  expect(
    mergeEntries({ base, theirs: [{ n: 1 }, { n: 3 }], yours: [{ n: 1 }, { n: 4 }] }),
  ).toBeUndefined();
});

test("objects are merged by their members, whatever those are called", () => {
  const merge = mergeMembers();
  const base = { keep: 1, constructor: 2 };
  expect(
    merge({
      base,
      theirs: { ...base, toString: 3 },
      yours: { keep: 1, valueOf: 4 },
    }),
  ).toStrictEqual({ keep: 1, toString: 3, valueOf: 4 });
  expect(merge({ base, theirs: { ...base, keep: 5 }, yours: { ...base, keep: 6 } })).toBe(
    undefined,
  );
});

const list: fc.Arbitrary<readonly string[]> = fc.uniqueArray(
  fc.constantFrom("a", "b", "c", "d", "e"),
  { maxLength: 5 },
);

test("merging sets keeps every addition and removal, whoever is called the other", () => {
  fc.assert(
    fc.property(list, list, list, (base, theirs, yours) => {
      const merged = mergeSets({ base, theirs, yours }) as string[];
      const other = mergeSets({ base, theirs: yours, yours: theirs }) as string[];
      expect(merged.toSorted()).toStrictEqual(other.toSorted());
      for (const each of ["a", "b", "c", "d", "e"]) {
        const isKept = base.includes(each)
          ? theirs.includes(each) && yours.includes(each)
          : theirs.includes(each) || yours.includes(each);
        expect(merged.includes(each)).toBe(isKept);
      }
    }),
  );
});

test("what one side alone changed is what comes out", () => {
  const value = fc.option(fc.jsonValue(), { nil: undefined }) as fc.Arbitrary<
    JsonValue | undefined
  >;
  fc.assert(
    fc.property(value, value, (base, changed) => {
      const text = (each: JsonValue | undefined) =>
        each === undefined ? undefined : canonicalJson(each);
      fc.pre(text(base) !== text(changed));
      const theirs = compareField("f", { base, theirs: changed, yours: base });
      const yours = compareField("f", { base, theirs: base, yours: changed });
      expect([theirs?.change, yours?.change]).toStrictEqual(["theirs", "yours"]);
      expect(text(outcomeOf(theirs!))).toBe(text(changed));
      expect(text(outcomeOf(yours!))).toBe(text(changed));
    }),
  );
});
