/**
 * Vectors by row in one contiguous block that is scanned exactly. An approximate index would be faster
 * beyond a million rows only, is slow to build, and returns short pages under a filter.
 */
import { bestRows } from "../best-rows.ts";
import { bestNumbers } from "./best-numbers.ts";
import { bitmap, intersect, type Bitmap } from "./bitmap.ts";
import type { QuantizedQuery, QuantizedVector } from "./quantized-vector.ts";
import { BLOCK_ROWS, vectorKernel } from "./vector-kernel.ts";

/** Rows looked at before there is a limit to what is near; then as many as were looked at so far. */
const FIRST_ROWS = 128;

export interface NearRow {
  readonly row: number;
  readonly cosine: number;
}

export interface VectorTable {
  /** Gives the row this vector in place of what it had, or none. */
  put(row: number, vector: QuantizedVector | undefined): void;
  clear(): void;
  /** Cosine of a unit-length query with a row's vector; `undefined` when the row has none. */
  cosine(query: QuantizedQuery, row: number): number | undefined;
  /**
   * The rows with a vector that are in all of the sets, nearest first, ties in order of id.
   *
   * @param idOf asked for rows that tie alone
   */
  nearest(
    query: QuantizedQuery,
    sets: readonly Bitmap[],
    limit: number,
    idOf: (row: number) => string,
  ): readonly NearRow[];
  /** Blocks of the rows up to the last that ever had a vector. */
  readonly blocks: number;
  /** A block as it is in memory, for copying it out. */
  block(block: number): Uint8Array;
  /** Adds a block filled by `fill`, which gets its bytes; what `fill` returns. */
  addBlock(fill: (bytes: Uint8Array) => boolean): boolean;
}

/** An empty table of vectors of one length. */
export function vectorTable(dimensions: number): VectorTable {
  let blocks = 0;
  let kernel = vectorKernel(dimensions);
  let withVector = bitmap();
  const mask = new Uint32Array(BLOCK_ROWS / 32);

  function addBlock(): void {
    kernel.addBlock();
    blocks += 1;
  }

  /**
   * Rows that can be among the `limit` nearest, given how far a coarse cosine may be off: those within
   * twice that of the last of the nearest by coarse cosine.
   */
  function shortlist(
    { coarse }: QuantizedQuery,
    filters: readonly Bitmap[],
    limit: number,
  ): readonly number[] {
    const sets = [withVector, ...filters];
    const best = bestNumbers(limit);
    const rows: number[] = [];
    const cosines: number[] = [];
    let enough = Number.NEGATIVE_INFINITY;
    for (let block = 0; block < blocks; block++) {
      const first = block * BLOCK_ROWS;
      if (!intersect(mask, first / 32, sets)) continue;
      for (let from = 0, to; from < BLOCK_ROWS; from = to) {
        to = block === 0 ? Math.max(2 * from, FIRST_ROWS) : BLOCK_ROWS;
        const selected = kernel.select(block, from, to, mask, enough);
        for (let i = 0; i < selected.rows.length; i++) {
          const cosine = selected.cosines[i]!;
          if (cosine < enough) continue;
          rows.push(first + selected.rows[i]!);
          cosines.push(cosine);
          enough = best.add(cosine) - 2 * coarse.error;
        }
      }
    }
    return rows.filter((_, at) => cosines[at]! >= enough);
  }

  return {
    put(row, vector) {
      if (vector === undefined && row >= blocks * BLOCK_ROWS) return;
      while (row >= blocks * BLOCK_ROWS) addBlock();
      kernel.put(row, vector);
      withVector.set(row, vector !== undefined && vector.scale !== 0);
    },

    clear() {
      blocks = 0;
      // Its memory can not shrink.
      kernel = vectorKernel(dimensions);
      withVector = bitmap();
    },

    cosine(query, row) {
      if (!withVector.has(row)) return undefined;
      kernel.setQuery(query);
      return kernel.cosine(row);
    },

    nearest(query, sets, limit, idOf) {
      kernel.setQuery(query);
      const nearest = bestRows(limit, idOf);
      for (const row of shortlist(query, sets, limit)) nearest.offer(row, kernel.cosine(row));
      return nearest.best().map(({ row, score }) => ({ row, cosine: score }));
    },

    get blocks() {
      return blocks;
    },

    block: (block) => kernel.block(block),

    addBlock(fill) {
      addBlock();
      if (!fill(kernel.block(blocks - 1))) return false;
      const first = (blocks - 1) * BLOCK_ROWS;
      for (let row = first; row < first + BLOCK_ROWS; row++)
        if (kernel.has(row)) withVector.set(row, true);
      return true;
    },
  };
}
