/** All that is in memory of an index, copied out to be sent to another thread without copying it again. */
import { nextRound } from "../../base/loop-turns.ts";
import type { IndexMemory, MemoryBlocks } from "./index-memory.ts";

/** Where what is in memory stands. */
export interface MemoryPosition {
  readonly generation: string;
  readonly revision: number;
  readonly fills: number;
}

export interface MemoryCopy {
  /** Where its terms stand: what changed since has to be read, whatever else of it is newer. */
  readonly position: MemoryPosition;
  readonly blocks: MemoryBlocks;
  readonly vectors: readonly Uint8Array[];
}

/** @param position that of the posting base */
export function copyMemory(memory: IndexMemory, position: MemoryPosition): MemoryCopy {
  const { ids, statuses, lengths, postings } = memory.blocks();
  const { vectors } = memory;
  return {
    position,
    blocks: {
      ids: { offsets: ids.offsets.slice(), bytes: new Uint8Array(ids.bytes) },
      statuses: statuses.slice(),
      lengths: lengths.slice(),
      postings: { offsets: postings.offsets.slice(), bytes: postings.bytes.slice() },
    },
    vectors: Array.from({ length: vectors.blocks }, (_, block) => vectors.block(block).slice()),
  };
}

/** What the copy is made of, to be handed over with it. */
export function buffersOf({ blocks, vectors }: MemoryCopy): ArrayBuffer[] {
  const { ids, statuses, lengths, postings } = blocks;
  const arrays = [ids.offsets, ids.bytes, statuses, lengths, postings.offsets, postings.bytes];
  return [...arrays, ...vectors].map(({ buffer }) => buffer as ArrayBuffer);
}

/** Loads a copy into memory that is empty, and gives the event loop a round after each block. */
export async function loadCopy(
  memory: IndexMemory,
  { blocks, vectors }: MemoryCopy,
): Promise<void> {
  memory.load(blocks);
  for (const block of vectors) {
    await nextRound();
    memory.vectors.addBlock((bytes) => {
      bytes.set(block);
      return true;
    });
  }
}
