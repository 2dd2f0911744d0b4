import { compareIds } from "./fusion.ts";
import { bestNumbers } from "./vectors/best-numbers.ts";

export interface ScoredRow {
  readonly row: number;
  readonly score: number;
}

/** Collects the rows of the best scores. Who offers many asks `enough` first, in a loop of its own. */
export interface BestRows {
  /** Takes a row in and returns `enough`: a lower score is not among the best any more. */
  offer(row: number, score: number): number;
  /** The best, best first, ties in order of id. */
  best(): readonly ScoredRow[];
}

/**
 * @param idOf many may tie at the bottom, so ids are asked for where they decide alone
 */
export function bestRows(limit: number, idOf: (row: number) => string): BestRows {
  const numbers = bestNumbers(limit);
  const rows: number[] = [];
  const scores: number[] = [];
  let enough = Number.NEGATIVE_INFINITY;

  return {
    offer(row, score) {
      if (score < enough) return enough;
      rows.push(row);
      scores.push(score);
      enough = numbers.add(score);
      return enough;
    },

    best() {
      const above: ScoredRow[] = [];
      const level: ScoredRow[] = [];
      for (let at = 0; at < scores.length; at++) {
        const score = scores[at]!;
        if (score > enough) above.push({ row: rows[at]!, score });
        else if (score === enough) level.push({ row: rows[at]!, score });
      }
      return [...above, ...firstById(level, limit - above.length, idOf)].toSorted(
        (a, b) => b.score - a.score || compareIds(idOf(a.row), idOf(b.row)),
      );
    },
  };
}

function firstById(
  rows: readonly ScoredRow[],
  limit: number,
  idOf: (row: number) => string,
): readonly ScoredRow[] {
  if (rows.length <= limit) return rows;
  const first: { readonly scored: ScoredRow; readonly id: string }[] = [];
  for (const scored of rows) {
    const id = idOf(scored.row);
    if (first.length === limit && compareIds(id, first.at(-1)!.id) > 0) continue;
    const after = first.findIndex((other) => compareIds(id, other.id) < 0);
    first.splice(after < 0 ? first.length : after, 0, { scored, id });
    if (first.length > limit) first.pop();
  }
  return first.map(({ scored }) => scored);
}
