/**
 * The documents of the index as one process holds them in memory: what filters ask for, and the
 * vectors in one contiguous block that is scanned exactly. An approximate index would be faster
 * beyond a million rows only, is slow to build, and returns short pages under a filter.
 */
import type { SkillStatus } from "../skill/skill.ts";
import { compareIds } from "./fusion.ts";
import type { QuantizedQuery, QuantizedVector } from "./quantized-vector.ts";
import type { IndexFilter } from "./search-index.ts";

const INITIAL_CAPACITY = 256;

export interface TableRow {
  /** Row of the keyword table. */
  readonly rowid: number;
  readonly id: string;
  readonly category: string;
  readonly status: SkillStatus;
  readonly tags: readonly string[];
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
  let vectors = new Int8Array(INITIAL_CAPACITY * dimensions);
  let scales = new Float32Array(INITIAL_CAPACITY);

  function claimSlot(): number {
    const slot = free.pop() ?? rows.length;
    if (slot >= scales.length) {
      const grownVectors = new Int8Array(vectors.length * 2);
      grownVectors.set(vectors);
      vectors = grownVectors;
      const grownScales = new Float32Array(scales.length * 2);
      grownScales.set(scales);
      scales = grownScales;
    }
    return slot;
  }

  return {
    put(row) {
      const slot = slots.get(row.rowid) ?? claimSlot();
      slots.set(row.rowid, slot);
      // The bytes live in the block; the row must not keep a second copy.
      const { vector, ...rest } = row;
      rows[slot] = rest;
      scales[slot] = vector?.scale ?? 0;
      if (vector) vectors.set(vector.bytes, slot * dimensions);
    },

    remove(rowid) {
      const slot = slots.get(rowid);
      if (slot === undefined) return;
      slots.delete(rowid);
      rows[slot] = undefined;
      scales[slot] = 0;
      free.push(slot);
    },

    clear() {
      slots.clear();
      rows = [];
      free = [];
      vectors = new Int8Array(INITIAL_CAPACITY * dimensions);
      scales = new Float32Array(INITIAL_CAPACITY);
    },

    get(rowid) {
      const slot = slots.get(rowid);
      return slot === undefined ? undefined : rows[slot];
    },

    cosine(query, rowid) {
      const slot = slots.get(rowid);
      if (slot === undefined || scales[slot] === 0) return undefined;
      return dotAt(query.components, vectors, slot) * query.scale * scales[slot]!;
    },

    nearest(query, filter, limit) {
      const { components, scale } = query;
      const [block, blockScales] = [vectors, scales];
      const nearest: NearRow[] = [];
      let worst = -Infinity;
      for (let slot = 0; slot < rows.length; slot++) {
        const row = rows[slot];
        if (row === undefined || blockScales[slot] === 0 || !passes(row, filter)) continue;
        const cosine = dotAt(components, block, slot) * scale * blockScales[slot]!;
        if (nearest.length === limit && cosine < worst) continue;
        // Asked last, because it is the caller's function and may be slow.
        if (filter.accepts && !filter.accepts(row.id)) continue;
        insertSorted(nearest, { row, cosine }, limit);
        if (nearest.length === limit) worst = nearest.at(-1)!.cosine;
      }
      return nearest;
    },
  };
}

/** The product of a query with the vector in a slot of the block, in integers and so exact. */
function dotAt(query: Int32Array, block: Int8Array, slot: number): number {
  const { length } = query;
  const start = slot * length;
  let even = 0;
  let odd = 0;
  let i = 0;
  // Two sums let the processor overlap the multiplications.
  for (; i + 1 < length; i += 2) {
    even = (even + query[i]! * block[start + i]!) | 0;
    odd = (odd + query[i + 1]! * block[start + i + 1]!) | 0;
  }
  if (i < length) even = (even + query[i]! * block[start + i]!) | 0;
  return even + odd;
}

function passes(row: TableRow, filter: IndexFilter): boolean {
  if (row.status !== filter.status) return false;
  if (filter.category !== undefined && row.category !== filter.category) return false;
  return filter.tags === undefined || filter.tags.every((tag) => row.tags.includes(tag));
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
