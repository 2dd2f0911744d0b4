import { compareIds } from "./fusion.ts";
import { bestNumbers } from "./vectors/best-numbers.ts";

/** What `scoreOf` says of a row that is not to be among them. */
export const LEFT_OUT = Number.NEGATIVE_INFINITY;

export interface ScoredRow {
  readonly row: number;
  readonly score: number;
}

/**
 * The rows of the best scores, best first, ties in order of id. Many may tie at the bottom, so ids are
 * asked for where they decide alone.
 */
export function bestRows(
  rows: ArrayLike<number>,
  scoreOf: (row: number) => number,
  limit: number,
  idOf: (row: number) => string,
): readonly ScoredRow[] {
  const best = bestNumbers(limit);
  const kept: ScoredRow[] = [];
  let enough = LEFT_OUT;
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]!;
    const score = scoreOf(row);
    if (score < enough || score === LEFT_OUT) continue;
    kept.push({ row, score });
    enough = best.add(score);
  }
  const above = kept.filter(({ score }) => score > enough);
  const level = firstById(
    kept.filter(({ score }) => score === enough),
    limit - above.length,
    idOf,
  );
  return [...above, ...level].toSorted(
    (a, b) => b.score - a.score || compareIds(idOf(a.row), idOf(b.row)),
  );
}

function firstById(
  rows: readonly ScoredRow[],
  limit: number,
  idOf: (row: number) => string,
): readonly ScoredRow[] {
  if (rows.length <= limit) return rows;
  return rows
    .map((scored) => ({ scored, id: idOf(scored.row) }))
    .toSorted((a, b) => compareIds(a.id, b.id))
    .slice(0, limit)
    .map(({ scored }) => scored);
}
