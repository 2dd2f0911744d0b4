/**
 * Which rows have a status, a category or a tag, as bitmaps. A bitmap is made when a filter first
 * asks for it, kept in step with the rows from then on, and dropped when it was not asked for lately:
 * a library may have more tags than memory for them.
 */
import type { SkillStatus } from "../../skill/skill.ts";
import { bitmap, type Bitmap } from "./bitmap.ts";
import type { IndexFilter } from "../search-index.ts";

/** Bitmaps kept; at a million rows each has 125 kB. */
const MAX_KEPT = 64;

/** What filters ask of a row. */
export interface Facets {
  readonly category: string;
  readonly status: SkillStatus;
  readonly tags: readonly string[];
}

interface Kept {
  readonly holds: (facets: Facets) => boolean;
  readonly rows: Bitmap;
}

export interface FacetBitmaps {
  /** The bitmaps whose intersection passes the filter; `filter.accepts` is not part of it. */
  of(filter: IndexFilter): readonly Bitmap[];
  /** The row now has these facets, or is gone. */
  change(row: number, facets: Facets | undefined): void;
  clear(): void;
}

/** @param rows the facets of every row, empty places included */
export function facetBitmaps(rows: () => readonly (Facets | undefined)[]): FacetBitmaps {
  /** In order of use, latest last. */
  const kept = new Map<string, Kept>();

  function one(key: string, holds: Kept["holds"]): Bitmap {
    const known = kept.get(key);
    kept.delete(key);
    const entry = known ?? { holds, rows: scan(holds) };
    kept.set(key, entry);
    if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value as string);
    return entry.rows;
  }

  function scan(holds: Kept["holds"]): Bitmap {
    const found = bitmap();
    rows().forEach((facets, row) => {
      if (facets !== undefined && holds(facets)) found.set(row, true);
    });
    return found;
  }

  return {
    of({ status, category, tags = [] }) {
      return [
        one(`status ${status}`, (facets) => facets.status === status),
        ...(category === undefined
          ? []
          : [one(`category ${category}`, (facets) => facets.category === category)]),
        ...tags.map((tag) => one(`tag ${tag}`, (facets) => facets.tags.includes(tag))),
      ];
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
