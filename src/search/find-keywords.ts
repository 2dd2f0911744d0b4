import { bestRows, type ScoredRow } from "./best-rows.ts";
import type { IndexView } from "./index-view.ts";
import { inverseFrequency } from "./keywords/bm25.ts";
import { isScore, type ScoredTerm } from "./keywords/posting-lists.ts";
import { intersection, type Bitmap } from "./vectors/bitmap.ts";

/**
 * Rows with any of the terms, best bm25 first, ties in order of id. Any, not all: a sentence rarely
 * shares every word with what it asks for.
 */
export function findKeywords(
  view: IndexView,
  terms: readonly string[],
  filter: readonly Bitmap[],
  limit: number,
): readonly ScoredRow[] {
  if (terms.length === 0) return [];
  const { memory, skills, tokens } = view;
  const { scores, rows } = memory.postings.score(
    scoredTerms(view, terms),
    memory.lengths,
    skills > 0 ? tokens / skills : 0,
  );
  const passing = intersection(filter, memory.rows);
  const best = bestRows(limit, (row) => memory.ids.get(row));
  let enough = 0;
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]!;
    const score = scores[row]!;
    if (score < enough || !isScore(score)) continue;
    if (((passing[row >>> 5]! >>> (row & 31)) & 1) === 1) enough = best.offer(row, score);
  }
  return best.best();
}

/** A stem that two words of the query share counts twice, as two words of an FTS5 query do. */
function scoredTerms(
  { stemmer, findTerm, skills }: IndexView,
  terms: readonly string[],
): readonly ScoredTerm[] {
  const times = new Map<string, number>();
  for (const stem of stemmer.stems(terms).flat()) times.set(stem, (times.get(stem) ?? 0) + 1);
  return [...times].flatMap(([stem, count]) => {
    const known = findTerm(stem);
    if (known === undefined) return [];
    const { number: term, documents } = known;
    return [{ term, weight: count * inverseFrequency(documents, skills) }];
  });
}
