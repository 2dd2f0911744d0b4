/**
 * Makes the memory of an engine equal to a snapshot again, every byte of it, whatever a run did: it
 * looks at all of it and trusts nothing that lies in it.
 *
 * Where the snapshot is not zero it is copied. All the rest is looked at and written only where it
 * is not zero. Most of it was never written by any run: the system backs such memory with one page
 * of zeros, which the processor's cache holds, so that looking at a megabyte of it costs less than
 * writing a tenth.
 */

/** One memory, seen in the ways it is used. */
export interface MemoryViews {
  readonly buffer: ArrayBuffer;
  readonly bytes: Buffer;
  readonly words: Int32Array;
  readonly data: DataView;
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Ranges of a snapshot begin and end at multiples of this. */
const PAGE_BYTES = 4096;
/** The smallest piece that is cleared by itself. */
const PIECE_BYTES = 16 * 1024;
/** One line of the processor's cache. */
const LINE_BYTES = 64;

export function viewMemory(buffer: ArrayBuffer): MemoryViews {
  return {
    buffer,
    bytes: Buffer.from(buffer),
    words: new Int32Array(buffer),
    data: new DataView(buffer),
  };
}

/** Where a snapshot is not zero, in order. */
export function usedRanges(snapshot: Uint8Array): readonly Range[] {
  const ranges: { from: number; to: number }[] = [];
  for (let from = 0; from < snapshot.length; from += PAGE_BYTES) {
    const to = from + PAGE_BYTES;
    if (snapshot.subarray(from, to).every((byte) => byte === 0)) continue;
    const last = ranges.at(-1);
    if (last?.to === from) last.to = to;
    else ranges.push({ from, to });
  }
  return ranges;
}

/** Restores a memory of the snapshot's size; `used` are its {@link usedRanges}. */
export function restoreMemory(
  views: MemoryViews,
  snapshot: Uint8Array,
  used: readonly Range[],
): void {
  let clearFrom = 0;
  for (const { from, to } of used) {
    clear(views, clearFrom, from);
    views.bytes.set(snapshot.subarray(from, to), from);
    clearFrom = to;
  }
  clear(views, clearFrom, views.bytes.length);
}

/** Runs write next to what was in use: pieces are small there, and grow towards the middle. */
function clear(views: MemoryViews, from: number, to: number): void {
  let [start, end] = [from, to];
  for (let bytes = PIECE_BYTES; end - start > 4 * bytes; bytes *= 2) {
    clearPiece(views, start, start + bytes);
    clearPiece(views, end - bytes, end);
    start += bytes;
    end -= bytes;
  }
  if (start < end) clearPiece(views, start, end);
}

function clearPiece(views: MemoryViews, from: number, to: number): void {
  if (isZero(views, from, to)) return;
  if (to - from <= PIECE_BYTES) {
    views.bytes.fill(0, from, to);
    return;
  }
  const middle = from + Math.ceil((to - from) / 2 / PAGE_BYTES) * PAGE_BYTES;
  clearPiece(views, from, middle);
  clearPiece(views, middle, to);
}

/** Compares the memory with itself, one line further on: only one stream of it is read. */
function isZero({ bytes, words }: MemoryViews, from: number, to: number): boolean {
  let line = 0;
  for (let word = from / 4; word < (from + LINE_BYTES) / 4; word++) line |= words[word] as number;
  return line === 0 && bytes.compare(bytes, from + LINE_BYTES, to, from, to - LINE_BYTES) === 0;
}
