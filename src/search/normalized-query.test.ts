import { expect, test } from "vitest";
import { normalizedQuery } from "./normalized-query.ts";

test("a query loses case, control characters and spaces that say nothing, and what is too long", () => {
  expect(normalizedQuery("  Find\u0000\nthe\u00a0 “ﬁles”\u202e ")).toBe("find the “files”");
  expect(normalizedQuery(`${"é".repeat(499)} x`)).toBe("é".repeat(499));
  expect(normalizedQuery("\u0000")).toBe("");
});
