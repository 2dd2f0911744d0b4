import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { documentColumns } from "./document-text.ts";
import { queryTerms } from "./query-terms.ts";
import type { IndexDocument, IndexFilter, IndexHit } from "./search-index.ts";
import { indexDocument } from "./search-index.contract.ts";
import { sqliteSearchIndex } from "./sqlite-index.ts";
import { textScorer } from "./text-scorer.ts";

const ACTIVE: IndexFilter = { status: "active" };
const WORDS = ["run", "running", "runs", "mail", "e-mail", "parseCSV", "Zürich", "naïve", "xml"];
const words = fc.array(fc.constantFrom(...WORDS), { maxLength: 12 }).map((some) => some.join(" "));
const documentParts = fc.record({
  name: words,
  description: words,
  parameters: words,
  instructions: words,
  code: words,
  tags: fc.subarray(WORDS),
});

type Relevances = readonly { readonly id: string; readonly relevance: number }[];

const COLUMNS = ["name", "description", "tags", "parameters", "instructions", "code"] as const;
const WEIGHTS: Readonly<Record<string, number>> = {
  name: 2,
  description: 1,
  tags: 1,
  parameters: 0.5,
  instructions: 0.3,
  code: 0.2,
};
const BODY: ReadonlySet<string> = new Set(["instructions", "code"]);

/** FTS5's table of the documents' words, numbered from 1. */
function fts5Table(documents: readonly IndexDocument[]): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  database.exec(
    `CREATE VIRTUAL TABLE texts USING fts5 (
       ${COLUMNS.join(", ")}, tokenize = 'porter unicode61 remove_diacritics 2');
     CREATE VIRTUAL TABLE tokens USING fts5vocab (texts, instance)`,
  );
  const insert = database.prepare("INSERT INTO texts VALUES (?, ?, ?, ?, ?, ?)");
  for (const document of documents) {
    const columns = documentColumns(document);
    insert.run(...COLUMNS.map((column) => columns[column]));
  }
  return database;
}

/** The documented formula, word by word, over the tokens FTS5 finds. */
function byFormula(documents: readonly IndexDocument[], query: string): Relevances {
  const database = fts5Table(documents);
  const tokens = database.prepare("SELECT term, doc, col FROM tokens").all();
  database.exec("DELETE FROM texts");
  const insert = database.prepare("INSERT INTO texts (name) VALUES (?)");
  for (const word of queryTerms(query)) insert.run(word);
  const terms = database.prepare("SELECT term FROM tokens").all();
  database.close();

  const isDeclared = ({ col }: (typeof tokens)[number]): boolean => !BODY.has(col as string);
  const declared = tokens.filter(isDeclared);
  const meanLength = declared.length / documents.length;
  return documents.flatMap(({ summary: { id } }, n) => {
    const own = tokens.filter(({ doc }) => doc === n + 1);
    const length = own.filter(isDeclared).length;
    const relevances = terms.flatMap(({ term }) => {
      const occurrences = own.filter((token) => token.term === term);
      if (occurrences.length === 0) return [];
      const sum = occurrences.reduce((total, { col }) => total + WEIGHTS[col as string]!, 0);
      const often = Math.min(occurrences.some(isDeclared) ? 25.5 : 0.4, sum);
      const having = new Set(declared.filter((token) => token.term === term).map(({ doc }) => doc))
        .size;
      const says = Math.log(1 + (documents.length - having + 0.5) / (having + 0.5));
      const norm = meanLength > 0 ? 0.25 + (0.75 * length) / meanLength : 0.25;
      return [(says * 2.2 * often) / (often + 1.2 * norm)];
    });
    const relevance = relevances.reduce((total, each) => total + each, 0);
    return relevances.length === 0 ? [] : [{ id, relevance }];
  });
}

/** What FTS5's own bm25 makes of the same words with the same weights of columns. */
function byFts5(documents: readonly IndexDocument[], query: string): Relevances {
  const database = fts5Table(documents);
  const weights = COLUMNS.map((column) => WEIGHTS[column]).join(", ");
  const found = database
    .prepare(`SELECT rowid, -bm25(texts, ${weights}) AS relevance FROM texts WHERE texts MATCH ?`)
    .all(`"${query}"`);
  database.close();
  return found.map(({ rowid, relevance }) => ({
    id: documents[Number(rowid) - 1]!.summary.id,
    relevance: Number(relevance),
  }));
}

