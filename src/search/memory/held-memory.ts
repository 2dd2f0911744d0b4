/**
 * What one thread holds of an index in memory, and where it stands. Whoever uses it brings it level
 * with the file first, inside the transaction that it is used in.
 */
import type { FileState, OpenFile } from "../index-connection.ts";
import { knownTerms, type KnownTerms } from "../keywords/known-terms.ts";
import { readPack, writePack } from "./index-pack.ts";
import { indexMemory, type IndexMemory } from "./index-memory.ts";
import { copyMemory, loadCopy, type MemoryCopy, type MemoryPosition } from "./memory-copy.ts";
import { readAll, readChanges, readPostings } from "./read-rows.ts";

export interface HeldMemory {
  readonly memory: IndexMemory;
  readonly terms: KnownTerms;
  /** Takes over what changed, by whichever process. */
  refresh(file: OpenFile, state: FileState): void;
  /** Whether bringing it level with this state takes a millisecond or two at most. */
  isNear(state: MemoryPosition): boolean;
  /** Writes a pack, when that is worth it. */
  save(file: OpenFile, state: FileState): void;
  copy(file: OpenFile, state: FileState): MemoryCopy;
  /** Replaces what is held, once it is ready. */
  adopt(copy: MemoryCopy): Promise<void>;
  /** Forgets what is held. */
  release(): void;
  /** Rows that changed since all was made in one go, which makes searching slower. */
  readonly changed: number;
  /** As many as there were when it was last brought level. */
  readonly skills: number;
  readonly builds: number;
  readonly rejectedPacks: number;
}

export interface HeldMemoryOptions {
  readonly dimensions: number;
  /** (default: none is read or written) */
  readonly packPath?: string;
}

/** Changes beyond which all is read anew: so many, or a part of all. */
const READ_ANEW_ROWS = 2000;
const READ_ANEW_SHARE = 0.25;
/** Changes since the last pack that make another one worth it: so many, and a part of all. */
const SAVE_ROWS = 1000;
const SAVE_SHARE = 0.05;
/** Changes that are read in a millisecond or two, and additions of some vectors each. */
const NEAR_REVISIONS = 64;
const NEAR_FILLS = 1;

const NOTHING: MemoryPosition = { generation: "", revision: 0, fills: 0 };

export function heldMemory({ dimensions, packPath }: HeldMemoryOptions): HeldMemory {
  let memory = indexMemory(dimensions);
  const terms = knownTerms();
  let held = NOTHING;
  /** What a pack on disk holds, and how many changes it lacks beside those since all was made in one go. */
  let saved = { generation: "", lacks: 0 };
  let skills = 0;
  let builds = 0;
  let rejectedPacks = 0;

  function refresh({ statements }: OpenFile, state: FileState): void {
    ({ skills } = state);
    const { generation, revision, fills } = state;
    const length = state.isOurs ? dimensions : 0;
    if (generation !== held.generation) {
      memory.clear();
      terms.forget();
      held = { generation, revision: 0, fills: 0 };
      if (revision > 0) load(state);
    }
    if (revision === held.revision && fills === held.fills) return;
    terms.forget();
    const { count } = statements.countChangedSince.get(held.revision)!;
    const isMuch = Number(count) > Math.max(READ_ANEW_ROWS, state.skills * READ_ANEW_SHARE);
    if (held.revision === 0 || isMuch) {
      // Should it fail in between, nothing of what was held before is left.
      held = { generation, revision: 0, fills: 0 };
      readAll(memory, statements, length);
      builds += 1;
      saved = { generation: "", lacks: 0 };
    } else {
      readChanges(memory, statements, held, length);
    }
    held = { generation, revision, fills };
  }

  function load({ generation, revision, fills }: FileState): void {
    if (packPath === undefined) return;
    const pack = readPack(packPath, memory, { generation, dimensions, revision, fills });
    if (pack === "none") return;
    if (pack === "rejected") {
      memory.clear();
      rejectedPacks += 1;
      return;
    }
    held = { generation, ...pack };
    saved = { generation, lacks: 0 };
  }

  /** As if it had all been read in one go. */
  function settle(file: OpenFile, state: FileState): void {
    refresh(file, state);
    const { changed } = memory.postings;
    if (changed === 0) return;
    memory.load({ ...memory.blocks(), postings: readPostings(file.statements) });
    saved = { ...saved, lacks: saved.lacks + changed };
  }

  return {
    get memory() {
      return memory;
    },
    terms,
    refresh,

    isNear({ generation, revision, fills }) {
      if (generation !== held.generation || held.revision === 0) return false;
      const isBehind = revision - held.revision;
      return isBehind <= NEAR_REVISIONS && fills - held.fills <= NEAR_FILLS;
    },

    save(file, state) {
      if (packPath === undefined || held.revision === 0) return;
      const isSaved = saved.generation === held.generation;
      const lacks = saved.lacks + memory.postings.changed;
      const isWorth = !isSaved || lacks > Math.max(SAVE_ROWS, memory.rows * SAVE_SHARE);
      if (!isWorth) return;
      settle(file, state);
      const { generation } = held;
      // A disk that is full keeps no search from being answered.
      saved = { generation, lacks: 0 };
      writePack(packPath, memory, { ...held, dimensions });
    },

    copy(file, state) {
      settle(file, state);
      return copyMemory(memory, held);
    },

    async adopt(copy) {
      const next = indexMemory(dimensions);
      await loadCopy(next, copy);
      terms.forget();
      memory = next;
      held = copy.position;
    },

    release() {
      if (held === NOTHING) return;
      memory.clear();
      terms.forget();
      held = NOTHING;
    },

    get changed() {
      return memory.postings.changed;
    },
    get skills() {
      return skills;
    },
    get builds() {
      return builds;
    },
    get rejectedPacks() {
      return rejectedPacks;
    },
  };
}
