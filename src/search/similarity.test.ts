import { expect, test } from "vitest";
import { isNear, tellingWords, wordOverlap } from "./similarity.ts";

test("words count by their stems, in any order and case, without those that say nothing", () => {
  const counts = tellingWords({
    name: "countWords",
    description: "Count the words of a given text",
  });
  const counted = tellingWords({ name: "wordCount", description: "Counting a text's word" });
  expect([...counts]).toEqual(expect.arrayContaining(["coun", "word", "text"]));
  expect(counts).not.toContain("the");
  expect(wordOverlap(counts, counted)).toBeGreaterThanOrEqual(0.6);
  expect(wordOverlap(counts, counts)).toBe(1);
  expect(wordOverlap(counts, new Set(["zebra"]))).toBe(0);
  expect(wordOverlap(new Set(), new Set())).toBe(0);
});

test("near is a high cosine, or a lower one with many words in common, or words alone", () => {
  expect(isNear({ cosine: 0.95, overlap: 0 })).toBe(true);
  expect(isNear({ cosine: 0.88, overlap: 0.5 })).toBe(false);
  expect(isNear({ cosine: 0.88, overlap: 0.7 })).toBe(true);
  expect(isNear({ cosine: 0.8, overlap: 1 })).toBe(false);
  expect(isNear({ overlap: 0.7 })).toBe(false);
  expect(isNear({ overlap: 0.8 })).toBe(true);
});
