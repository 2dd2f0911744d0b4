import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { COSINE_WORTH, fuse as fuseBy } from "./fusion.ts";
import type { FusedHit, FusionCandidate, FusionEvidence } from "./fusion.ts";

interface Named extends FusionCandidate {
  readonly id: string;
}

function fuse<Candidate extends Named>(
  candidates: readonly Candidate[],
  evidence: FusionEvidence,
): readonly FusedHit<Candidate>[] {
  return fuseBy(candidates, evidence, ({ id }) => id);
}

const cosineRange = { lowest: 0.2, highest: 0.8 };

describe("fuse", () => {
  test("adds both parts, each by what it tells the documents apart", () => {
    const both = { id: "both", bm25: 0.45 * COSINE_WORTH, cosine: 0.5 };
    const word = { id: "word", bm25: 0.9 * COSINE_WORTH, cosine: 0.2 };
    const near = { id: "near", cosine: 0.8 };
    // The best of the words are worth a cosine of 0.9, the nearest one of 0.6 more than the farthest.
    const hits = fuse([both, word, near], { terms: 3, cosineRange });
    expect(hits).toEqual([
      {
        candidate: word,
        score: expect.closeTo(0.6),
        keywordScore: 1,
        vectorScore: 0,
        learnedScore: 0,
      },
      {
        candidate: both,
        score: expect.closeTo(0.5),
        keywordScore: 0.5,
        vectorScore: expect.closeTo(0.5),
        learnedScore: 0,
      },
      {
        candidate: near,
        score: expect.closeTo(0.4),
        keywordScore: 0,
        vectorScore: 1,
        learnedScore: 0,
      },
    ]);
  });

  test("takes nothing for near that is at a right angle or beyond, though it is the nearest", () => {
    const away = { id: "away", bm25: 2, cosine: -0.4 };
    const range = { lowest: 0, highest: -0.4 };
    expect(fuse([away], { terms: 3, cosineRange: range })).toMatchObject([
      { score: 1, keywordScore: 1, vectorScore: 0 },
    ]);
  });

  test("lets telling words decide, and meaning where the words tell nothing", () => {
    const candidates = (bm25: number) => [
      { id: "word", bm25, cosine: 0.3 },
      { id: "near", bm25: 0.1, cosine: 0.8 },
    ];
    const first = (bm25: number) =>
      fuse(candidates(bm25), { terms: 3, cosineRange })[0]!.candidate.id;
    expect([first(COSINE_WORTH), first(1)]).toEqual(["word", "near"]);
  });

  test("lets words have a say though every one of them is common", () => {
    const word = { id: "word", bm25: 1e-6, cosine: 0.5 };
    const near = { id: "near", cosine: 0.55 };
    const hits = fuse([near, word], { terms: 3, cosineRange: { lowest: 0, highest: 0.55 } });
    expect(hits.map(({ candidate }) => candidate)).toEqual([word, near]);
  });

  test("lets a query of a word or two be looked up", () => {
    const inCode = { id: "in-code", bm25: 1, cosine: 0.3 };
    const near = { id: "near", cosine: 0.8 };
    const first = (terms: number) => fuse([near, inCode], { terms, cosineRange })[0]!.candidate.id;
    expect([first(2), first(3)]).toEqual(["in-code", "near"]);
  });

  test("judges what has no vector by its words alone", () => {
    const pending = { id: "pending", bm25: 9 };
    const known = { id: "known", bm25: 10, cosine: 0.3 };
    const near = { id: "near", cosine: 0.8 };
    const hits = fuse([pending, known, near], { terms: 3, cosineRange });
    expect(hits.map(({ candidate, score }) => [candidate.id, score])).toEqual([
      ["pending", 0.9],
      ["near", expect.closeTo(24 / 34)],
      ["known", expect.closeTo(14 / 34)],
    ]);
  });

  test("gives the whole weight to the only evidence there is", () => {
    const candidate = { id: "a", bm25: 3, cosine: 0.8 };
    expect(fuse([candidate], { terms: 3 })[0]!.score).toBe(1);
    expect(fuse([{ id: "a", cosine: 0.8 }], { terms: 0, cosineRange })[0]!.score).toBe(1);
  });

  test("adds what was learned, which decides where the rest is close", () => {
    const candidates = [
      { id: "best", bm25: 10 },
      { id: "close", bm25: 9.5, lift: 0.1 },
      { id: "far", bm25: 5, lift: 0.3 },
    ];
    const hits = fuse(candidates, { terms: 3 });
    expect(
      hits.map(({ candidate, score, learnedScore }) => [candidate.id, score, learnedScore]),
    ).toEqual([
      ["close", expect.closeTo(1.05), 0.1],
      ["best", 1, 0],
      ["far", expect.closeTo(0.8), 0.3],
    ]);
  });

  test("orders ties by id", () => {
    const hits = fuse(
      ["b", "a", "C"].map((id) => ({ id, bm25: 1 })),
      { terms: 3 },
    );
    expect(hits.map(({ candidate }) => candidate.id)).toEqual(["C", "a", "b"]);
  });

  test("keeps every part in 0…1, best first, for any candidates", () => {
    const candidate = fc.record(
      {
        id: fc.string(),
        bm25: fc.double({ min: 0, max: 1e6, noNaN: true }),
        cosine: fc.double({ min: -1, max: 1, noNaN: true }),
      },
      { requiredKeys: ["id"] },
    );
    const range = fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(candidate), range, fc.nat({ max: 4 }), (candidates, ends, terms) => {
        const [lowest, highest] = ends.toSorted((a, b) => a - b) as [number, number];
        const hits = fuse(candidates, { terms, cosineRange: { lowest, highest } });
        expect(hits).toHaveLength(candidates.length);
        for (const [n, { score, keywordScore, vectorScore }] of hits.entries()) {
          for (const part of [score, keywordScore, vectorScore]) {
            expect(part >= 0 && part <= 1).toBe(true);
          }
          if (n > 0) expect(score).toBeLessThanOrEqual(hits[n - 1]!.score);
        }
      }),
    );
  });
});
