/**
 * bm25 of some documents, in memory: the same table and weights as the index has, apart from it. Its
 * scores are comparable among themselves; how rare a word is follows from the documents it was given.
 */
import { DatabaseSync } from "node:sqlite";
import { documentColumns } from "./document-text.ts";
import { WEIGHTS } from "./index-statements.ts";
import { matchExpression, queryTerms } from "./query-terms.ts";
import type { IndexDocument } from "./search-index.ts";

export interface TextScorer {
  has(id: string): boolean;
  /** Adds a document; one of an id that is there already is passed over. */
  add(document: IndexDocument): void;
  /** Relevance by id, above 0, of every document with a word of the query. */
  score(query: string): ReadonlyMap<string, number>;
}

export function textScorer(): TextScorer {
  // Closed when it is collected; there is no file to let go of.
  const database = new DatabaseSync(":memory:");
  database.exec(`CREATE VIRTUAL TABLE document_text USING fts5 (
    name, description, tags, parameters, instructions, code,
    content = '', tokenize = 'porter unicode61 remove_diacritics 2'
  )`);
  const insert = database.prepare(
    `INSERT INTO document_text (rowid, name, description, tags, parameters, instructions, code)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const match = database.prepare(
    `SELECT rowid, -bm25(document_text, ${WEIGHTS}) AS relevance
     FROM document_text WHERE document_text MATCH ?`,
  );
  const rows = new Map<string, number>();
  const ids: string[] = [];

  return {
    has: (id) => rows.has(id),

    add(document) {
      const { id } = document.summary;
      if (rows.has(id)) return;
      const { name, description, tags, parameters, instructions, code } = documentColumns(document);
      insert.run(ids.length + 1, name, description, tags, parameters, instructions, code);
      ids.push(id);
      rows.set(id, ids.length);
    },

    score(query) {
      const expression = matchExpression(queryTerms(query));
      if (expression === undefined) return new Map();
      return new Map(
        match
          .all(expression)
          .map((row) => [ids[Number(row["rowid"]) - 1]!, Number(row["relevance"])]),
      );
    },
  };
}
