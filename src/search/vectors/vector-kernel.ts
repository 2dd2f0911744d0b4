/**
 * The kernel that compares a query with many vectors, and the memory it works on. Vectors live in
 * blocks of a fixed number of rows, so that growing never copies any.
 */
import { readFileSync } from "node:fs";
import { COARSE_ZERO, type QuantizedQuery, type QuantizedVector } from "./quantized-vector.ts";

/** Rows of a block; a multiple of 32, the rows of one word of a mask. */
export const BLOCK_ROWS = 2048;

const PAGE_BYTES = 65_536;
/** What one step of the kernel reads of a vector. */
const STEP_BYTES = 32;
const BINARY = new URL("../../../assets/vector-kernel/vector-kernel.wasm", import.meta.url);

/** The part of WebAssembly that is used, typed here because the compiler's types bind it to the DOM. */
interface WebAssemblyGlobal {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  select(
    query: number,
    first: number,
    stride: number,
    count: number,
    mask: number,
    sums: number,
    scales: number,
    enough: number,
    rows: number,
    values: number,
  ): number;
  exactDot(query: number, row: number, stride: number): number;
}

/** Rows of one block with their coarse cosines. */
export interface Selection {
  readonly rows: Uint32Array;
  readonly cosines: Float32Array;
}

export interface VectorKernel {
  /** Adds a block of empty rows. */
  addBlock(): void;
  /** Gives a row its vector; without one the row has none any more. */
  put(row: number, vector: QuantizedVector | undefined): void;
  /** Sets the query of the calls that follow. */
  setQuery(query: QuantizedQuery): void;
  /**
   * The rows of a block, counted from its first, that are in `mask` (32 rows a word) and whose coarse
   * cosine is at least `enough`. Valid up to the next call.
   */
  select(block: number, count: number, mask: Uint32Array, enough: number): Selection;
  /** Cosine of the query, in all its bits, with one row. */
  cosine(row: number): number;
  /** Whether a row has a vector that is not zero. */
  has(row: number): boolean;
  /** The bytes of a block, for copying it as it is; valid until a block is added. */
  block(block: number): Uint8Array;
}

const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyGlobal })
  .WebAssembly;

let compiled: object | undefined;

/** A kernel with no blocks, for vectors of this length. */
export function vectorKernel(dimensions: number): VectorKernel {
  compiled ??= new Module(readFileSync(BINARY));
  const kernel = new Instance(compiled).exports as KernelExports;
  const { memory } = kernel;
  const stride = roundUp(dimensions, STEP_BYTES);

  const coarseAt = 0;
  const exactAt = coarseAt + stride;
  const maskAt = exactAt + 2 * stride;
  const rowsAt = maskAt + BLOCK_ROWS / 8;
  const valuesAt = rowsAt + BLOCK_ROWS * 4;
  const headBytes = roundUp(valuesAt + BLOCK_ROWS * 4, PAGE_BYTES);

  const scalesOffset = 0;
  const sumsOffset = scalesOffset + BLOCK_ROWS * 4;
  const vectorsOffset = sumsOffset + BLOCK_ROWS * 4;
  const blockBytes = roundUp(vectorsOffset + BLOCK_ROWS * stride, PAGE_BYTES);
  memory.grow(headBytes / PAGE_BYTES - memory.buffer.byteLength / PAGE_BYTES);

  let query: QuantizedQuery | undefined;

  const blockAt = (block: number): number => headBytes + block * blockBytes;
  const numberAt = (row: number, offset: number): number =>
    blockAt(Math.floor(row / BLOCK_ROWS)) + offset + (row % BLOCK_ROWS) * 4;
  const vectorAt = (row: number): number =>
    blockAt(Math.floor(row / BLOCK_ROWS)) + vectorsOffset + (row % BLOCK_ROWS) * stride;

  return {
    addBlock() {
      memory.grow(blockBytes / PAGE_BYTES);
    },

    put(row, vector) {
      const { buffer } = memory;
      if (vector === undefined) {
        new Float32Array(buffer, numberAt(row, scalesOffset), 1)[0] = 0;
        return;
      }
      const { bytes, scale } = vector;
      new Int8Array(buffer, vectorAt(row), dimensions).set(bytes);
      new Float32Array(buffer, numberAt(row, scalesOffset), 1)[0] = scale;
      const sum = bytes.reduce((total, component) => total + component, 0);
      new Int32Array(buffer, numberAt(row, sumsOffset), 1)[0] = sum * COARSE_ZERO;
    },

    setQuery(next) {
      if (query === next) return;
      query = next;
      new Uint8Array(memory.buffer, coarseAt, dimensions).set(next.coarse.bytes);
      new Int16Array(memory.buffer, exactAt, dimensions).set(next.components);
    },

    select(block, count, mask, enough) {
      const { buffer } = memory;
      const scale = query?.coarse.scale ?? 0;
      new Uint32Array(buffer, maskAt, mask.length).set(mask);
      const at = blockAt(block);
      const found = kernel.select(
        coarseAt,
        at + vectorsOffset,
        stride,
        count,
        maskAt,
        at + sumsOffset,
        at + scalesOffset,
        enough / scale,
        rowsAt,
        valuesAt,
      );
      const cosines = new Float32Array(buffer, valuesAt, found);
      for (let i = 0; i < found; i++) cosines[i] = cosines[i]! * scale;
      return { rows: new Uint32Array(buffer, rowsAt, found), cosines };
    },

    cosine(row) {
      const scale = new Float32Array(memory.buffer, numberAt(row, scalesOffset), 1)[0]!;
      return kernel.exactDot(exactAt, vectorAt(row), stride) * (query?.scale ?? 0) * scale;
    },

    has: (row) => new Float32Array(memory.buffer, numberAt(row, scalesOffset), 1)[0] !== 0,

    block: (block) =>
      new Uint8Array(memory.buffer, blockAt(block), vectorsOffset + BLOCK_ROWS * stride),
  };
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
