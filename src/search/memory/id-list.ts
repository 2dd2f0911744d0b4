/**
 * Ids by row. Those loaded in one go are kept as one block of bytes, which at a million rows takes a
 * tenth of what as many strings would; those that changed since are kept beside it.
 */
export interface IdBlock {
  /** Where a row's id begins in `bytes`; it ends where that of the next row begins. */
  readonly offsets: Uint32Array;
  /** UTF-8. */
  readonly bytes: Uint8Array;
}

export interface IdList {
  /** The id of a row that has one; "" otherwise. */
  get(row: number): string;
  put(row: number, id: string): void;
  /** All ids as one block. */
  block(rows: number): IdBlock;
  setBlock(block: IdBlock): void;
}

const NO_IDS: IdBlock = { offsets: new Uint32Array(1), bytes: new Uint8Array(0) };

export function idList(): IdList {
  let offsets = NO_IDS.offsets;
  let buffer: Buffer = Buffer.alloc(0);
  let changed = new Map<number, string>();

  function get(row: number): string {
    const known = changed.get(row);
    if (known !== undefined) return known;
    return row + 1 < offsets.length ? buffer.toString("utf8", offsets[row], offsets[row + 1]) : "";
  }

  return {
    get,

    put(row, id) {
      changed.set(row, id);
    },

    block(rows) {
      const parts: Buffer[] = [];
      const starts = new Uint32Array(rows + 1);
      for (let row = 0; row < rows; row++) {
        const part = Buffer.from(get(row));
        parts.push(part);
        starts[row + 1] = starts[row]! + part.length;
      }
      return { offsets: starts, bytes: Buffer.concat(parts) };
    },

    setBlock(block) {
      offsets = block.offsets;
      buffer = Buffer.from(block.bytes.buffer, block.bytes.byteOffset, block.bytes.byteLength);
      changed = new Map();
    },
  };
}
