import { afterEach, contractSuite, test } from "../testing/contract/contract-suite.ts";
import type { ContractSuite } from "../testing/contract/contract-suite.ts";
import { expect } from "../testing/contract/expect.ts";
import type { IndexDocument, IndexFilter, IndexHit, SearchIndex } from "./search-index.ts";

/** Length of the vectors that {@link searchIndexContract} feeds. */
export const CONTRACT_DIMENSIONS = 4;

const ACTIVE: IndexFilter = { status: "active" };

/** A document for tests: what is not given is empty, and the name is the id. */
export function indexDocument(
  id: string,
  {
    vector,
    parameters = "",
    instructions = "",
    code = "",
    ...summary
  }: Partial<Omit<IndexDocument, "summary"> & IndexDocument["summary"]> = {},
): IndexDocument {
  return {
    summary: {
      id,
      version: 1,
      name: id,
      description: "",
      category: "general",
      tags: [],
      status: "active",
      executable: true,
      updatedAt: "2026-01-01T00:00:00.000Z",
      ...summary,
    },
    parameters,
    instructions,
    code,
    ...(vector ? { vector } : {}),
  };
}

/** A unit-length vector in the plane of the first two components. */
export function direction(degrees: number): Float32Array {
  const radians = (degrees * Math.PI) / 180;
  return Float32Array.of(Math.cos(radians), Math.sin(radians), 0, 0);
}

export function idsOf(hits: readonly IndexHit[]): readonly string[] {
  return hits.map(({ summary }) => summary.id);
}

/**
 * What every search index does.
 *
 * @param create makes an empty index for vectors of {@link CONTRACT_DIMENSIONS}
 */
