/**
 * The search index in a SQLite file of its own, shared by the processes of one machine: bm25 over the
 * documents' terms and an exact scan over their 8-bit vectors, both from memory, and a weighted sum of
 * both.
 *
 * Small indexes are searched on the caller's thread. From `threadFrom` skills on, searching and writing
 * are done on a thread of their own, with the same answers. Up to `copyUpTo` skills the caller's thread
 * soon has a copy of what that thread holds, and searches it; beyond, it holds nothing of the index, and
 * reads no more of the file than its state.
 *
 * `apply` re-reads the state inside its write transaction, so that of several processes that bring the
 * same changes one does the work. An update computed against an index that has since been emptied is not
 * applied: on its own it would leave an index that looks complete and is not.
 */
import { throwIfAborted } from "../base/abort.ts";
import { RepertoireError } from "../base/errors.ts";
import { callInThread } from "../base/thread-call.ts";
import {
  indexConnection,
  type IndexConnectionOptions,
  type FileState,
  stateOf,
} from "./index-connection.ts";
import { answerOf } from "./found-rows.ts";
import { indexEngine, type IndexEngine, type Near, type NearEngine } from "./index-engine.ts";
import { writeVectors } from "./index-writer.ts";
import type { SearchIndex } from "./search-index.ts";
import { callerCopy } from "./thread/caller-copy.ts";
import { isThreadDeath, searchThread, type SearchThread } from "./thread/search-thread.ts";

export interface SqliteSearchIndexOptions extends IndexConnectionOptions {
  /** Skills from which on it works on a thread of its own (default: 1,000). */
  readonly threadFrom?: number;
  /**
   * Skills up to which searches are answered on the caller's thread all the same (default: 20,000);
   * at most as many as have 5,120,000 components of vectors together.
   */
  readonly copyUpTo?: number;
}

/**
 * Below it a search holds up the caller's thread for a millisecond or two, and an update for a few;
 * starting a thread takes some fifty, and the thread some 10 MB.
 */
const THREAD_FROM = 1000;
/** Up to it a search takes less time than waking a thread for it does where processors sleep. */
const COPY_UP_TO = 20_000;
/** Components of all vectors up to which that is so: 20,000 vectors of 256. */
const COPY_COMPONENTS = 20_000 * 256;
/** A filter by more ids than these takes too long to make ready on the caller's thread. */
const COPY_FILTER_IDS = 256;

const CHECK = { module: new URL("./check-index-file", import.meta.url), name: "checkIndexFile" };

/**
 * Opens the index of a library. Vectors of another embedder found there are dropped; keywords keep
 * working, and `state()` tells how many vectors are missing.
 *
 * @throws {INVALID_INPUT} when `embedderId` comes without positive `dimensions`
 * @throws {STORE_UNAVAILABLE} when another process holds the file for longer than `busyMs`
 */
