/**
 * The heavy work on a search index: answering from memory, and writing. It runs on the caller's thread
 * or on one of its own, with the same answers.
 *
 * Every search runs in one read transaction. It first reads the index's state (a few microseconds) and
 * takes over the rows that changed, by whichever process, so it sees every update applied before it
 * began.
 */
import {
  indexConnection,
  type IndexConnection,
  type IndexConnectionOptions,
  type FileState,
  type OpenFile,
  stateOf,
} from "./index-connection.ts";
import { foundRows, type FoundRows } from "./found-rows.ts";
import type { IndexView } from "./index-view.ts";
import { prepareDocuments, writeUpdate } from "./index-writer.ts";
import { stemmer } from "./keywords/stemmer.ts";
import { readPack, writePack } from "./memory/index-pack.ts";
import { indexMemory } from "./memory/index-memory.ts";
import { readAll, readChanges, readPostings } from "./memory/read-rows.ts";
import { nearestDocuments } from "./nearest-documents.ts";
import { rankHits } from "./rank-hits.ts";
import type { IndexNeighbour, IndexQuery, IndexUpdate } from "./search-index.ts";

export interface IndexEngine {
  search(query: IndexQuery): Promise<FoundRows>;
  neighbours(id: string, limit: number): Promise<readonly IndexNeighbour[] | undefined>;
  /**
   * Applies changes, unless they are no news.
   *
   * @param told the generation against which the update was computed
   */
  apply(update: IndexUpdate, told: string): Promise<void>;
  /** Keeps what is in memory on disk, when that is worth it. */
  save(): Promise<void>;
  /** Forgets what is in memory. */
  release(): void;
  /** As many as there were at the last search. */
  readonly skills: number;
  readonly builds: number;
  readonly rejectedPacks: number;
  close(): void;
}

export interface IndexEngineOptions extends IndexConnectionOptions {
  /** Whether packs are read and written; an index of few skills is built faster than it is read. */
  readonly usesPack: boolean;
}

/** Changes beyond which all is read anew: so many, or a part of all. */
const READ_ANEW_ROWS = 2000;
const READ_ANEW_SHARE = 0.25;
/** Changes since the last pack that make another one worth it: so many, and a part of all. */
const SAVE_ROWS = 1000;
const SAVE_SHARE = 0.05;

/** @param shared the connection to work on (default: one of its own, which it closes) */
export async function indexEngine(
  options: IndexEngineOptions,
  shared?: IndexConnection,
): Promise<IndexEngine> {
  const { path, embedderId, dimensions = 0, usesPack } = options;
  const connection = shared ?? (await indexConnection(options));
  const memory = indexMemory(dimensions);
  const words = stemmer();
  const packPath = `${path}.pack`;
  /** Where what is in memory stands. */
  let held = { generation: "", revision: 0, fills: 0 };
  /** What a pack on disk holds of it. */
  let saved = { generation: "", changed: 0 };
  let skills = 0;
  let builds = 0;
  let rejectedPacks = 0;

  function refresh({ statements }: OpenFile, state: FileState): void {
    ({ skills } = state);
    const { generation, revision, fills } = state;
    const length = state.isOurs ? dimensions : 0;
    if (generation !== held.generation) {
      memory.clear();
      held = { generation, revision: 0, fills: 0 };
      if (revision > 0 && usesPack) load(state);
    }
    if (revision === held.revision && fills === held.fills) return;
    const { count } = statements.countChangedSince.get(held.revision)!;
    const isMuch = Number(count) > Math.max(READ_ANEW_ROWS, state.skills * READ_ANEW_SHARE);
    if (held.revision === 0 || isMuch) {
      // Should it fail in between, nothing of what was held before is left.
      held = { generation, revision: 0, fills: 0 };
      readAll(memory, statements, length);
      builds += 1;
      saved = { generation: "", changed: 0 };
    } else {
      readChanges(memory, statements, held, length);
    }
    held = { generation, revision, fills };
  }

  function load({ generation, revision, fills }: FileState): void {
    const pack = readPack(packPath, memory, { generation, dimensions, revision, fills });
    if (pack === "none") return;
    if (pack === "rejected") {
      memory.clear();
      rejectedPacks += 1;
      return;
    }
    held = { generation, ...pack };
    saved = { generation, changed: 0 };
  }

  function view({ statements }: OpenFile, { skills, tokens }: FileState): IndexView {
    return { statements, memory, stemmer: words, skills, tokens };
  }

  function isNews(update: IndexUpdate, state: FileState, told: string): boolean {
    return state.generation === told && update.revision > state.revision;
  }

  return {
    search: (query) =>
      connection.run("BEGIN", (file, state) => {
        refresh(file, state);
        const { vector, ...keywordQuery } = query;
        const hits = rankHits(
          view(file, state),
          embedderId === undefined || vector === undefined ? keywordQuery : query,
        );
        const summaryOf = (rowid: number): string =>
          file.statements.summary.get(rowid)!.summary as string;
        return foundRows(hits, summaryOf, stateOf(state));
      }),

    neighbours: (id, limit) =>
      connection.run("BEGIN", (file, state) => {
        refresh(file, state);
        return nearestDocuments(view(file, state), state.isOurs, id, limit);
      }),

    async apply(update, told) {
      if (!(await connection.run("BEGIN", (_, state) => isNews(update, state, told)))) return;
      const documents = await prepareDocuments(update.upserts, words, embedderId !== undefined);
      await connection.run("BEGIN IMMEDIATE", ({ statements }, state) => {
        if (!isNews(update, state, told)) return;
        writeUpdate(
          statements,
          update,
          state.isOurs
            ? documents
            : documents.map((document) => ({ ...document, vector: undefined })),
          state.embedder !== null,
        );
      });
    },

    async save() {
      if (!usesPack || held.revision === 0) return;
      const { changed } = memory.postings;
      const isSaved = saved.generation === held.generation;
      const isWorth =
        !isSaved || changed - saved.changed > Math.max(SAVE_ROWS, memory.rows * SAVE_SHARE);
      if (!isWorth) return;
      await connection.run("BEGIN", (file, state) => {
        refresh(file, state);
        if (memory.postings.changed > 0) {
          const blocks = memory.blocks();
          memory.load({ ...blocks, postings: readPostings(file.statements) });
        }
        const { generation, revision, fills } = held;
        // A disk that is full keeps no search from being answered.
        saved = { generation, changed: 0 };
        writePack(packPath, memory, { generation, dimensions, revision, fills });
      });
    },

    release() {
      memory.clear();
      held = { generation: "", revision: 0, fills: 0 };
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

    close() {
      if (shared === undefined) connection.close();
      memory.clear();
    },
  };
}
