import fc from "fast-check";
import { expect, test } from "vitest";
import { fuse } from "./fusion.ts";
import { mergeHits } from "./merge-hits.ts";
import { indexDocument } from "./search-index.contract.ts";
import type { IndexHit } from "./search-index.ts";
import { textScorer } from "./text-scorer.ts";

interface Known {
  readonly id: string;
  readonly bm25: number;
  readonly cosine: number;
}

/** What an index answers that holds these documents alone. */
function indexHits(known: readonly Known[]): readonly IndexHit[] {
  const highest = known.reduce((top, { cosine }) => Math.max(top, cosine), 0);
  const evidence = { terms: 1, cosineRange: { lowest: 0, highest } };
  const fused = fuse(known, evidence, ({ id }) => id);
  return fused.map(({ candidate: { id, bm25, cosine }, ...scores }) => ({
    summary: indexDocument(id).summary,
    bm25,
    cosine,
    ...scores,
  }));
}

const positive = fc.double({ min: 0.05, max: 1, noNaN: true });
const documents = fc.uniqueArray(
  fc.record({
    id: fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom("a", "b", "c") }),
    bm25: positive,
    cosine: positive,
  }),
  { minLength: 2, maxLength: 12, selector: ({ id }) => id },
);

test("documents from elsewhere rank as if the index held them, where the scales are known", () => {
  fc.assert(
    fc.property(documents, fc.nat(), positive, (known, at, scale) => {
      const inside = 1 + (at % (known.length - 1));
      const hits = indexHits(known.slice(0, inside));
      const outside = known.slice(inside).map(({ id, bm25, cosine }) => ({
        summary: indexDocument(id).summary,
        relevance: bm25 * scale,
        cosine,
      }));
      const anchors = new Map(known.map(({ id, bm25 }) => [id, bm25 * scale]));
      const request = { text: "query", limit: 20, learned: new Map(), anchors };
      const merged = new Map(
        mergeHits(hits, outside, request).map(({ summary, score }) => [summary.id, score]),
      );
      const expected = indexHits(known);
      expect(merged.size).toBe(expected.length);
      for (const { summary, score } of expected)
        expect(merged.get(summary.id)).toBeCloseTo(score, 6);
    }),
  );
});

test("what neither words nor meaning nor use bring is left out", () => {
  const outside = ["none", "learned", "hardly"].map((id) => ({
    summary: indexDocument(id).summary,
    relevance: 0,
  }));
  const learned = new Map([
    ["learned", { lift: 0.1, similarity: 0.9 }],
    ["hardly", { lift: 0.1, similarity: 0.5 }],
  ]);
  const merged = mergeHits([], outside, { text: "q", limit: 9, learned, anchors: new Map() });
  expect(merged.map(({ summary, learnedScore }) => [summary.id, learnedScore])).toStrictEqual([
    ["learned", 0.1],
  ]);
});

test("a text scorer finds words in any form, and the rarer ones count more", () => {
  const scorer = textScorer();
  for (const [id, description] of [
    ["a", "extracts emails"],
    ["b", "extracts links"],
    ["c", "extracts links"],
    ["d", "something else"],
    ["e", "another thing"],
  ] as const)
    scorer.add(indexDocument(id, { description }));
  scorer.add(indexDocument("a", { description: "what is there already stays" }));
  const scores = scorer.score("extract an email");
  expect([...scores.keys()].toSorted()).toStrictEqual(["a", "b", "c"]);
  expect(scores.get("a")).toBeGreaterThan(scores.get("b")!);
  expect(scorer.score("stays").size).toBe(0);
  expect(scorer.score("!?").size).toBe(0);
  expect([scorer.has("a"), scorer.has("z")]).toStrictEqual([true, false]);
});
