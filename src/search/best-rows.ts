import { compareIds } from "./fusion.ts";
import { bestNumbers } from "./vectors/best-numbers.ts";

/** What `scoreOf` says of a row that is not to be among them. */
export const LEFT_OUT = Number.NEGATIVE_INFINITY;

/**
 * The rows of the best scores, best first, ties in order of id. Many may tie at the bottom, so ids are
 * asked for where they decide alone.
 */
export function bestRows(
  rows: Iterable<number>,
  scoreOf: (row: number) => number,
  limit: number,
  idOf: (row: number) => string,
): readonly number[] {
  const best = bestNumbers(limit);
  const kept: number[] = [];
  let enough = LEFT_OUT;
  for (const row of rows) {
    const score = scoreOf(row);
    if (score < enough || score === LEFT_OUT) continue;
    kept.push(row);
    enough = best.add(score);
  }
  const above = kept.filter((row) => scoreOf(row) > enough);
  const level = firstById(
    kept.filter((row) => scoreOf(row) === enough),
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
