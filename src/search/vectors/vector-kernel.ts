/**
 * The kernel that compares a query with many vectors, and the memory it works on. Vectors live in
 * blocks of a fixed number of rows, so that growing never copies any.
 */
import { readFileSync } from "node:fs";
import type { QuantizedQuery, QuantizedVector } from "./quantized-vector.ts";

/** Rows of a block; a multiple of 32, the rows of one word of a mask. */
export const BLOCK_ROWS = 2048;

const PAGE_BYTES = 65_536;
/** Components of a vector that the kernel takes at once, and the bytes of their high or low halves. */
const STEP = 32;
const STEP_BYTES = STEP / 2;
/** Of the kernel's own, at the beginning of the memory. */
const TABLE_BYTES = 256;
/** What is added to a component, so that its halves are from 0 to 15. */
const ZERO = 128;
/** The middle of what a low half can be. */
const MIDDLE = 7.5;
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
    highs: number,
    lows: number,
    stride: number,
    from: number,
    to: number,
    mask: number,
    scales: number,
    lengths: number,
    zero: number,
    middle: number,
    length: number,
    enough: number,
    rows: number,
    values: number,
  ): number;
  exactDot(query: number, high: number, low: number, stride: number): number;
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
  select(block: number, from: number, to: number, mask: Uint32Array, enough: number): Selection;
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
  const stride = roundUp(dimensions, STEP);
  const halfBytes = stride / 2;

  const coarseAt = TABLE_BYTES;
  const exactAt = coarseAt + stride;
  const maskAt = exactAt + 2 * stride;
  const rowsAt = maskAt + BLOCK_ROWS / 8;
  const valuesAt = rowsAt + BLOCK_ROWS * 4;
  const headBytes = roundUp(valuesAt + BLOCK_ROWS * 4, PAGE_BYTES);

  const scalesOffset = 0;
  const lengthsOffset = scalesOffset + BLOCK_ROWS * 4;
  const highsOffset = lengthsOffset + BLOCK_ROWS * 4;
  const lowsOffset = highsOffset + BLOCK_ROWS * halfBytes;
  const usedBytes = lowsOffset + BLOCK_ROWS * halfBytes;
  const blockBytes = roundUp(usedBytes, PAGE_BYTES);
  memory.grow(headBytes / PAGE_BYTES - memory.buffer.byteLength / PAGE_BYTES);

  /** All of the memory, which is another one whenever it has grown. */
  let numbers = new Float32Array(memory.buffer);
  let query: QuantizedQuery | undefined;
  // What the bound of a row can lose to rounding, less than 0.006 for each component: the product of the
  // high halves with what is added to it is below 48700 for each, the product of the lengths below 960,
  // and each of three operations, like each of the lengths, is off by at most 2 ** -24.
  const slack = Math.ceil(stride / 128);
  let querySum = 0;
  let queryLength = 0;

  const blockAt = (block: number): number => headBytes + block * blockBytes;
  const rowAt = (row: number, offset: number, bytes: number): number =>
    blockAt(Math.floor(row / BLOCK_ROWS)) + offset + (row % BLOCK_ROWS) * bytes;
  const scaleAt = (row: number): number => rowAt(row, scalesOffset, 4) / 4;
  const lengthAt = (row: number): number => rowAt(row, lengthsOffset, 4) / 4;
  const highAt = (row: number): number => rowAt(row, highsOffset, halfBytes);
  const lowAt = (row: number): number => rowAt(row, lowsOffset, halfBytes);

  function putHalves(row: number, components: Int8Array): void {
    const highs = new Uint8Array(memory.buffer, highAt(row), halfBytes).fill(0);
    const lows = new Uint8Array(memory.buffer, lowAt(row), halfBytes).fill(0);
    let squares = 0;
    for (let i = 0; i < dimensions; i++) {
      const component = components[i]! + ZERO;
      const low = component & 15;
      const at = Math.floor(i / STEP) * STEP_BYTES + (i % STEP_BYTES);
      const shift = i % STEP < STEP_BYTES ? 0 : 4;
      highs[at]! |= (component >> 4) << shift;
      lows[at]! |= low << shift;
      squares += (low - MIDDLE) ** 2;
    }
    numbers[lengthAt(row)] = Math.sqrt(squares);
  }

  return {
    addBlock() {
      memory.grow(blockBytes / PAGE_BYTES);
      numbers = new Float32Array(memory.buffer);
    },

    put(row, vector) {
      if (vector !== undefined) putHalves(row, vector.bytes);
      numbers[scaleAt(row)] = vector?.scale ?? 0;
    },

    setQuery(next) {
      if (query === next) return;
      query = next;
      const { bytes } = next.coarse;
      new Int8Array(memory.buffer, coarseAt, dimensions).set(bytes);
      new Int16Array(memory.buffer, exactAt, dimensions).set(next.components);
      querySum = bytes.reduce((sum, component) => sum + component, 0);
      queryLength = Math.sqrt(bytes.reduce((squares, component) => squares + component ** 2, 0));
    },

    select(block, from, to, mask, enough) {
      const { buffer } = memory;
      const scale = query?.coarse.scale ?? 0;
      new Uint32Array(buffer, maskAt, mask.length).set(mask);
      const at = blockAt(block);
      const found = kernel.select(
        coarseAt,
        at + highsOffset,
        at + lowsOffset,
        stride,
        from,
        to,
        maskAt,
        at + scalesOffset,
        at + lengthsOffset,
        querySum * ZERO,
        Math.ceil(querySum * MIDDLE) + slack,
        queryLength,
        enough / scale,
        rowsAt,
        valuesAt,
      );
      const cosines = new Float32Array(buffer, valuesAt, found);
      for (let i = 0; i < found; i++) cosines[i] = cosines[i]! * scale;
      return { rows: new Uint32Array(buffer, rowsAt, found), cosines };
    },

    cosine(row) {
      const product = kernel.exactDot(exactAt, highAt(row), lowAt(row), stride);
      return product * (query?.scale ?? 0) * numbers[scaleAt(row)]!;
    },

    has: (row) => numbers[scaleAt(row)] !== 0,

    block: (block) => new Uint8Array(memory.buffer, blockAt(block), usedBytes),
  };
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
