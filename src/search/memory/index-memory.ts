/**
 * The index as one process holds it in memory, by row of the file: ids, statuses, what filters ask for,
 * the terms of the documents and their vectors. Everything is kept in blocks of bytes, which are loaded
 * from a pack as they are.
 */
import { SKILL_STATUSES, type SkillStatus } from "../../skill/skill.ts";
import { postingLists, type PostingLists } from "../keywords/posting-lists.ts";
import type { PostingBase } from "../keywords/posting-base.ts";
import { facetBitmaps, type FacetBitmaps, type Facets } from "../vectors/facet-bitmaps.ts";
import type { QuantizedVector } from "../vectors/quantized-vector.ts";
import { vectorTable, type VectorTable } from "../vectors/vector-table.ts";
import { idList, type IdBlock, type IdList } from "./id-list.ts";

/** Rows that room is made for at least. */
const FIRST_ROWS = 256;

export interface MemoryRow extends Facets {
  readonly row: number;
  readonly length: number;
  /** As `encodeTerms` gives them. */
  readonly terms: Uint8Array;
  readonly vector: QuantizedVector | undefined;
}

/** All but the vectors, which are loaded block by block. */
export interface MemoryBlocks {
  readonly ids: IdBlock;
  /** Number of the status plus one by row; 0 where there is no document. */
  readonly statuses: Uint8Array;
  /** Tokens of the document by row. */
  readonly lengths: Uint16Array;
  readonly postings: PostingBase;
}

export interface IndexMemory {
  readonly ids: IdList;
  readonly facets: FacetBitmaps;
  readonly vectors: VectorTable;
  readonly postings: PostingLists;
  /** Tokens of the document by row. */
  readonly lengths: Uint16Array;
  /** One beyond the highest row. */
  readonly rows: number;
  put(row: MemoryRow): void;
  remove(row: number): void;
  clear(): void;
  withStatus(status: SkillStatus): Iterable<number>;
  /** Replaces all but the vectors. */
  load(blocks: MemoryBlocks): void;
  /** What `load` takes; the terms of rows that changed since are not in it. */
  blocks(): MemoryBlocks;
}

export function statusNumber(status: SkillStatus): number {
  return SKILL_STATUSES.indexOf(status) + 1;
}

export function indexMemory(dimensions: number): IndexMemory {
  const ids = idList();
  const facets = facetBitmaps();
  const vectors = vectorTable(dimensions);
  const postings = postingLists();
  let statuses: Uint8Array = new Uint8Array(0);
  let lengths: Uint16Array = new Uint16Array(0);
  let rows = 0;

  function grow(row: number): void {
    rows = Math.max(rows, row + 1);
    if (row < statuses.length) return;
    const size = Math.max(FIRST_ROWS, row + 1, Math.ceil(statuses.length * 1.5));
    const grownStatuses = new Uint8Array(size);
    grownStatuses.set(statuses);
    statuses = grownStatuses;
    const grownLengths = new Uint16Array(size);
    grownLengths.set(lengths);
    lengths = grownLengths;
  }

  function load(blocks: MemoryBlocks): void {
    ids.setBlock(blocks.ids);
    statuses = blocks.statuses;
    lengths = blocks.lengths;
    rows = statuses.length;
    postings.setBase(blocks.postings);
    facets.clear();
  }

  return {
    ids,
    facets,
    vectors,
    postings,
    get lengths() {
      return lengths;
    },
    get rows() {
      return rows;
    },

    put(document) {
      const { row, id, status, length, terms, vector } = document;
      grow(row);
      ids.put(row, id);
      statuses[row] = statusNumber(status);
      lengths[row] = length;
      postings.put(row, terms);
      vectors.put(row, vector);
      facets.change(row, document);
    },

    remove(row) {
      if (row >= rows) return;
      statuses[row] = 0;
      postings.put(row, undefined);
      vectors.put(row, undefined);
      facets.change(row, undefined);
    },

    clear() {
      load({
        ids: { offsets: new Uint32Array(1), bytes: new Uint8Array(0) },
        statuses: new Uint8Array(0),
        lengths: new Uint16Array(0),
        postings: { offsets: new Uint32Array(2), bytes: new Uint8Array(0) },
      });
      vectors.clear();
    },

    *withStatus(status) {
      const number = statusNumber(status);
      for (let row = 0; row < rows; row++) if (statuses[row] === number) yield row;
    },

    load,

    blocks: () => ({
      ids: ids.block(rows),
      statuses: statuses.subarray(0, rows),
      lengths: lengths.subarray(0, rows),
      postings: postings.base,
    }),
  };
}
