import { describe, expect, test } from "vitest";
import { isConfident } from "./confidence.ts";
import { indexDocument } from "./search-index.contract.ts";
import type { IndexHit } from "./search-index.ts";

const { summary } = indexDocument("extract_emails", {
  name: "Extract e-mail addresses",
  description: "Finds them in a text",
});

function hit(cosine: number | undefined, keywordScore = 1): IndexHit {
  const scores = { summary, score: 1, keywordScore, vectorScore: 1, learnedScore: 0 };
  return cosine === undefined ? scores : { ...scores, cosine };
}

function crowd(cosine: number | undefined, keywordScore: number): IndexHit[] {
  return Array.from({ length: 19 }, () => hit(cosine, keywordScore));
}

describe("isConfident", () => {
  test("holds when the best hit means the same as the query", () => {
    expect(isConfident([hit(0.95, 0)], "harvest contacts")).toBe(true);
    expect(isConfident([hit(0.2), hit(0.95)], "harvest contacts")).toBe(false);
  });

  test("holds when the best hit is somewhat near and stands out from the others", () => {
    expect(isConfident([hit(0.5), ...crowd(0.3, 0.2)], "harvest contacts")).toBe(true);
    expect(isConfident([hit(0.5), ...crowd(0.3, 0.8)], "harvest contacts")).toBe(false);
    expect(isConfident([hit(0.5, 0), ...crowd(0.3, 0)], "harvest contacts")).toBe(false);
  });

  test("without vectors holds when the best hit has the query's words, in another form too", () => {
    expect(isConfident([hit(undefined)], "extracting the email address")).toBe(true);
    expect(
      isConfident([hit(undefined)], "extract juice of ripe yellow oranges before breakfast"),
    ).toBe(false);
    const common = [hit(undefined), ...crowd(undefined, 1)];
    expect(isConfident(common, "extract email from ripe oranges")).toBe(true);
    expect(isConfident(common, "extract juice of oranges")).toBe(false);
  });

  test("does not hold without a hit or without words", () => {
    expect(isConfident([], "extract")).toBe(false);
    expect(isConfident([hit(undefined, 0)], "?")).toBe(false);
  });
});
