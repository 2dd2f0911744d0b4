import fc from "fast-check";
import { expect, test } from "vitest";
import type { RepertoireError } from "../base/errors.ts";
import { checkGlob, matchesGlob } from "./glob.ts";

function failure(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("a star stands for any run of characters, also an empty one", () => {
  const keys = ["search:", "search:pdf", "skill:search:", "search"];
  expect(keys.filter((key) => matchesGlob("search:*", key))).toEqual(["search:", "search:pdf"]);
  expect(keys.filter((key) => matchesGlob("*", key))).toEqual(keys);
  expect(keys.filter((key) => matchesGlob("s*:*", key))).toEqual([
    "search:",
    "search:pdf",
    "skill:search:",
  ]);
});

test("a question mark stands for exactly one character, whatever its width", () => {
  const keys = ["skill:a", "skill:", "skill:ab", "skill:😀", "skill:é"];
  expect(keys.filter((key) => matchesGlob("skill:?", key))).toEqual([
    "skill:a",
    "skill:😀",
    "skill:é",
  ]);
  expect(matchesGlob("*??", "😀")).toBe(false);
});

test("characters that mean something in a regular expression mean themselves", () => {
  expect(matchesGlob("a.b[0]+(c|d)^$\\", "a.b[0]+(c|d)^$\\")).toBe(true);
  expect(matchesGlob("a.b", "axb")).toBe(false);
  expect(matchesGlob("[ab]", "a")).toBe(false);
});

test("agrees with the regular expression it stands for", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "😀", "\n"), maxLength: 12 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "😀", "*", "?"), maxLength: 8 });
  fc.assert(
    fc.property(pattern, text, (glob, key) => {
      const source = glob.replaceAll("*", "[^]*").replaceAll("?", "[^]");
      expect(matchesGlob(glob, key)).toBe(new RegExp(`^${source}$`, "u").test(key));
    }),
    { numRuns: 5_000 },
  );
});

test("a pattern made to backtrack ends", { timeout: 2_000 }, () => {
  const key = "a".repeat(10_000);
  expect(matchesGlob(`${"*a".repeat(255)}*b`, key)).toBe(false);
  expect(matchesGlob(`*${"a".repeat(510)}b`, key)).toBe(false);
});

test("an empty, over-long or wrongly typed pattern is refused with its length or value", () => {
  const message = (pattern: unknown): unknown =>
    (failure(() => checkGlob(pattern as string)) as RepertoireError).message;
  expect(failure(() => checkGlob(""))).toMatchObject({ code: "INVALID_INPUT" });
  expect(message("")).toBe(
    "Expected `pattern` to be a string of 1 to 512 characters, got one of 0 characters",
  );
  expect(message("x".repeat(513))).toBe(
    "Expected `pattern` to be a string of 1 to 512 characters, got one of 513 characters",
  );
  expect(message(7)).toBe("Expected `pattern` to be a string of 1 to 512 characters, got 7");
  expect(failure(() => checkGlob("x".repeat(512)))).toBeUndefined();
});
