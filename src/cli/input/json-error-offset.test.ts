import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonErrorOffset } from "./json-error-offset.ts";

describe("jsonErrorOffset", () => {
  test.each([
    ["{", 1],
    ['{"a":1,}', 7],
    ['{"a" 1}', 5],
    ["[1,,2]", 3],
    ["[1 2]", 3],
    ["[1}", 2],
    ['{"a":tru}', 5],
    ["01", 0],
    ["1.", 0],
    ['"a\nb"', 0],
    ['"\\x"', 0],
    ["'a'", 0],
    ["{} {}", 3],
    ["// c\n1", 0],
    ['{\n  "a": 1\n  "b": 2\n}', 13],
    ["", 0],
  ])("points into %j at %d", (text, offset) => {
    expect(jsonErrorOffset(text)).toBe(offset);
  });

  test("takes every valid text up to its end", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 3 }), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(jsonErrorOffset(`${text} `)).toBe(text.length + 1);
      }),
    );
  });

  test("is at once done with a long text that never closes", () => {
    expect(jsonErrorOffset(`"${"a\\n".repeat(500_000)}`)).toBe(0);
    expect(jsonErrorOffset("[".repeat(500_000))).toBe(500_000);
  });
});
