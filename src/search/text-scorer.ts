/**
 * bm25 of some documents, in memory: the same stems, counts and formula as the index has, apart from it.
 * Its scores are comparable among themselves; how rare a word is follows from the documents it was given.
 */
import { documentColumns } from "./document-text.ts";
import { bm25, inverseFrequency } from "./keywords/bm25.ts";
import { stemmer } from "./keywords/stemmer.ts";
import { isDeclared, termCounts, type TermCounts } from "./keywords/term-counts.ts";
import { queryTerms } from "./query-terms.ts";
import type { IndexDocument } from "./search-index.ts";

export interface TextScorer {
  has(id: string): boolean;
  /** Adds a document; one of an id that is there already is passed over. */
  add(document: IndexDocument): void;
  /** Relevance by id, above 0, of every document with a word of the query. */
  score(query: string): ReadonlyMap<string, number>;
}

export function textScorer(): TextScorer {
  const { stems } = stemmer();
  const documents = new Map<string, TermCounts>();
  /** Documents that are declared with a stem. */
  const having = new Map<string, number>();
  let tokens = 0;

  return {
    has: (id) => documents.has(id),

    add(document) {
      const { id } = document.summary;
      if (documents.has(id)) return;
      const terms = termCounts(documentColumns(document), { stems });
      documents.set(id, terms);
      tokens += terms.length;
      for (const [stem, count] of terms.counts)
        if (isDeclared(count)) having.set(stem, (having.get(stem) ?? 0) + 1);
    },

    score(query) {
      const meanLength = tokens / documents.size;
      const asked = stems(queryTerms(query)).flat();
      const scores = new Map<string, number>();
      for (const stem of asked) {
        const weight = inverseFrequency(having.get(stem) ?? 0, documents.size);
        for (const [id, { counts, length }] of documents) {
          const often = counts.get(stem);
          if (often === undefined) continue;
          scores.set(id, (scores.get(id) ?? 0) + weight * bm25(often, length, meanLength));
        }
      }
      return scores;
    },
  };
}