export function searchIndexContract(
  name: string,
  create: () => Promise<SearchIndex>,
): ContractSuite {
  return contractSuite(`${name} is a search index`, () => {
    const opened: SearchIndex[] = [];

    afterEach(async () => {
      await Promise.all(opened.splice(0).map((index) => index.close()));
    });

    async function indexOf(...documents: readonly IndexDocument[]): Promise<SearchIndex> {
      const index = await create();
      opened.push(index);
      if (documents.length > 0)
        await index.apply({ upserts: documents, removals: [], revision: 1 });
      return index;
    }

    async function find(
      index: SearchIndex,
      text: string,
      filter: IndexFilter = ACTIVE,
    ): Promise<readonly string[]> {
      return idsOf((await index.search({ text, filter, limit: 10 })).hits);
    }

    test("starts empty at revision 0", async () => {
      const index = await indexOf();
      expect((await index.state()).revision).toBe(0);
      expect(await index.state()).toMatchObject({ skills: 0, vectors: 0, pending: 0 });
      expect(await find(index, "anything")).toEqual([]);
    });

    test("finds a document at once, with its whole summary", async () => {
      const parser = indexDocument("parse_csv", { description: "Read tables", tags: ["text"] });
      const index = await indexOf(parser, indexDocument("send_mail"));
      const hits = (await index.search({ text: "tables", filter: ACTIVE, limit: 10 })).hits;
      const [{ bm25, ...hit } = {}] = hits;
      expect(hits.length).toBe(1);
      expect(bm25).toBeGreaterThan(0);
      expect(hit).toEqual({
        summary: parser.summary,
        score: 1,
        keywordScore: 1,
        vectorScore: 0,
        learnedScore: 0,
      });
      expect((await index.state()).revision).toBe(1);
    });

    test("replaces a document and forgets what it said before", async () => {
      const index = await indexOf(indexDocument("a", { description: "apples", category: "fruit" }));
      const next = indexDocument("a", { description: "bridges", category: "works", version: 2 });
      await index.apply({ upserts: [next], removals: [], revision: 2 });
      expect(await find(index, "apples")).toEqual([]);
      expect(await find(index, "bridges", { status: "active", category: "works" })).toEqual(["a"]);
      expect(await index.state()).toMatchObject({ skills: 1, vectors: 0, pending: 1 });
    });

    test("drops a document, and takes one of the same id again", async () => {
      const apple = indexDocument("a", { description: "apples", vector: direction(0) });
      const index = await indexOf(apple, indexDocument("b", { description: "apples" }));
      await index.apply({ upserts: [], removals: ["a", "never_there"], revision: 2 });
      expect(await find(index, "apples")).toEqual(["b"]);
      expect(await index.state()).toMatchObject({ skills: 1, vectors: 0, pending: 1 });
      await index.apply({ upserts: [apple], removals: [], revision: 3 });
      expect(await find(index, "apples")).toEqual(["a", "b"]);
      expect(await index.state()).toMatchObject({ skills: 2, vectors: 1, pending: 1 });
    });

    test("takes vectors that come after their skills, in the version they are of", async () => {
      const index = await indexOf(
        indexDocument("a", { version: 2 }),
        indexDocument("b"),
        indexDocument("c"),
        indexDocument("with", { vector: direction(90) }),
      );
      const query = { text: "", vector: direction(0), filter: ACTIVE, limit: 10 };
      expect(idsOf((await index.search(query)).hits)).toEqual([]);
      const { generation, skills } = await index.unembedded({ limit: 2 });
      const rest = await index.unembedded({ after: skills[1]!.position, limit: 10 });
      expect([...skills, ...rest.skills].map(({ id, version }) => `${id}@${version}`)).toEqual([
        "a@2",
        "b@1",
        "c@1",
      ]);
      const vectors = [
        { id: "a", version: 2, vector: direction(10) },
        { id: "b", version: 2, vector: direction(10) },
        { id: "c", version: 1, vector: new Float32Array(CONTRACT_DIMENSIONS) },
        { id: "with", version: 1, vector: direction(0) },
        { id: "never_there", version: 1, vector: direction(0) },
      ];
      expect(await index.addVectors({ generation, vectors })).toBe(2);
      expect(await index.addVectors({ generation, vectors })).toBe(0);
      expect(idsOf((await index.search(query)).hits)).toEqual(["a"]);
      expect(await index.state()).toMatchObject({ skills: 4, vectors: 3, pending: 1 });
      expect((await index.state()).revision).toBe(1);
      // A new version waits for its own.
      await index.apply({
        upserts: [indexDocument("a", { version: 3 })],
        removals: ["b"],
        revision: 2,
      });
      expect(idsOf((await index.search(query)).hits)).toEqual([]);
      expect((await index.unembedded({ limit: 10 })).skills.map(({ id }) => id)).toEqual(["a"]);
    });

    test("takes no vectors that were asked for before it was emptied", async () => {
      const index = await indexOf(indexDocument("a"));
      const { generation } = await index.unembedded({ limit: 10 });
      await index.reset();
      await index.apply({ upserts: [indexDocument("a")], removals: [], revision: 1 });
      const vectors = [{ id: "a", version: 1, vector: direction(0) }];
      expect(await index.addVectors({ generation, vectors })).toBe(0);
      expect(await index.state()).toMatchObject({ skills: 1, vectors: 0, pending: 1 });
    });

    test("does nothing with an update that is not beyond its revision", async () => {
      const index = await indexOf(indexDocument("a"));
      await index.apply({ upserts: [indexDocument("late")], removals: ["a"], revision: 1 });
      expect(await find(index, "late")).toEqual([]);
      expect(await index.state()).toMatchObject({ skills: 1, vectors: 0, pending: 1 });
    });

    test("filters by status, category and every tag", async () => {
      const index = await indexOf(
        indexDocument("one", { description: "word", category: "x", tags: ["red", "blue"] }),
        indexDocument("two", { description: "word", category: "x", tags: ["red"] }),
        indexDocument("three", { description: "word", category: "y", tags: ["red", "blue"] }),
        indexDocument("four", { description: "word", category: "x", status: "deprecated" }),
      );
      expect((await find(index, "word")).toSorted()).toEqual(["one", "three", "two"]);
      expect(await find(index, "word", { status: "deprecated" })).toEqual(["four"]);
      const inX = await find(index, "word", { status: "active", category: "x" });
      expect(inX.toSorted()).toEqual(["one", "two"]);
      expect(await find(index, "word", { status: "active", tags: ["blue", "red"] })).toEqual([
        "one",
        "three",
      ]);
      expect(await find(index, "word", { status: "active", tags: [] })).toHaveLength(3);
      expect(await find(index, "word", { status: "active", category: "z" })).toEqual([]);
    });

    test("fills the page with accepted documents, however far down they are", async () => {
      const crowd = Array.from({ length: 400 }, (_, n) =>
        indexDocument(`n${String(n).padStart(3, "0")}`, {
          description: "word",
          vector: direction(n / 10),
        }),
      );
      const index = await indexOf(...crowd);
      const accepted = new Set(["n350", "n399"]);
      const filter: IndexFilter = { status: "active", only: accepted };
      expect(await find(index, "word", filter)).toEqual(["n350", "n399"]);
      const near = (await index.search({ text: "", vector: direction(0), filter, limit: 10 })).hits;
      expect(idsOf(near)).toEqual(["n350", "n399"]);
    });

    test("breaks ties in order of id", async () => {
      const same = { description: "same words", vector: direction(10) };
      const index = await indexOf(
        ...["c", "a", "d", "b"].map((id) => indexDocument(id, { ...same, name: "same" })),
      );
      const hits = (
        await index.search({
          text: "same words",
          vector: direction(0),
          filter: ACTIVE,
          limit: 3,
        })
      ).hits;
      expect(idsOf(hits)).toEqual(["a", "b", "c"]);
      expect(new Set(hits.map(({ score }) => score)).size).toBe(1);
    });

    test("searches by vector alone when the text has no words", async () => {
      const index = await indexOf(
        indexDocument("near", { vector: direction(10) }),
        indexDocument("far", { vector: direction(60) }),
        indexDocument("opposite", { vector: direction(180) }),
        indexDocument("without"),
      );
      const hits = (
        await index.search({
          text: "?!",
          vector: direction(0),
          filter: ACTIVE,
          limit: 10,
        })
      ).hits;
      expect(idsOf(hits)).toEqual(["near", "far"]);
      expect(hits[0]).toMatchObject({ score: 1, keywordScore: 0, vectorScore: 1 });
      expect(hits[0]!.cosine).toBeCloseTo(Math.cos(Math.PI / 18), 2);
    });

    test("searches by keyword alone without a vector, or with one of zeros", async () => {
      const index = await indexOf(
        indexDocument("worded", { description: "word", vector: direction(90) }),
        indexDocument("near", { vector: direction(0) }),
      );
      const query = { text: "word", filter: ACTIVE, limit: 10 };
      const expected = (await index.search(query)).hits;
      expect(idsOf(expected)).toEqual(["worded"]);
      const zeros = new Float32Array(CONTRACT_DIMENSIONS);
      expect((await index.search({ ...query, vector: zeros })).hits).toEqual(expected);
    });

    test("finds a document without a vector by keyword in a search by both", async () => {
      const index = await indexOf(
        indexDocument("without", { description: "word" }),
        indexDocument("near", { vector: direction(5) }),
      );
      const query = { text: "word", vector: direction(0), filter: ACTIVE, limit: 10 };
      expect(idsOf((await index.search(query)).hits)).toEqual(["without", "near"]);
    });

    test("tells the active documents nearest to one, by its vector", async () => {
      const index = await indexOf(
        indexDocument("a", { name: "Count words", vector: direction(0) }),
        indexDocument("b", { name: "Words count", vector: direction(30) }),
        indexDocument("c", { vector: direction(10) }),
        indexDocument("draft", { status: "draft", vector: direction(1) }),
        indexDocument("bare", { name: "Count words" }),
      );
      const near = await index.neighbours("a", 9);
      expect(near?.map(({ summary }) => summary.id)).toEqual(["c", "b"]);
      expect(near?.map(({ overlap }) => overlap)).toEqual([0, 1]);
      expect(near?.[0]?.cosine).toBeCloseTo(Math.cos(Math.PI / 18), 2);
      expect((await index.neighbours("draft", 1))?.map(({ summary }) => summary.id)).toEqual(["a"]);
      expect(await index.neighbours("nobody", 9)).toBeUndefined();
    });

    test("tells the nearest to a document without a vector by its words", async () => {
      const index = await indexOf(
        indexDocument("a", { name: "Count the words", description: "Of a text" }),
        indexDocument("b", { name: "Counts words", description: "of texts" }),
        indexDocument("c", { name: "Send mail", vector: direction(0) }),
      );
      const near = await index.neighbours("a", 9);
      expect(near).toEqual([{ summary: expect.objectContaining({ id: "b" }), overlap: 1 }]);
    });

    test("adds what was learned to the score of what it finds", async () => {
      const index = await indexOf(
        indexDocument("plain", { name: "word", description: "word" }),
        indexDocument("used", { description: "word, and others beside it" }),
      );
      const query = { text: "word", filter: ACTIVE, limit: 10 };
      const before = (await index.search(query)).hits;
      expect(idsOf(before)).toEqual(["plain", "used"]);
      const lift = before[0]!.score - before[1]!.score + 0.01;
      const learned = new Map([["used", { lift, similarity: 0.1 }]]);
      const after = (await index.search({ ...query, learned })).hits;
      expect(after).toEqual([
        { ...before[1], score: before[1]!.score + lift, learnedScore: lift },
        before[0],
      ]);
    });

    test("finds by what was learned alone when that is very like the query, and passes the filter", async () => {
      const index = await indexOf(
        indexDocument("known", { category: "x", tags: ["t"], vector: direction(90) }),
        indexDocument("likely", { category: "x" }),
        indexDocument("retired", { status: "deprecated" }),
        indexDocument("word", { description: "word", vector: direction(10) }),
      );
      const sure = { lift: 0.1, similarity: 0.95 };
      const learned = new Map([
        ["known", sure],
        ["likely", { lift: 0.3, similarity: 0.6 }],
        ["retired", sure],
        ["missing", sure],
      ]);
      const ids = async (filter: IndexFilter, more: { vector?: Float32Array } = {}) =>
        idsOf((await index.search({ text: "word", filter, limit: 10, learned, ...more })).hits);
      expect(await ids(ACTIVE)).toEqual(["word", "known"]);
      expect(await ids(ACTIVE, { vector: direction(0) })).toEqual(["word", "known"]);
      expect(await ids({ status: "active", category: "x", tags: ["t"] })).toEqual(["known"]);
      expect(await ids({ status: "active", category: "y" })).toEqual([]);
      expect(await ids({ status: "active", tags: ["u"] })).toEqual([]);
      expect(await ids({ status: "active", only: new Set(["word"]) })).toEqual(["word"]);
      expect(await ids({ status: "active", except: new Set(["word"]) })).toEqual(["known"]);
      const both = { only: new Set(["word", "known"]), except: new Set(["known"]) };
      expect(await ids({ status: "active", ...both }, { vector: direction(0) })).toEqual(["word"]);
      expect(await ids({ status: "deprecated" })).toEqual(["retired"]);
    });

    test("is empty again after a reset, and takes the same revision anew", async () => {
      const index = await indexOf(indexDocument("a", { vector: direction(0) }));
      expect(await find(index, "a")).toEqual(["a"]);
      await index.reset();
      expect((await index.state()).revision).toBe(0);
      expect(await index.state()).toMatchObject({ skills: 0, vectors: 0, pending: 0 });
      const query = { text: "a", vector: direction(0), filter: ACTIVE, limit: 10 };
      expect((await index.search(query)).hits).toEqual([]);
      await index.apply({ upserts: [indexDocument("b")], removals: [], revision: 1 });
      expect(await find(index, "b")).toEqual(["b"]);
    });

    test("refuses everything after close, which may be repeated", async () => {
      const index = await indexOf(indexDocument("a"));
      await index.close();
      await index.close();
      const closed = { code: "CLOSED" };
      await expect(find(index, "a")).rejects.toMatchObject(closed);
      await expect(index.state()).rejects.toMatchObject(closed);
      await expect(index.reset()).rejects.toMatchObject(closed);
      await expect(index.neighbours("a", 1)).rejects.toMatchObject(closed);
      const update = { upserts: [], removals: [], revision: 9 };
      await expect(index.apply(update)).rejects.toMatchObject(closed);
    });
  });
}
