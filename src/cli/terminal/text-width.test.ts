import { expect, test } from "vitest";
import {
  cutToWidth,
  indented,
  oneLine,
  printable,
  printableJson,
  textWidth,
} from "./text-width.ts";

test("counts the columns a terminal takes", () => {
  const texts = ["abc", "日本", "é", "e\u0301", "👍🏽", "\u001B[31mred\u001B[39m", "\u200B"];
  expect(texts.map(textWidth)).toEqual([3, 4, 1, 1, 2, 3, 0]);
});

test("cuts without halving a character", () => {
  expect(cutToWidth("abcdef", 6)).toBe("abcdef");
  expect(cutToWidth("abcdef", 4)).toBe("abc…");
  expect(cutToWidth("日本語", 4)).toBe("日…");
});

test("takes the power over the screen from a text", () => {
  expect(printable("a\u001B]0;title\u0007b\tc\nd\r\ne\u202Ef")).toBe(
    "a\uFFFD]0;title\uFFFDb\tc\nd\ne\uFFFDf",
  );
  expect(oneLine("  a\n\n b\t")).toBe("a b");
});

test("lets no further line begin where one of ours does", () => {
  expect(indented("a\n  b\nok c\n d")).toBe("a\n  b\n  ok c\n   d");
});

test("escapes in JSON what could steer a terminal, and means the same", () => {
  const value = { "\u009B": ["\u007F\u2028", "a\u202Eb\u2066", "é\n\u001B日本👍"] };
  const text = printableJson(value);
  expect(text).toBe('{"\\u009b":["\\u007f\\u2028","a\\u202eb\\u2066","é\\n\\u001b日本👍"]}');
  expect(JSON.parse(text)).toEqual(value);
});
