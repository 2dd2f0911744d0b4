import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CALLER_LIFT,
  learnedQueries,
  MAX_LEARNED_LIFT,
  type LearnedQueries,
  type LearnedQuery,
} from "./learned-queries.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
let nextId = 1;

function use(query: string, skillId: string, more: Partial<LearnedQuery> = {}): LearnedQuery {
  return { id: nextId++, query, skillId, caller: "", lastAtMs: 0, ...more };
}

function learned(...uses: readonly LearnedQuery[]): LearnedQueries {
  const queries = learnedQueries(2);
  for (const each of uses) queries.put(each);
  return queries;
}

/** A unit vector with this cosine to the first axis. */
function at(cosine: number): Float32Array {
  return Float32Array.of(cosine, Math.sqrt(1 - cosine * cosine));
}

function lifts(queries: LearnedQueries, text: string, vector?: Float32Array, nowMs = 0): unknown {
  const query = { text, nowMs, ...(vector === undefined ? {} : { vector }) };
  return [...queries.signals(query)].map(([id, { lift }]) => [id, lift]);
}

describe("learned queries", () => {
  test("say of a query with the same words, or the same meaning, where it led before", () => {
    const queries = learned(use("send a letter", "mail"), use("sort numbers", "sort"));
    const same = { lift: CALLER_LIFT, similarity: 1 };
    expect(queries.signals({ text: "Send the letter", nowMs: 0 })).toEqual(
      new Map([["mail", same]]),
    );
    expect(queries.signals({ text: "post a note", nowMs: 0 })).toEqual(new Map());
    queries.setVector("send a letter", at(1));
    queries.setVector("sort numbers", at(0));
    const [found] = [...queries.signals({ text: "post a note", vector: at(0.9), nowMs: 0 })];
    expect(found).toEqual([
      "mail",
      { lift: expect.any(Number), similarity: expect.closeTo(0.9, 1) },
    ]);
    expect(found?.[1].lift).toBeGreaterThan(0.08);
    expect(lifts(queries, "letters to send", at(0.2))).toEqual([["sort", expect.any(Number)]]);
  });

  test("count when they are the same, whatever their vectors, and once", () => {
    const queries = learned(use("send a letter", "mail"), use("post", "other"));
    queries.setVector("post", at(0.1));
    expect(queries.withoutVector).toEqual(["send a letter"]);
    expect(lifts(queries, " Send a LETTER", at(1))).toEqual([["mail", CALLER_LIFT]]);
    expect(lifts(queries, "Post", at(1))).toEqual([["other", CALLER_LIFT]]);
  });

  test("count half when they are ninety days old", () => {
    const queries = learned(use("send", "mail"));
    expect(lifts(queries, "send", undefined, 90 * DAY_MS)).toEqual([
      ["mail", expect.closeTo(CALLER_LIFT * Math.log2(1.5))],
    ]);
  });

  test("are gone when removed, and replaced when put again", () => {
    const first = use("send", "mail");
    const queries = learned(first, use("send", "post"));
    queries.put({ ...first, query: "write" });
    expect(lifts(queries, "send")).toEqual([["post", CALLER_LIFT]]);
    expect(lifts(queries, "write")).toEqual([["mail", CALLER_LIFT]]);
    queries.remove(first.id);
    queries.remove(first.id);
    expect([queries.size, queries.withoutVector]).toEqual([1, ["send"]]);
    expect(lifts(queries, "write")).toEqual([]);
    queries.clear();
    expect([queries.size, queries.withoutVector, lifts(queries, "send")]).toEqual([0, [], []]);
  });

  test("of one caller, however many, lift a skill no further than one caller may", () => {
    const flood = Array.from({ length: 1000 }, (_, n) => use(`send ${n}`, "mail"));
    const queries = learned(...flood);
    for (const { query } of flood) queries.setVector(query, at(1));
    expect(lifts(queries, "send", at(1))).toEqual([["mail", expect.closeTo(CALLER_LIFT)]]);
  });

  test("of several callers lift it further, up to a bound", () => {
    const callers = (count: number): number =>
      learned(...Array.from({ length: count }, (_, n) => use("send", "mail", { caller: `${n}` })))
        .signals({ text: "send", nowMs: 0 })
        .get("mail")!.lift;
    expect(callers(3)).toBeCloseTo(2 * CALLER_LIFT);
    expect(callers(7)).toBeCloseTo(MAX_LEARNED_LIFT);
    expect(callers(500)).toBe(MAX_LEARNED_LIFT);
  });

  test("are told by skill, those of most callers first, then the latest", () => {
    const queries = learned(
      use("old", "mail", { lastAtMs: 1 }),
      use("new", "mail", { lastAtMs: 2 }),
      use("often", "mail", { caller: "a" }),
      use("often", "mail", { caller: "b" }),
      use("other", "fax"),
    );
    expect(queries.leadingTo("mail", 10)).toEqual(["often", "new", "old"]);
    expect(queries.leadingTo("mail", 1)).toEqual(["often"]);
    expect(queries.leadingTo("none", 1)).toEqual([]);
  });

  test("keep their bounds for any uses of any callers", () => {
    const one = fc.record({
      query: fc.constantFrom("a b", "a c", "b c", "c d", ""),
      skillId: fc.constantFrom("x", "y"),
      caller: fc.constantFrom("", "1", "2"),
      lastAtMs: fc.integer({ min: -1000, max: 1000 }),
      cosine: fc.option(fc.double({ min: -1, max: 1, noNaN: true })),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 40 }), fc.boolean(), (uses, hasVector) => {
        const queries = learnedQueries(2);
        for (const [id, { cosine, ...rest }] of uses.entries()) {
          queries.put({ id, ...rest });
          if (cosine !== null) queries.setVector(rest.query, at(cosine));
        }
        const vector = hasVector ? { vector: at(1) } : {};
        for (const [skillId, { lift }] of queries.signals({ text: "a b", nowMs: 0, ...vector })) {
          const callers = new Set(
            uses.filter((each) => each.skillId === skillId).map((each) => each.caller),
          );
          expect(lift).toBeGreaterThan(0);
          expect(lift).toBeLessThanOrEqual(CALLER_LIFT * Math.log2(1 + callers.size) + 1e-9);
        }
        for (const id of uses.keys()) queries.remove(id);
        expect([queries.size, queries.withoutVector]).toEqual([0, []]);
      }),
    );
  });
});
