import { describe, expect, test } from "vitest";
import { readDocumentedElements, readDocumentedResult } from "./documented-result.ts";

const value = (of: unknown): unknown => ({ kind: "value", value: of });

describe("a comment that documents a result", () => {
  test("announces it with an arrow, a verb or the variable's name", () => {
    expect(readDocumentedResult(" => [1, 2]")).toEqual(value([1, 2]));
    expect(readDocumentedResult(" Returns: 'abc'")).toEqual(value("abc"));
    expect(readDocumentedResult(" Return value: 0")).toEqual(value(0));
    expect(readDocumentedResult(" returns true")).toEqual(value(true));
    expect(readDocumentedResult(" Output: -1.5")).toEqual(value(-1.5));
    expect(readDocumentedResult(" result will be { a: 1, 'b c': null }")).toEqual(
      value({ a: 1, "b c": null }),
    );
    expect(readDocumentedResult(" evens is now [2]", "evens")).toEqual(value([2]));
  });

  test("may be the bare literal, with a remark behind it", () => {
    expect(readDocumentedResult(" 3")).toEqual(value(3));
    expect(readDocumentedResult(" false (not a string)")).toEqual(value(false));
    expect(readDocumentedResult(" ✅")).toEqual(value(true));
  });

  test("may go on over several lines and hold brackets in strings", () => {
    expect(readDocumentedResult(" result will be:\n [\n   { a: '}' },\n   { a: 2 },\n ]")).toEqual(
      value([{ a: "}" }, { a: 2 }]),
    );
  });

  test("is told apart from prose", () => {
    expect(readDocumentedResult(" Using a predicate")).toBeUndefined();
    expect(readDocumentedResult(" 2 is the size of a chunk")).toBeUndefined();
    expect(readDocumentedResult(" arr: the array")).toBeUndefined();
  });

  test("is unusable when it is not a JSON literal, and says why", () => {
    const reason = (comment: string): unknown => readDocumentedResult(comment);
    expect(reason(" => undefined")).toEqual({
      kind: "unusable",
      reason: "the documented result is not JSON (undefined)",
    });
    expect(reason(" Returns: [1, NaN]")).toEqual({
      kind: "unusable",
      reason: "the documented result is not JSON (NaN)",
    });
    expect(reason(" => objects for ['fred']")).toEqual({
      kind: "unusable",
      reason: "the documented result is not a literal",
    });
    expect(reason(" numbers is now [1, 3]")).toEqual({
      kind: "unusable",
      reason: "the comment documents another variable",
    });
  });

  test("may give each element of the result its own name", () => {
    const comment = " even will be [2, 4], and odd will be [1, 3]";
    expect(readDocumentedElements(comment, ["even", "odd"])).toEqual(
      value([
        [2, 4],
        [1, 3],
      ]),
    );
    expect(readDocumentedElements(comment, ["even", "rest"])).toBeUndefined();
  });
});
