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
import type { KnownTerm } from "./keywords/known-terms.ts";
import { stemmer } from "./keywords/stemmer.ts";
import { heldMemory, type HeldMemory, type InTransaction } from "./memory/held-memory.ts";
import type { MemoryCopy } from "./memory/memory-copy.ts";
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
  /** The same, where what is held is near what is in the file. */
  readonly near: NearEngine;
  /** Copies what is in memory, for another thread. */
  copy(): Promise<MemoryCopy>;
  /** Takes over what another thread holds; see {@link HeldMemory.adopt}. */
  adopt(copy: MemoryCopy): Promise<boolean>;
  /** See {@link HeldMemory.catchUp}. */
  catchUp(): Promise<void>;
  readonly held: HeldMemory;
  close(): void;
}

/** A result, or the state of the file that what is held is too far from. */
export type Near<T> = { readonly value: T } | { readonly far: FileState };

export interface NearEngine {
  search(query: IndexQuery): Promise<Near<FoundRows>>;
  neighbours(id: string, limit: number): Promise<Near<readonly IndexNeighbour[] | undefined>>;
}

export interface IndexEngineOptions extends IndexConnectionOptions {
  /** Whether packs are read and written; an index of few skills is built faster than it is read. */
  readonly usesPack: boolean;
}

/** @param shared the connection to work on (default: one of its own, which it closes) */
export async function indexEngine(
  options: IndexEngineOptions,
  shared?: IndexConnection,
): Promise<IndexEngine> {
  const { path, embedderId, dimensions = 0, usesPack } = options;
  const connection = shared ?? (await indexConnection(options));
  const held = heldMemory({ dimensions, ...(usesPack ? { packPath: `${path}.pack` } : {}) });
  const words = stemmer();

  /** The index as this transaction sees it. */
  function view(file: OpenFile, state: FileState): IndexView {
    held.refresh(file, state);
    const { memory, terms } = held;
    const { statements } = file;
    const { skills, tokens } = state;
    const findTerm = (stem: string): KnownTerm | undefined => terms.find(statements, stem);
    return { statements, memory, stemmer: words, findTerm, skills, tokens };
  }

  function isNews(update: IndexUpdate, state: FileState, told: string): boolean {
    return state.generation === told && update.revision > state.revision;
  }

  function search(file: OpenFile, state: FileState, query: IndexQuery): FoundRows {
    const { vector, ...keywordQuery } = query;
    const hits = rankHits(
      view(file, state),
      embedderId === undefined || vector === undefined ? keywordQuery : query,
    );
    const summaryOf = (rowid: number): string =>
      file.statements.summary.get(rowid)!.summary as string;
    return foundRows(hits, summaryOf, stateOf(state));
  }

  const run: InTransaction = (action) => connection.run("BEGIN", action);
  const runNear = <T>(action: (file: OpenFile, state: FileState) => T): Promise<Near<T>> =>
    run((file, state) => (held.isNear(state) ? { value: action(file, state) } : { far: state }));

  return {
    search: (query) => run((file, state) => search(file, state, query)),
    neighbours: (id, limit) =>
      run((file, state) => nearestDocuments(view(file, state), state.isOurs, id, limit)),

    near: {
      search: (query) => runNear((file, state) => search(file, state, query)),
      neighbours: (id, limit) =>
        runNear((file, state) => nearestDocuments(view(file, state), state.isOurs, id, limit)),
    },

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

    save: () => run((file, state) => held.save(file, state)),
    copy: () => run((file, state) => held.copy(file, state)),
    adopt: (copy) => held.adopt(copy, run),
    catchUp: () => held.catchUp(run),
    held,

    close() {
      if (shared === undefined) connection.close();
      held.release();
    },
  };
}
