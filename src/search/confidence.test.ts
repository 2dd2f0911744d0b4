import { describe, expect, test } from "vitest";
import { isConfident } from "./confidence.ts";
import { indexDocument } from "./search-index.contract.ts";
import type { IndexHit } from "./search-index.ts";

const { summary } = indexDocument("extract_emails", {
  name: "Extract e-mail addresses",
  description: "Finds them in a text",
});

function hit(cosine?: number): IndexHit {
  const scores = { summary, score: 1, keywordScore: 1, vectorScore: 1 };
  return cosine === undefined ? scores : { ...scores, cosine };
}

describe("isConfident", () => {
  test("holds when the best hit means the same as the query", () => {
    expect(isConfident([hit(0.7), hit(0.1)], "harvest contacts")).toBe(true);
    expect(isConfident([hit(0.2), hit(0.7)], "harvest contacts")).toBe(false);
  });

  test("holds when the best hit has the query's words, in another form too", () => {
    expect(isConfident([hit()], "extracting the email address")).toBe(true);
    expect(isConfident([hit(0.1)], "extract juice of ripe oranges")).toBe(false);
  });

  test("does not hold without a hit or without words", () => {
    expect(isConfident([], "extract")).toBe(false);
    expect(isConfident([hit()], "?")).toBe(false);
  });
});
