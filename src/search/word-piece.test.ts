import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_TOKENS, wordPieceTokenizer } from "./word-piece.ts";

const VOCABULARY = [
  "[UNK]",
  "##ing",
  "walk",
  "walking",
  "##s",
  "cafe",
  ",",
  "-",
  "un",
  "##aff",
  "##able",
  "日",
  "本",
  "$",
];

const tokenizer = await wordPieceTokenizer(VOCABULARY);

function tokenize(text: string): readonly number[] {
  return tokenizer.tokenize(text);
}

function pieces(text: string): readonly string[] {
  return tokenize(text).map((token) => VOCABULARY[token]!);
}

describe("wordPieceTokenizer", () => {
  test("takes the longest entry first and marks continuations", () => {
    expect(pieces("walks walking unaffable")).toEqual([
      "walk",
      "##s",
      "walking",
      "un",
      "##aff",
      "##able",
    ]);
  });

  test("ignores case and accents, composed or not", () => {
    expect(pieces("Café CAFE\u0301 cafe")).toEqual(["cafe", "cafe", "cafe"]);
  });

  test("splits at punctuation, ASCII symbols and ideographs", () => {
    expect(pieces("walk,cafe-$walk日本")).toEqual([
      "walk",
      ",",
      "cafe",
      "-",
      "$",
      "walk",
      "日",
      "本",
    ]);
  });

  test("leaves out a word that has an unknown part, and keeps its neighbours", () => {
    expect(pieces("walk walkzzz cafe")).toEqual(["walk", "cafe"]);
    expect(pieces("[UNK]")).toEqual([]);
  });

  test("drops control and format characters but parts words at line breaks", () => {
    expect(pieces("wa\u0000l\u200Dk\ncafe\twalk")).toEqual(["walk", "cafe", "walk"]);
  });

  test("treats a word of more than 100 characters as unknown", () => {
    expect(pieces(`walk${"s".repeat(96)}`)).toHaveLength(97);
    expect(pieces(`walk${"s".repeat(97)}`)).toEqual([]);
  });

  test("stops at the most tokens a text may have", () => {
    expect(tokenize("walk ".repeat(1000))).toHaveLength(MAX_TOKENS);
  });

  test("copes with a megabyte in one word or of blanks", () => {
    expect(tokenize("a".repeat(1_000_000))).toEqual([]);
    expect(tokenize(" ".repeat(1_000_000))).toEqual([]);
    expect(tokenize("un".repeat(500_000))).toEqual([]);
  });

  test("returns known tokens only, for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const tokens = tokenize(text);
        expect(tokens.every((token) => token > 0 && token < VOCABULARY.length)).toBe(true);
      }),
    );
  });
});
