import { compareIds } from "./fusion.ts";
import { bestNumbers } from "./vectors/best-numbers.ts";

/**
 * The rows of the best scores, best first, ties in order of id. Many may tie at the bottom, so ids are
 * asked for where they decide alone.
 */
export function bestRows(
  rows: readonly number[],
  scoreOf: (row: number) => number,
  limit: number,
  idOf: (row: number) => string,
): readonly number[] {
  const best = bestNumbers(limit);
  let enough = Number.NEGATIVE_INFINITY;
  for (const row of rows) enough = best.add(scoreOf(row));
  const above = rows.filter((row) => scoreOf(row) > enough);
  const level = firstById(
    rows.filter((row) => scoreOf(row) === enough),
    limit - above.length,
    idOf,
  );
  return [...above, ...level].toSorted(
    (a, b) => scoreOf(b) - scoreOf(a) || compareIds(idOf(a), idOf(b)),
  );
}

function firstById(
  rows: readonly number[],
  limit: number,
  idOf: (row: number) => string,
): readonly number[] {
  if (rows.length <= limit) return rows;
  return rows
    .map((row) => ({ row, id: idOf(row) }))
    .toSorted((a, b) => compareIds(a.id, b.id))
    .slice(0, limit)
    .map(({ row }) => row);
}