function expectScores(hits: readonly IndexHit[], expected: Relevances): void {
  const scores = new Map(hits.map((hit) => [hit.summary.id, hit]));
  expect(new Set(scores.keys())).toEqual(new Set(expected.map(({ id }) => id)));
  const best = Math.max(...expected.map(({ relevance }) => relevance));
  for (const { id, relevance } of expected)
    expect(scores.get(id)!.keywordScore).toBeCloseTo(relevance / best, 4);
}

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "find-keywords-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("keywords are scored by the formula, through additions, changes and removals", async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(documentParts, { minLength: 1, maxLength: 12 }),
      fc.array(fc.tuple(fc.nat(11), fc.option(documentParts)), { maxLength: 6 }),
      words.filter((query) => query !== ""),
      async (parts, changes, query) => {
        const index = await sqliteSearchIndex({ path: join(directory, `${++run}.sqlite`) });
        const documents = new Map<string, IndexDocument>(
          parts.map((part, n) => [`d${n}`, indexDocument(`d${n}`, part)]),
        );
        await index.apply({ upserts: [...documents.values()], removals: [], revision: 1 });
        await index.search({ text: query, filter: ACTIVE, limit: 5 });
        for (const [at, [n, part]] of changes.entries()) {
          const id = `d${n}`;
          const document = part === null ? undefined : indexDocument(id, part);
          if (document === undefined) documents.delete(id);
          else documents.set(id, document);
          await index.apply({
            upserts: document === undefined ? [] : [document],
            removals: document === undefined ? [id] : [],
            revision: at + 2,
          });
          // Taking changes over one by one and all at once must come to the same.
          if (at % 2 === 0) await index.search({ text: query, filter: ACTIVE, limit: 5 });
        }
        const hits = (await index.search({ text: query, filter: ACTIVE, limit: 50 })).hits;
        const expected = byFormula([...documents.values()], query);
        expectScores(hits, expected);
        const relevances = new Map(expected.map(({ id, relevance }) => [id, relevance]));
        for (const { summary, bm25 } of hits)
          expect(bm25).toBeCloseTo(relevances.get(summary.id)!, 4);
        await index.close();
      },
    ),
    { numRuns: 60 },
  );
});

test("what has no code or instructions is scored for a word as FTS5 scores it", async () => {
  let run = 0;
  const declared = documentParts.map((parts) => ({ ...parts, instructions: "", code: "" }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(declared, { minLength: 1, maxLength: 12 }),
      fc.constantFrom("run", "mail", "zürich"),
      async (parts, query) => {
        const index = await sqliteSearchIndex({ path: join(directory, `${++run}.sqlite`) });
        const upserts = parts.map((part, n) => indexDocument(`d${n}`, part));
        await index.apply({ upserts, removals: [], revision: 1 });
        const hits = (await index.search({ text: query, filter: ACTIVE, limit: 50 })).hits;
        expectScores(hits, byFts5(upserts, query));
        await index.close();
      },
    ),
    { numRuns: 30 },
  );
});

test("a text scorer apart from the index gives the relevances of the index", async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(documentParts, { minLength: 1, maxLength: 12 }),
      words.filter((query) => query !== ""),
      async (parts, query) => {
        const index = await sqliteSearchIndex({ path: join(directory, `${++run}.sqlite`) });
        const upserts = parts.map((part, n) => indexDocument(`d${n}`, part));
        await index.apply({ upserts, removals: [], revision: 1 });
        const scorer = textScorer();
        for (const document of upserts) scorer.add(document);
        const hits = (await index.search({ text: query, filter: ACTIVE, limit: 50 })).hits;
        const scores = scorer.score(query);
        expect(scores.size).toBe(hits.length);
        for (const { summary, bm25 } of hits) expect(bm25).toBeCloseTo(scores.get(summary.id)!, 4);
        await index.close();
      },
    ),
    { numRuns: 30 },
  );
});

test("words that every document has still put them in order", async () => {
  const index = await sqliteSearchIndex({ path: join(directory, "index.sqlite") });
  const upserts = [
    indexDocument("other", {
      name: "Other",
      description: "mentions a mail among much else it does",
    }),
    indexDocument("mail", { name: "Mail", description: "sends mail" }),
  ];
  await index.apply({ upserts, removals: [], revision: 1 });
  const hits = (await index.search({ text: "mail", filter: ACTIVE, limit: 9 })).hits;
  expect(hits.map(({ summary }) => summary.id)).toEqual(["mail", "other"]);
  expect(hits[0]!.bm25).toBeGreaterThan(0.1);
  await index.close();
});

test("long code makes a skill no less relevant, and its words no more common", async () => {
  const index = await sqliteSearchIndex({ path: join(directory, "index.sqlite") });
  const code = "const total = invoice.lines.map((line) => line.amount * line.rate);";
  const upserts = [
    indexDocument("short", { name: "Short", description: "adds an invoice" }),
    indexDocument("wordy", {
      name: "Wordy",
      description: "adds an invoice",
      code: code.replace("invoice", "bill"),
    }),
    ...["a", "b", "c", "d"].map((id) => indexDocument(id, { code })),
  ];
  await index.apply({ upserts, removals: [], revision: 1 });
  const relevances = async (): Promise<readonly (readonly [string, number])[]> =>
    (await index.search({ text: "invoice", filter: ACTIVE, limit: 9 })).hits.map(
      ({ summary, bm25 = 0 }) => [summary.id, bm25],
    );
  const before = await relevances();
  expect(before.map(([id]) => id)).toEqual(["short", "wordy", "a", "b", "c", "d"]);
  expect(before[1]![1]).toBe(before[0]![1]);
  await index.apply({
    upserts: ["a", "b", "c", "d"].map((id) => indexDocument(id)),
    removals: [],
    revision: 2,
  });
  expect(await relevances()).toEqual(before.slice(0, 2));
  await index.close();
});
