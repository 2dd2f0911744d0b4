import { fuse, type FusedHit } from "./fusion.ts";
import type { IndexStatements } from "./index-statements.ts";
import { isZero, quantizeQuery } from "./vectors/quantized-vector.ts";
import { matchExpression, queryTerms } from "./query-terms.ts";
import type { IndexFilter, IndexHit, IndexQuery } from "./search-index.ts";
import type { TableRow, VectorTable } from "./vectors/vector-table.ts";

/** Candidates of each kind; what ranks below them in both does not reach the first ten. */
const CANDIDATES = 100;

/**
 * How like an earlier query one has to be for that alone to offer a skill which neither keywords nor
 * vectors find.
 */
export const CANDIDATE_SIMILARITY = 0.8;

export type RankedHit = Omit<IndexHit, "summary"> & { readonly rowid: number };

interface Candidate {
  readonly rowid: number;
  readonly id: string;
  readonly bm25?: number;
  readonly cosine?: number;
  readonly lift?: number;
}

/** The best rows for a query, inside the caller's read transaction. */
export function rankHits(
  statements: IndexStatements,
  memory: VectorTable,
  query: IndexQuery,
): readonly RankedHit[] {
  const { filter, limit } = query;
  const terms = queryTerms(query.text);
  const expression = matchExpression(terms);
  const vector =
    query.vector === undefined || isZero(query.vector) ? undefined : quantizeQuery(query.vector);
  const candidates = new Map<number, Candidate>();

  const relevances =
    expression === undefined
      ? new Map<number, number>()
      : byKeywords(statements, memory, expression, filter, Math.max(CANDIDATES, limit));
  for (const [rowid, bm25] of relevances) {
    const cosine = vector && memory.cosine(vector, rowid);
    candidates.set(rowid, {
      rowid,
      id: memory.get(rowid)!.id,
      bm25,
      ...(cosine === undefined ? {} : { cosine }),
    });
  }

  const near = vector === undefined ? [] : memory.nearest(vector, filter, CANDIDATES);
  for (const { row, cosine } of near) {
    // At a right angle or beyond, a document has nothing to do with the query.
    if (cosine <= 0 || candidates.has(row.rowid)) continue;
    candidates.set(row.rowid, { rowid: row.rowid, id: row.id, cosine });
  }

  addLearned(candidates, query, (id) => {
    const found = statements.findRow.get(id);
    const row = found && memory.get(Number(found.rowid));
    if (row === undefined || !passes(row, filter)) return undefined;
    const cosine = vector && memory.cosine(vector, row.rowid);
    return { rowid: row.rowid, id, ...(cosine === undefined ? {} : { cosine }) };
  });

  const hits = fuse([...candidates.values()], {
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
  });
  return hits.slice(0, limit).map(rankedHit);
}

/** @param find the skill as a candidate, unless it is not there or does not pass the filter */
function addLearned(
  candidates: Map<number, Candidate>,
  { learned }: IndexQuery,
  find: (id: string) => Candidate | undefined,
): void {
  if (learned === undefined || learned.size === 0) return;
  const missing = new Set(learned.keys());
  for (const candidate of candidates.values()) {
    const lift = learned.get(candidate.id)?.lift;
    if (lift === undefined) continue;
    missing.delete(candidate.id);
    candidates.set(candidate.rowid, { ...candidate, lift });
  }
  for (const id of missing) {
    const { lift, similarity } = learned.get(id)!;
    const found = similarity >= CANDIDATE_SIMILARITY ? find(id) : undefined;
    if (found !== undefined) candidates.set(found.rowid, { ...found, lift });
  }
}

function passes({ id, ...row }: TableRow, filter: IndexFilter): boolean {
  return (
    row.status === filter.status &&
    (filter.category === undefined || row.category === filter.category) &&
    (filter.tags ?? []).every((tag) => row.tags.includes(tag)) &&
    (filter.accepts?.(id) ?? true)
  );
}

function rankedHit({ candidate, ...scores }: FusedHit<Candidate>): RankedHit {
  const { rowid, cosine } = candidate;
  return cosine === undefined ? { rowid, ...scores } : { rowid, ...scores, cosine };
}

/** Relevance by row, best first. With `accepts` the rows are walked until enough are accepted. */
function byKeywords(
  statements: IndexStatements,
  memory: VectorTable,
  expression: string,
  filter: IndexFilter,
  limit: number,
): ReadonlyMap<number, number> {
  const { status, category, tags, accepts } = filter;
  const parameters = [
    expression,
    status,
    category ?? null,
    tags === undefined || tags.length === 0 ? null : JSON.stringify(tags),
    accepts ? -1 : limit,
  ];
  // Walking is slower per row than taking them all, and worth it only where most are not needed.
  const rows = accepts
    ? statements.byKeywords.iterate(...parameters)
    : statements.byKeywords.all(...parameters);
  const found = new Map<number, number>();
  for (const row of rows) {
    const rowid = Number(row.rowid);
    if (accepts && !accepts(memory.get(rowid)!.id)) continue;
    found.set(rowid, Number(row.relevance));
    if (found.size === limit) break;
  }
  return found;
}
