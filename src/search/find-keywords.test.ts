import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { expect, test } from "vitest";
import { documentColumns } from "./document-text.ts";
import { queryTerms } from "./query-terms.ts";
import type { IndexDocument } from "./search-index.ts";
import { indexDocument } from "./search-index.contract.ts";
import { sqliteSearchIndex } from "./sqlite-index.ts";

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

/** What FTS5 makes of the same words with the same weights of columns. */
function byFts5(
  documents: readonly IndexDocument[],
  query: string,
): readonly { readonly id: string; readonly relevance: number }[] {
  const database = new DatabaseSync(":memory:");
  database.exec(
    `CREATE VIRTUAL TABLE texts USING fts5 (
       name, description, tags, parameters, instructions, code,
       tokenize = 'porter unicode61 remove_diacritics 2')`,
  );
  const insert = database.prepare("INSERT INTO texts VALUES (?, ?, ?, ?, ?, ?)");
  for (const document of documents) {
    const { name, description, tags, parameters, instructions, code } = documentColumns(document);
    insert.run(name, description, tags, parameters, instructions, code);
  }
  const found = database
    .prepare(
      `SELECT rowid, -bm25(texts, 2.0, 1.0, 1.0, 0.5, 0.3, 0.2) AS relevance
       FROM texts WHERE texts MATCH ? ORDER BY relevance DESC`,
    )
    .all(
      queryTerms(query)
        .map((term) => `"${term}"`)
        .join(" OR "),
    );
  database.close();
  return found.map(({ rowid, relevance }) => ({
    id: documents[Number(rowid) - 1]!.summary.id,
    relevance: Number(relevance),
  }));
}

test("keywords are scored as FTS5 scores them, through changes and removals", async () => {
  const directory = mkdtempSync(join(tmpdir(), "find-keywords-"));
  let run = 0;
  try {
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
          await index.search({ text: query, filter: { status: "active" }, limit: 5 });
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
            if (at % 2 === 0)
              await index.search({ text: query, filter: { status: "active" }, limit: 5 });
          }
          const hits = await index.search({ text: query, filter: { status: "active" }, limit: 50 });
          const expected = byFts5([...documents.values()], query);
          const scores = new Map(hits.map((hit) => [hit.summary.id, hit.keywordScore]));
          expect(new Set(scores.keys())).toEqual(new Set(expected.map(({ id }) => id)));
          const best = expected[0]?.relevance ?? 1;
          for (const { id, relevance } of expected)
            expect(scores.get(id)).toBeCloseTo(relevance / best, 4);
          await index.close();
        },
      ),
      { numRuns: 40 },
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});
