/**
 * What the index holds in memory, kept in a file beside the index's: reading it back is some twenty
 * times faster than building it from the index's rows. Nothing depends on it. It is used only when it is
 * whole and of this index, and what changed since is read from the index.
 */
import { endianness } from "node:os";
import type { IndexMemory } from "./index-memory.ts";
import { openPackFile, writePackFile, type PackReader } from "./pack-file.ts";

/** Raised by every change to what the blocks hold. */
const FORMAT = 2;

/** Which state of which index a pack holds. */
export interface PackedState {
  readonly generation: string;
  readonly dimensions: number;
  readonly revision: number;
  readonly fills: number;
}

interface About extends PackedState {
  readonly format: number;
  readonly endianness: string;
  readonly vectorBlocks: number;
}

const ARRAYS = {
  idOffsets: Uint32Array,
  idBytes: Uint8Array,
  statuses: Uint8Array,
  lengths: Uint16Array,
  postingOffsets: Uint32Array,
  postingBytes: Uint8Array,
} as const;

/** @returns whether it was written; a disk without room costs only time at the next start */
export function writePack(path: string, memory: IndexMemory, state: PackedState): boolean {
  const { ids, statuses, lengths, postings } = memory.blocks();
  const { vectors } = memory;
  const about: About = {
    ...state,
    format: FORMAT,
    endianness: endianness(),
    vectorBlocks: vectors.blocks,
  };
  const arrays = {
    idOffsets: ids.offsets,
    idBytes: ids.bytes,
    statuses,
    lengths,
    postingOffsets: postings.offsets,
    postingBytes: postings.bytes,
  };
  try {
    writePackFile(path, about, [
      ...Object.entries(arrays).map(([name, array]) => ({ name, bytes: bytesOf(array) })),
      ...Array.from({ length: vectors.blocks }, (_, block) => ({
        name: vectorBlock(block),
        bytes: vectors.block(block),
      })),
    ]);
    return true;
  } catch {
    return false;
  }
}

/**
 * Loads a pack into memory.
 *
 * @param now the state of the index
 * @returns where what was loaded stands; `"none"` when there is no pack, `"rejected"` when there is one
 * that can not be used, and then memory is as good as empty
 */
export function readPack(
  path: string,
  memory: IndexMemory,
  now: PackedState,
): { readonly revision: number; readonly fills: number } | "none" | "rejected" {
  const pack = openPackFile<About>(path);
  if (pack === undefined) return "none";
  if (pack === "damaged") return "rejected";
  try {
    return isUsable(pack.about, now) && readInto(memory, pack)
      ? { revision: pack.about.revision, fills: pack.about.fills }
      : "rejected";
  } finally {
    pack.close();
  }
}

/** One that is behind will do: what changed since is in the index. */
function isUsable(about: About, now: PackedState): boolean {
  return (
    about.format === FORMAT &&
    about.endianness === endianness() &&
    about.generation === now.generation &&
    about.dimensions === now.dimensions &&
    about.revision <= now.revision &&
    about.fills <= now.fills
  );
}

function readInto(memory: IndexMemory, pack: PackReader<About>): boolean {
  const sizes = new Map(pack.blocks.map(({ name, bytes }) => [name, bytes]));
  let isWhole = true;
  function read<Name extends keyof typeof ARRAYS>(name: Name): InstanceType<(typeof ARRAYS)[Name]> {
    const Type = ARRAYS[name];
    const array = new Type((sizes.get(name) ?? 0) / Type.BYTES_PER_ELEMENT);
    isWhole &&= pack.read(name, bytesOf(array));
    return array as InstanceType<(typeof ARRAYS)[Name]>;
  }
  memory.load({
    ids: { offsets: read("idOffsets"), bytes: read("idBytes") },
    statuses: read("statuses"),
    lengths: read("lengths"),
    postings: { offsets: read("postingOffsets"), bytes: read("postingBytes") },
  });
  if (!isWhole) return false;
  for (let block = 0; block < pack.about.vectorBlocks; block++)
    if (!memory.vectors.addBlock((bytes) => pack.read(vectorBlock(block), bytes))) return false;
  return true;
}

function vectorBlock(block: number): string {
  return `vectors ${block}`;
}

function bytesOf(array: Uint8Array | Uint16Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
