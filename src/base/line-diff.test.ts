import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unifiedDiff } from "./line-diff.ts";

function show(from: string, to: string): string[] {
  const signs = { same: " ", added: "+", removed: "-", hunk: "" };
  return unifiedDiff(from, to).map(({ kind, text }) => signs[kind] + text);
}

describe("unifiedDiff", () => {
  test("shows changes with three lines around them", () => {
    const from = ["1", "2", "3", "4", "5", "6", "7", "8", "9"].join("\n");
    const to = ["1", "2", "3", "4", "five", "6", "7", "8", "9"].join("\n");
    expect(show(from, to)).toEqual([
      "@@ -2 +2 @@",
      " 2",
      " 3",
      " 4",
      "-5",
      "+five",
      " 6",
      " 7",
      " 8",
    ]);
  });

  test("separates changes that are far apart", () => {
    const lines = Array.from({ length: 20 }, (_, index) => String(index));
    const to = ["new", ...lines.slice(0, 19)].join("\n");
    expect(show(lines.join("\n"), to)).toEqual([
      "@@ -1 +1 @@",
      "+new",
      " 0",
      " 1",
      " 2",
      "@@ -17 +18 @@",
      " 16",
      " 17",
      " 18",
      "-19",
    ]);
  });

  test("is empty for equal texts", () => {
    expect(show("a\nb\n", "a\nb\n")).toEqual([]);
  });

  test("gives either text back from its lines, with no more edits than needed", () => {
    const text = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 });
    fc.assert(
      fc.property(text, text, (from, to) => {
        const diff = unifiedDiff(from.join("\n"), to.join("\n")).filter(
          ({ kind }) => kind !== "hunk",
        );
        const removed = diff.filter(({ kind }) => kind === "removed").length;
        const added = diff.filter(({ kind }) => kind === "added").length;
        expect(added - removed).toBe(to.length - from.length);
        expect(removed).toBe(from.length - longestCommon(from, to));
        const texts = (skipped: string): string[] =>
          diff.filter(({ kind }) => kind !== skipped).map((line) => line.text);
        expect(isWithin(texts("added"), from)).toBe(true);
        expect(isWithin(texts("removed"), to)).toBe(true);
      }),
    );
  });

  test("shows texts that have nothing in common whole", () => {
    const from = Array.from({ length: 3000 }, (_, index) => `a${index}`).join("\n");
    const to = Array.from({ length: 3000 }, (_, index) => `b${index}`).join("\n");
    expect(unifiedDiff(from, to).length).toBe(6001);
  });
});

/** Length of the longest common subsequence, the slow way. */
function longestCommon(left: readonly string[], right: readonly string[]): number {
  const table = Array.from({ length: left.length + 1 }, () =>
    Array.from({ length: right.length + 1 }, () => 0),
  );
  for (let row = 1; row <= left.length; row++)
    for (let column = 1; column <= right.length; column++)
      (table[row] as number[])[column] =
        left[row - 1] === right[column - 1]
          ? (table[row - 1]?.[column - 1] ?? 0) + 1
          : Math.max(table[row - 1]?.[column] ?? 0, table[row]?.[column - 1] ?? 0);
  return table[left.length]?.[right.length] ?? 0;
}

/** Whether the lines appear in the text in this order. */
function isWithin(lines: readonly string[], text: readonly string[]): boolean {
  let at = 0;
  return lines.every((line) => {
    at = text.indexOf(line, at) + 1;
    return at > 0;
  });
}
