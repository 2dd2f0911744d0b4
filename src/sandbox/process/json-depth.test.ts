import fc from "fast-check";
import { expect, test } from "vitest";
import { isNestedDeeper } from "./json-depth.ts";

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test("the depth of any JSON is found from its text, whatever its strings hold", () => {
  const hostile = fc.string({ unit: fc.constantFrom("[", "{", "]", "}", '"', "\\", "a") });
  fc.assert(
    fc.property(fc.object({ key: hostile, values: [hostile], maxDepth: 4 }), (value) => {
      const depth = depthOf(value);
      const json = JSON.stringify(value);
      expect(isNestedDeeper(json, depth)).toBe(false);
      expect(isNestedDeeper(json, depth - 1)).toBe(true);
    }),
  );
});
