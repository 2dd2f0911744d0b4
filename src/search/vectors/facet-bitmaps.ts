/**
 * Which rows have a status, a category, a tag or one of a set of ids, as bitmaps. A bitmap is made when
 * a filter first asks for it, kept in step with the rows from then on, and dropped when it was not asked
 * for lately: a library may have more tags than memory for them.
 */
import type { SkillStatus } from "../../skill/skill.ts";
import { bitmap, complement, type Bitmap } from "./bitmap.ts";
import type { IndexFilter } from "../search-index.ts";

/** Bitmaps kept; at a million rows each has 125 kB. */
const MAX_KEPT = 64;

/** What filters ask of a row. */
export interface Facets {
  readonly id: string;
  readonly category: string;
  readonly status: SkillStatus;
  readonly tags: readonly string[];
}

/** The rows that have a facet, as they are now. */
export interface FacetRows {
  status(status: SkillStatus): Iterable<number>;
  category(category: string): Iterable<number>;
  tag(tag: string): Iterable<number>;
  ids(ids: ReadonlySet<string>): Iterable<number>;
}

interface Kept {
  readonly holds: (facets: Facets) => boolean;
  readonly rows: Bitmap;
}

export interface FacetBitmaps {
  /** The bitmaps whose intersection passes the filter. */
  of(filter: IndexFilter, rows: FacetRows): readonly Bitmap[];
  /** The row now has these facets, or is gone. */
  change(row: number, facets: Facets | undefined): void;
  clear(): void;
}

export function facetBitmaps(): FacetBitmaps {
  /** In order of use, latest last. Sets of ids are told apart by being the same object. */
  const kept = new Map<unknown, Kept>();

  function one(key: unknown, holds: Kept["holds"], rows: () => Iterable<number>): Bitmap {
    const known = kept.get(key);
    kept.delete(key);
    const entry = known ?? { holds, rows: bitmapOf(rows()) };
    kept.set(key, entry);
    if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value);
    return entry.rows;
  }

  return {
    of({ status, category, tags = [], only, except }, rows) {
      const has: Kept["holds"] = (facets) => facets.status === status;
      const sets = [one(`status ${status}`, has, () => rows.status(status))];
      if (category !== undefined) {
        const isIn: Kept["holds"] = (facets) => facets.category === category;
        sets.push(one(`category ${category}`, isIn, () => rows.category(category)));
      }
      for (const tag of tags) {
        sets.push(
          one(
            `tag ${tag}`,
            (facets) => facets.tags.includes(tag),
            () => rows.tag(tag),
          ),
        );
      }
      if (only !== undefined)
        sets.push(
          one(
            only,
            (facets) => only.has(facets.id),
            () => rows.ids(only),
          ),
        );
      if (except !== undefined)
        sets.push(
          complement(
            one(
              except,
              (facets) => except.has(facets.id),
              () => rows.ids(except),
            ),
          ),
        );
      return sets;
    },

    change(row, facets) {
      for (const entry of kept.values()) {
        entry.rows.set(row, facets !== undefined && entry.holds(facets));
      }
    },

    clear() {
      kept.clear();
    },
  };
}

function bitmapOf(rows: Iterable<number>): Bitmap {
  const found = bitmap();
  for (const row of rows) found.set(row, true);
  return found;
}
