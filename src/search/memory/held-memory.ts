/**
 * What one thread holds of an index in memory, and where it stands. Whoever uses it brings it level
 * with the file first, inside the transaction that it is used in.
 */
import { nextRound } from "../../base/loop-turns.ts";
import type { FileState, OpenFile } from "../index-connection.ts";
import { knownTerms, type KnownTerms } from "../keywords/known-terms.ts";
import { readPack, writePack } from "./index-pack.ts";
import { indexMemory, type IndexMemory } from "./index-memory.ts";
import { copyMemory, loadCopy, type MemoryCopy, type MemoryPosition } from "./memory-copy.ts";
import { applyChanges, readAll, readChanges, readPostings } from "./read-rows.ts";

export interface HeldMemory {
  readonly memory: IndexMemory;
  readonly terms: KnownTerms;
  /** Takes over what changed, by whichever process. */
  refresh(file: OpenFile, state: FileState): void;
  /** Whether there are so few changes between it and this state that they are read in passing. */
  isNear(state: MemoryPosition): boolean;
  /** Whether there are few enough to read them a few at a time, and not so many that all is read anew. */
  isInReach(state: MemoryPosition): boolean;
  /**
   * Brings it level with the file a few rows in each round of the event loop; it is near nothing
   * meanwhile.
   */
  catchUp(run: InTransaction): Promise<void>;
  /** Writes a pack, when that is worth it. */
  save(file: OpenFile, state: FileState): void;
  copy(file: OpenFile, state: FileState): MemoryCopy;
  /**
   * Replaces what is held, and brings it level; in rounds of the event loop.
   *
   * @returns whether it is held now: not when it was to be released meanwhile
   */
  adopt(copy: MemoryCopy, run: InTransaction): Promise<boolean>;
  /** Forgets what is held. */
  release(): void;
  /** Rows that changed since all was made in one go, which makes searching slower. */
  readonly changed: number;
  /** As many as there were when it was last brought level. */
  readonly skills: number;
  readonly builds: number;
  readonly rejectedPacks: number;
}

/** Runs a read transaction on the file. */
export type InTransaction = <T>(action: (file: OpenFile, state: FileState) => T) => Promise<T>;

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
/** Changes, and additions of some vectors each, that are read in passing. */
const NEAR = { revisions: 8, fills: 1 };
/** Those that are read a few at a time, beside other work. */
const IN_REACH = { revisions: 500, fills: 8 };
/** Rows that are taken over in one round of the event loop: about a millisecond. */
const ROWS_IN_ROUND = 8;

const NOTHING: MemoryPosition = { generation: "", revision: 0, fills: 0 };

export function heldMemory({ dimensions, packPath }: HeldMemoryOptions): HeldMemory {
  let memory = indexMemory(dimensions);
  const terms = knownTerms();
  let held = NOTHING;
  /** Where the posting base stands. */
  let base = NOTHING;
  /** Raised whenever all that is held is given up: what is being made of it is not wanted any more. */
  let releases = 0;
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
      releases += 1;
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
      base = { generation, revision, fills };
      builds += 1;
      saved = { generation: "", lacks: 0 };
    } else {
      drive(applyChanges(memory, readChanges(statements, held, length)));
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
    base = held;
    saved = { generation, lacks: 0 };
  }

  /** @returns where it stands then; nothing when it is too far behind, or not wanted any more */
  async function bringLevel(
    target: IndexMemory,
    from: MemoryPosition,
    run: InTransaction,
    release: number,
  ): Promise<MemoryPosition | undefined> {
    const found = await run(({ statements }, state) => {
      const { generation, revision, fills, isOurs } = state;
      if (!isWithin(from, state, IN_REACH)) return undefined;
      const changes = readChanges(statements, from, isOurs ? dimensions : 0);
      return { changes, position: { generation, revision, fills } };
    });
    if (found === undefined) return undefined;
    let rows = 0;
    for (const _ of applyChanges(target, found.changes)) {
      rows += 1;
      if (rows % ROWS_IN_ROUND > 0) continue;
      await nextRound();
      if (release !== releases) return undefined;
    }
    return release === releases ? found.position : undefined;
  }

  /** As if it had all been read in one go. */
  function settle(file: OpenFile, state: FileState): void {
    refresh(file, state);
    const { changed } = memory.postings;
    base = held;
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

    isNear: (state) => isWithin(held, state, NEAR),
    isInReach: (state) => isWithin(held, state, IN_REACH),

    catchUp: async (run) => {
      const from = held;
      held = NOTHING;
      const position = await bringLevel(memory, from, run, releases);
      if (position === undefined) return;
      terms.forget();
      held = position;
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
      refresh(file, state);
      // The others are read by whoever takes the copy over.
      if (!isWithin(base, held, IN_REACH)) settle(file, state);
      return copyMemory(memory, base);
    },

    async adopt(copy, run) {
      const next = indexMemory(dimensions);
      const release = releases;
      await loadCopy(next, copy);
      const position = await bringLevel(next, copy.position, run, release);
      if (position === undefined) return false;
      terms.forget();
      memory = next;
      base = copy.position;
      held = position;
      return true;
    },

    release() {
      releases += 1;
      terms.forget();
      held = NOTHING;
      if (memory.rows > 0) memory.clear();
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

function isWithin(
  from: MemoryPosition,
  to: MemoryPosition,
  most: { readonly revisions: number; readonly fills: number },
): boolean {
  return (
    from.revision > 0 &&
    from.generation === to.generation &&
    to.revision - from.revision <= most.revisions &&
    to.fills - from.fills <= most.fills
  );
}

/** All of it at once. */
function drive(steps: Generator<void, void, void>): void {
  while (steps.next().done !== true);
}
