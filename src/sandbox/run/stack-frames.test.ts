import { expect, test } from "vitest";
import { parseFrames, sourceExcerpt } from "./stack-frames.ts";

const CODE = 'const a = 1;\nconst é = "😀"; a.b.c;\n';

test("only frames of the program's file are kept, with columns in UTF-16 units", () => {
  const stack = [
    "    at map (native)",
    "    at inner (s@1.js:2:19)",
    "    at <anonymous> (<input>:1:1)",
    "    at invoke (<host>:9:9)",
    "    at s@1.js:1:7",
  ].join("\n");
  expect(parseFrames(stack, "s@1.js", CODE)).toEqual([
    { functionName: "inner", file: "s@1.js", line: 2, column: 16 },
    { functionName: "<anonymous>", file: "s@1.js", line: 1, column: 7 },
  ]);
});

test("a file name that looks like a pattern is taken literally", () => {
  expect(parseFrames("    at f (aXb@1.js:1:1)", "a.b@1.js", CODE)).toEqual([]);
});

test("an excerpt keeps tabs before its caret", () => {
  expect(sourceExcerpt("\t\tx.y;", 1, 5)).toBe("\t\tx.y;\n\t\t  ^");
});

test("an excerpt of a long line is cut around its column", () => {
  const [line, caret] = (
    sourceExcerpt(`${"a".repeat(500)}!${"b".repeat(500)}`, 1, 501) ?? ""
  ).split("\n");
  expect(line?.length).toBe(120);
  expect(line?.[caret?.indexOf("^") ?? -1]).toBe("!");
});

test("a line that is not there has no excerpt", () => {
  expect(sourceExcerpt("a", 2, 1)).toBe(undefined);
});

test("frames outside the source are dropped, and long names are cut", () => {
  const stack = [
    "    at below (s@1.js:3:1)",
    "    at far (s@1.js:4:1)",
    "    at before (s@1.js:0:1)",
    `    at ${"f".repeat(500)} (s@1.js:1:0)`,
    `    at ${"f".repeat(5000)} (s@1.js:1:1)`,
  ].join("\n");
  expect(parseFrames(stack, "s@1.js", CODE)).toEqual([
    { functionName: "below", file: "s@1.js", line: 3, column: 1 },
    { functionName: "f".repeat(100), file: "s@1.js", line: 1, column: 1 },
  ]);
});

test("an identifier on the first line is found where it begins", () => {
  const code = "export default () => { throw new Oops(x.y); }";
  // The engine points behind the first character of identifiers, and at that of all else.
  const stack = "    at f (s@1.js:1:35)\n    at g (s@1.js:1:39)\n    at h (s@1.js:1:41)";
  expect(parseFrames(stack, "s@1.js", code).map(({ column }) => code.slice(column - 1))).toEqual([
    "Oops(x.y); }",
    "x.y); }",
    "y); }",
  ]);
});

test("lines may end in other ways than with a line feed", () => {
  expect(parseFrames("    at f (s@1.js:2:1)", "s@1.js", "a;\rb;")).toMatchObject([{ line: 2 }]);
  expect(sourceExcerpt("a;\u2028b.c;", 2, 2)).toBe("b.c;\n ^");
  expect(sourceExcerpt("a;\r\n\tb.c;\r\n", 2, 3)).toBe("\tb.c;\n\t ^");
});

test("an excerpt does not cut a character in two", () => {
  for (const column of [200, 201, 202, 203]) {
    const excerpt = sourceExcerpt("\u{1F600}".repeat(200), 1, column) ?? "";
    expect(excerpt.isWellFormed()).toBe(true);
  }
});
