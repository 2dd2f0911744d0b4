import type { StatementSync } from "node:sqlite";
import type { IndexStatements } from "./index-statements.ts";
import type { KnownTerm } from "./keywords/known-terms.ts";
import type { Stemmer } from "./keywords/stemmer.ts";
import type { IndexMemory } from "./memory/index-memory.ts";
import type { IndexFilter } from "./search-index.ts";
import type { Bitmap } from "./vectors/bitmap.ts";
import type { FacetRows } from "./vectors/facet-bitmaps.ts";

/** The index at one revision: the file in a read transaction, and memory that is level with it. */
export interface IndexView {
  readonly statements: IndexStatements;
  readonly memory: IndexMemory;
  readonly stemmer: Stemmer;
  readonly findTerm: (stem: string) => KnownTerm | undefined;
  /** Documents, and tokens of all of them. */
  readonly skills: number;
  readonly tokens: number;
}

/** The rows that pass the filter, as the intersection of these. */
export function filterSets(
  { memory, statements }: IndexView,
  filter: IndexFilter,
): readonly Bitmap[] {
  // As one text they are read five times as fast as row by row.
  const rowsOf = (statement: StatementSync, value: string): readonly number[] =>
    JSON.parse(statement.get(value)!.rows as string) as number[];
  const rows: FacetRows = {
    status: (status) => memory.withStatus(status),
    category: (category) => rowsOf(statements.inCategory, category),
    tag: (tag) => rowsOf(statements.withTag, tag),
    *ids(ids) {
      for (const id of ids) {
        const found = statements.findRow.get(id);
        if (found !== undefined) yield Number(found.rowid);
      }
    },
  };
  return memory.facets.of(filter, rows);
}
