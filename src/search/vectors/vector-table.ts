/**
 * The documents of the index as one process holds them in memory: what filters ask for, and the
 * vectors in one contiguous block that is scanned exactly. An approximate index would be faster
 * beyond a million rows only, is slow to build, and returns short pages under a filter.
 */
import { compareIds } from "../fusion.ts";
import type { IndexFilter } from "../search-index.ts";
import { bestNumbers } from "./best-numbers.ts";
import { bitmap, intersect } from "./bitmap.ts";
import { facetBitmaps, type Facets } from "./facet-bitmaps.ts";
import type { QuantizedQuery, QuantizedVector } from "./quantized-vector.ts";
import { BLOCK_ROWS, vectorKernel } from "./vector-kernel.ts";

export interface TableRow extends Facets {
  /** Row of the keyword table. */
  readonly rowid: number;
  readonly id: string;
  readonly vector?: QuantizedVector;
}

export interface NearRow {
  readonly row: TableRow;
  readonly cosine: number;
}

export interface VectorTable {
  /** Adds the row, or replaces the one of the same rowid. */
  put(row: TableRow): void;
  remove(rowid: number): void;
  clear(): void;
  get(rowid: number): TableRow | undefined;
  /** Cosine of a unit-length query with a row's vector; `undefined` when the row has none. */
  cosine(query: QuantizedQuery, rowid: number): number | undefined;
  /** The rows with a vector that pass the filter, nearest first, ties in order of id. */
  nearest(query: QuantizedQuery, filter: IndexFilter, limit: number): readonly NearRow[];
}

/** An empty table of vectors of one length. */
export function vectorTable(dimensions: number): VectorTable {
  const slots = new Map<number, number>();
  let rows: (TableRow | undefined)[] = [];
  let free: number[] = [];
  let blocks = 0;
  let kernel = vectorKernel(dimensions);
  let withVector = bitmap();
  const facets = facetBitmaps(() => rows);
  const mask = new Uint32Array(BLOCK_ROWS / 32);

  function claimSlot(): number {
    const slot = free.pop() ?? rows.length;
    if (slot >= blocks * BLOCK_ROWS) {
      kernel.addBlock();
      blocks += 1;
    }
    return slot;
  }

  /**
   * Slots that can be among the `limit` nearest, given how far a coarse cosine may be off: those
   * within twice that of the last of the nearest by coarse cosine.
   */
  function shortlist({ coarse }: QuantizedQuery, filter: IndexFilter, limit: number): number[] {
    const sets = [withVector, ...facets.of(filter)];
    const best = bestNumbers(limit);
    const found: { readonly slot: number; readonly cosine: number }[] = [];
    let enough = Number.NEGATIVE_INFINITY;
    for (let block = 0; block < blocks; block++) {
      const first = block * BLOCK_ROWS;
      if (!intersect(mask, first / 32, sets)) continue;
      const count = Math.min(BLOCK_ROWS, rows.length - first);
      const selected = kernel.select(block, count, mask, enough);
      for (let i = 0; i < selected.rows.length; i++) {
        const cosine = selected.cosines[i]!;
        const slot = first + selected.rows[i]!;
        if (cosine < enough) continue;
        // Asked last, because it is the caller's function and may be slow.
        if (filter.accepts && !filter.accepts(rows[slot]!.id)) continue;
        found.push({ slot, cosine });
        enough = best.add(cosine) - 2 * coarse.error;
      }
    }
    return found.filter(({ cosine }) => cosine >= enough).map(({ slot }) => slot);
  }

  return {
    put(row) {
      const slot = slots.get(row.rowid) ?? claimSlot();
      slots.set(row.rowid, slot);
      // The bytes live in the kernel's memory; the row must not keep a second copy.
      const { vector, ...rest } = row;
      rows[slot] = rest;
      if (vector) kernel.put(slot, vector);
      withVector.set(slot, vector !== undefined && vector.scale !== 0);
      facets.change(slot, rest);
    },

    remove(rowid) {
      const slot = slots.get(rowid);
      if (slot === undefined) return;
      slots.delete(rowid);
      rows[slot] = undefined;
      withVector.set(slot, false);
      facets.change(slot, undefined);
      free.push(slot);
    },

    clear() {
      slots.clear();
      rows = [];
      free = [];
      blocks = 0;
      // Its memory can not shrink.
      kernel = vectorKernel(dimensions);
      withVector = bitmap();
      facets.clear();
    },

    get(rowid) {
      const slot = slots.get(rowid);
      return slot === undefined ? undefined : rows[slot];
    },

    cosine(query, rowid) {
      const slot = slots.get(rowid);
      if (slot === undefined || !withVector.has(slot)) return undefined;
      kernel.setQuery(query);
      return kernel.cosine(slot);
    },

    nearest(query, filter, limit) {
      kernel.setQuery(query);
      const nearest: NearRow[] = [];
      for (const slot of shortlist(query, filter, limit)) {
        insertSorted(nearest, { row: rows[slot]!, cosine: kernel.cosine(slot) }, limit);
      }
      return nearest;
    },
  };
}

function insertSorted(nearest: NearRow[], candidate: NearRow, limit: number): void {
  let low = 0;
  let high = nearest.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareNear(candidate, nearest[middle]!) < 0) high = middle;
    else low = middle + 1;
  }
  if (low >= limit) return;
  nearest.splice(low, 0, candidate);
  if (nearest.length > limit) nearest.pop();
}

function compareNear(a: NearRow, b: NearRow): number {
  return b.cosine - a.cosine || compareIds(a.row.id, b.row.id);
}
