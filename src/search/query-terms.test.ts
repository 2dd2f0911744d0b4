import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { queryTerms } from "./query-terms.ts";

describe("queryTerms", () => {
  test("splits identifiers and keeps their joined form", () => {
    expect(queryTerms("parseCSVFile")).toEqual(["parse", "csv", "file", "parsecsvfile"]);
    expect(queryTerms("snake_case kebab-case")).toEqual([
      "snake",
      "case",
      "snakecase",
      "kebab",
      "kebabcase",
    ]);
    expect(queryTerms("sha256")).toEqual(["sha", "256", "sha256"]);
    expect(queryTerms("URLs e-mail")).toEqual(["urls", "e", "mail", "email"]);
  });

  test("has the name of what comes with a number at its end", () => {
    expect(queryTerms("OAuth2")).toEqual(["o", "auth", "2", "oauth2", "oauth"]);
    expect(queryTerms("utf8")).toEqual(["utf", "8", "utf8"]);
  });

  test("drops stop words and repeats", () => {
    expect(queryTerms("Please can you find me the Weather, WEATHER in Rome?")).toEqual([
      "find",
      "weather",
      "rome",
    ]);
    expect(queryTerms("don't the user's files")).toEqual(["user", "files"]);
  });

  test("keeps stop words when there is nothing else", () => {
    expect(queryTerms("who is it")).toEqual(["who", "is", "it"]);
  });

  test("finds nothing in blanks and symbols", () => {
    expect(queryTerms(" ?!*()\"' \t")).toEqual([]);
    expect(queryTerms("")).toEqual([]);
  });

  test("takes at most 64 terms of at most 64 characters", () => {
    const many = Array.from({ length: 200 }, (_, n) => `w${String.fromCodePoint(0x4e00 + n)}`);
    expect(queryTerms(many.join(" "))).toHaveLength(64);
    expect(queryTerms("x".repeat(1000))).toEqual(["x".repeat(64)]);
  });

  test("reads scripts without spaces in pairs of characters", () => {
    expect(queryTerms("全文検索")).toEqual(["全文", "文検", "検索"]);
  });
});

test("gives letters, marks and digits only, whatever the text", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.constantFrom('"', "*", "NEAR", "(", ")", ":", "a", "-", "^", "\0")).map(String),
  );
  fc.assert(
    fc.property(text, (query) => {
      const terms = queryTerms(query);
      expect(terms.every((term) => /^[\p{L}\p{M}\p{N}\uD800-\uDFFF]+$/u.test(term))).toBe(true);
    }),
  );
});