export async function sqliteSearchIndex(options: SqliteSearchIndexOptions): Promise<SearchIndex> {
  const { path, embedderId, busyMs, threadFrom = THREAD_FROM, copyUpTo = COPY_UP_TO } = options;
  const dimensions = embedderId === undefined ? 0 : checkDimensions(options.dimensions);
  const connection = await indexConnection(options);
  const local = await indexEngine({ ...options, dimensions, usesPack: false }, connection);
  let thread: SearchThread | undefined;
  const upTo = Math.min(copyUpTo, Math.floor(COPY_COMPONENTS / Math.max(1, dimensions)));
  const copy = callerCopy({ engine: local, upTo, copy: () => thread!.copy() });
  /** The generation whose state the owner was told last, and computes its updates against. */
  let told = connection.opened.generation;
  /** As many as there were when the file was last looked at. */
  let { skills } = connection.opened;

  function threadIfLarge(): SearchThread | undefined {
    if (thread === undefined && skills >= threadFrom) {
      thread = searchThread({
        path,
        dimensions,
        usesPack: true,
        ...(embedderId === undefined ? {} : { embedderId }),
        ...(busyMs === undefined ? {} : { busyMs }),
      });
      local.held.release();
    }
    return thread;
  }

  /** Works where the size of the index wants it; here after all when threads keep dying of it. */
  async function work<T>(
    task: (engine: Pick<IndexEngine, "search" | "neighbours" | "apply">) => Promise<T>,
  ): Promise<T> {
    const engine = threadIfLarge();
    if (engine === undefined) {
      const result = await task(local);
      ({ skills } = local.held);
      return result;
    }
    try {
      return await task(engine);
    } catch (error) {
      if (!isThreadDeath(error)) throw error;
      return task(local);
    }
  }

  /** As `work`, on the copy where that is as quick as it should be. */
  async function read<T>(
    nearTask: (engine: NearEngine) => Promise<Near<T>>,
    task: (engine: Pick<IndexEngine, "search" | "neighbours">) => Promise<T>,
    isQuick = true,
  ): Promise<T> {
    const isThreaded = threadIfLarge() !== undefined;
    const answer = isThreaded && isQuick ? await copy.answer(skills, nearTask) : undefined;
    return answer === undefined ? work(task) : answer.value;
  }

  async function readState(): Promise<FileState> {
    const look = (): Promise<FileState> => connection.run("BEGIN", (_, state) => state);
    const found = await look().catch((error: unknown) => {
      if (!(error instanceof RepertoireError && error.code === "STORE_CORRUPT")) throw error;
      // It has just been begun anew, which is all the owner needs to know.
      return look();
    });
    told = found.generation;
    ({ skills } = found);
    return found;
  }

  return {
    state: async () => stateOf(await readState()),

    async apply(update) {
      for (const { summary, vector } of update.upserts) {
        if (embedderId !== undefined && vector) checkVector(vector, dimensions, summary.id);
      }
      const against = update.generation ?? told;
      await work((engine) => engine.apply(update, against));
    },

    async search(query) {
      if (embedderId !== undefined && query.vector) {
        checkVector(query.vector, dimensions, "the query");
      }
      throwIfAborted(query.signal, "Searching");
      const { only, except } = query.filter;
      const isQuick = (only?.size ?? 0) + (except?.size ?? 0) <= COPY_FILTER_IDS;
      const found = await read(
        async (engine) => {
          throwIfAborted(query.signal, "Searching");
          return engine.search(query);
        },
        (engine) => engine.search(query),
        isQuick,
      );
      return answerOf(found);
    },

    neighbours: (id, limit) =>
      read(
        (engine) => engine.neighbours(id, limit),
        (engine) => engine.neighbours(id, limit),
      ),

    unembedded: ({ after = 0, limit }) =>
      connection.run("BEGIN", ({ statements }, { generation, isOurs }) => {
        const rows = isOurs ? statements.unembedded.all(after, limit) : [];
        return {
          generation,
          skills: rows.map(({ rowid, id, version }) => ({
            id: id as string,
            version: Number(version),
            position: Number(rowid),
          })),
        };
      }),

    async addVectors({ generation, vectors }) {
      for (const { id, vector } of vectors) checkVector(vector, dimensions, id);
      return connection.run("BEGIN IMMEDIATE", ({ statements }, state) =>
        state.generation === generation && state.isOurs
          ? writeVectors(statements, vectors, state.fills + 1)
          : 0,
      );
    },

    activity: () => ({
      threaded: thread !== undefined,
      copies: copy.copies,
      builds: local.held.builds + (thread?.builds ?? 0),
      rejectedPacks: thread?.rejectedPacks ?? 0,
      replacedThreads: thread?.replaced ?? 0,
    }),

    /** The file is left for a new one: emptied, it would keep whatever is damaged inside. */
    async reset() {
      await connection.beginAnew();
      await readState();
    },

    async check(signal) {
      // A file that was exchanged or damaged is noticed now, not read.
      await readState();
      return callInThread(CHECK, { path }, signal);
    },

    async close() {
      local.close();
      connection.close();
      await thread?.close();
    },
  };
}

function checkDimensions(dimensions: number | undefined): number {
  if (Number.isInteger(dimensions) && (dimensions as number) > 0) return dimensions as number;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`dimensions\` to be a positive integer, got ${String(dimensions)}; pass the embedder's own`,
  );
}

function checkVector(vector: Float32Array, dimensions: number, owner: string): void {
  const defect =
    vector.length !== dimensions
      ? `${vector.length} components`
      : vector.every(Number.isFinite)
        ? undefined
        : "a component that is not a finite number";
  if (defect === undefined) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected the vector of ${owner} to have ${dimensions} finite components, got ${defect}`,
  );
}
