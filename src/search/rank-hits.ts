import { fuse, type FusedHit, type FusionCandidate } from "./fusion.ts";
import { findKeywords } from "./find-keywords.ts";
import { filterSets, type IndexView } from "./index-view.ts";
import { queryTerms } from "./query-terms.ts";
import { isZero, quantizeQuery } from "./vectors/quantized-vector.ts";
import type { IndexHit, IndexQuery } from "./search-index.ts";

/** Candidates of each kind; what ranks below them in both does not reach the first ten. */
const CANDIDATES = 100;

/**
 * How like an earlier query one has to be for that alone to offer a skill which neither keywords nor
 * vectors find.
 */
export const CANDIDATE_SIMILARITY = 0.8;

export type RankedHit = Omit<IndexHit, "summary"> & { readonly rowid: number };

interface Candidate extends FusionCandidate {
  readonly rowid: number;
}

/** The best rows for a query. */
export function rankHits(view: IndexView, query: IndexQuery): readonly RankedHit[] {
  const { limit } = query;
  const { ids, vectors } = view.memory;
  const filter = filterSets(view, query.filter);
  const vector =
    query.vector === undefined || isZero(query.vector) ? undefined : quantizeQuery(query.vector);
  const terms = queryTerms(query.text);
  const candidates = new Map<number, Candidate>();

  const relevances = findKeywords(view, terms, filter, Math.max(CANDIDATES, limit));
  for (const { row: rowid, score: bm25 } of relevances)
    candidates.set(rowid, { rowid, bm25, cosine: vector && vectors.cosine(vector, rowid) });

  const near =
    vector === undefined ? [] : vectors.nearest(vector, filter, CANDIDATES, (row) => ids.get(row));
  for (const { row, cosine } of near) {
    // At a right angle or beyond, a document has nothing to do with the query.
    if (cosine <= 0 || candidates.has(row)) continue;
    candidates.set(row, { rowid: row, bm25: undefined, cosine });
  }

  const idOf = ({ rowid }: Candidate): string => ids.get(rowid);
  addLearned(candidates, query, idOf, (id) => {
    const found = view.statements.findRow.get(id);
    const row = Number(found?.rowid);
    if (found === undefined || !filter.every((rows) => rows.has(row))) return undefined;
    return { rowid: row, bm25: undefined, cosine: vector && vectors.cosine(vector, row) };
  });

  const evidence = {
    terms: terms.length,
    ...(vector === undefined
      ? {}
      : {
          cosineRange: {
            // A small library has no crowd of unrelated documents to take the bottom from.
            lowest: near.length < CANDIDATES ? 0 : near.at(-1)!.cosine,
            highest: near[0]?.cosine ?? 0,
          },
        }),
  };
  const hits = fuse([...candidates.values()], evidence, idOf);
  return hits.slice(0, limit).map(rankedHit);
}

/** @param find the skill as a candidate, unless it is not there or does not pass the filter */
function addLearned(
  candidates: Map<number, Candidate>,
  { learned }: IndexQuery,
  idOf: (candidate: Candidate) => string,
  find: (id: string) => Candidate | undefined,
): void {
  if (learned === undefined || learned.size === 0) return;
  const missing = new Set(learned.keys());
  for (const candidate of candidates.values()) {
    const id = idOf(candidate);
    const lift = learned.get(id)?.lift;
    if (lift === undefined) continue;
    missing.delete(id);
    candidates.set(candidate.rowid, { ...candidate, lift });
  }
  for (const id of missing) {
    const { lift, similarity } = learned.get(id)!;
    const found = similarity >= CANDIDATE_SIMILARITY ? find(id) : undefined;
    if (found !== undefined) candidates.set(found.rowid, { ...found, lift });
  }
}

function rankedHit({ candidate, ...scores }: FusedHit<Candidate>): RankedHit {
  const { rowid, bm25, cosine } = candidate;
  return {
    rowid,
    ...scores,
    ...(bm25 === undefined ? {} : { bm25 }),
    ...(cosine === undefined ? {} : { cosine }),
  };
}
