/**
 * The search index in a SQLite file of its own, shared by the processes of one machine: FTS5 with
 * bm25 for keywords, an exact scan over 8-bit vectors held in memory, and a weighted sum of both.
 *
 * Every search runs in one read transaction. It first reads the index's state (a few microseconds)
 * and takes over the rows that other processes changed, so it sees every update applied before it
 * began. `apply` re-reads the state inside its write transaction, so that of several processes that
 * bring the same changes one does the work.
 *
 * A file found damaged is begun anew at revision 0, and so is one of another format; see
 * index-file.ts. An update computed against an index that has since been emptied is not applied: on
 * its own it would leave an index that looks complete and is not.
 */
import { randomUUID } from "node:crypto";
import type { SQLOutputValue } from "node:sqlite";
import { systemClock, type Clock } from "../base/clock.ts";
import { RepertoireError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { retryWhileBusy, type BusyPolicy } from "../base/retry-while-busy.ts";
import type { SkillStatus, SkillSummary } from "../skill/skill.ts";
import { discardIndexFile, openIndexFile, type IndexFile } from "./index-file.ts";
import { prepareStatements, type IndexStatements } from "./index-statements.ts";
import { prepareDocuments, writeUpdate, writeVectors } from "./index-writer.ts";
import { nearestDocuments } from "./nearest-documents.ts";
import { rankHits } from "./rank-hits.ts";
import type { IndexUpdate, SearchIndex } from "./search-index.ts";
import { isBusy, isDamage, isSqliteError } from "./sqlite-errors.ts";
import { vectorTable } from "./vectors/vector-table.ts";

export interface SqliteSearchIndexOptions {
  /** Path of the index file; created when missing. Not the store's file. */
  readonly path: string;
  /** Vector space of the vectors to come; without it the index keeps and compares none. */
  readonly embedderId?: string;
  /** Length of the vectors; needed with `embedderId`. */
  readonly dimensions?: number;
  /** (default: the system's) */
  readonly clock?: Clock;
  /** How long a call waits for another process, in milliseconds (default: `LIMITS.storeBusyMs`). */
  readonly busyMs?: number;
}

interface OpenFile extends IndexFile {
  readonly statements: IndexStatements;
}

interface IndexState {
  readonly revision: number;
  readonly mark: string;
  readonly generation: string;
  readonly embedder: string | null;
  readonly dimensions: number | null;
  readonly fills: number;
}

/**
 * Opens the index of a library. Vectors of another embedder found there are dropped; keywords keep
 * working, and `counts()` shows how many vectors are missing.
 *
 * @throws {INVALID_INPUT} when `embedderId` comes without positive `dimensions`
 * @throws {STORE_UNAVAILABLE} when another process holds the file for longer than `busyMs`
 */
export async function sqliteSearchIndex(options: SqliteSearchIndexOptions): Promise<SearchIndex> {
  const { path, embedderId, clock = systemClock, busyMs = LIMITS.storeBusyMs } = options;
  const dimensions = embedderId === undefined ? 0 : checkDimensions(options.dimensions);
  const memory = vectorTable(dimensions);
  const policy: BusyPolicy = {
    isBusy,
    giveUp: (error) => stillHeld(path, busyMs, error),
    busyMs,
    clock,
  };
  /** What `memory` holds. */
  let held = { generation: "", revision: 0, fills: 0 };
  let isClosed = false;
  let file = await retryWhileBusy(open, policy).catch((error: unknown) => {
    throw isSqliteError(error) ? outOfReach(path, error) : error;
  });
  /** The generation whose revision the owner was told last, and computes its updates against. */
  let told = readState(file).generation;

  function open(): OpenFile {
    try {
      return openAsFound();
    } catch (error) {
      if (!isDamage(error)) throw error;
      discardIndexFile(path);
      return openAsFound();
    }
  }

  function openAsFound(): OpenFile {
    const found = openIndexFile(path);
    try {
      const opened = { ...found, statements: prepareStatements(found.database) };
      adoptEmbedder(opened);
      return opened;
    } catch (error) {
      found.database.close();
      throw error;
    }
  }

  function isOurs({ embedder, dimensions: length }: IndexState): boolean {
    return embedderId !== undefined && embedder === embedderId && length === dimensions;
  }

  function adoptEmbedder(file: OpenFile): void {
    if (isOurs(readState(file)) || embedderId === undefined) return;
    transaction(file, "BEGIN IMMEDIATE", () => {
      if (isOurs(readState(file))) return;
      file.database.exec("DELETE FROM vectors; UPDATE documents SET pending = 1");
      file.statements.setEmbedder.run(embedderId, dimensions, randomUUID());
    });
  }

  /** Runs a transaction on the current file. */
  async function run<T>(kind: "BEGIN" | "BEGIN IMMEDIATE", action: () => T): Promise<T> {
    assertOpen();
    const attempt = (): T => {
      assertOpen();
      if (!file.isCurrent()) reopen();
      return transaction(file, kind, action);
    };
    try {
      return await retryWhileBusy(attempt, policy);
    } catch (error) {
      if (!isDamage(error)) throw isSqliteError(error) ? outOfReach(path, error) : error;
      await retryWhileBusy(beginAnew, policy);
      throw new RepertoireError(
        "STORE_CORRUPT",
        `The search index ${path} was damaged and has been emptied; bring it up to date from revision 0 and try again`,
        { cause: error },
      );
    }
  }

  function reopen(): void {
    const next = open();
    file.database.close();
    file = next;
  }

  function beginAnew(): void {
    if (file.isCurrent()) discardIndexFile(path);
    reopen();
  }

  function assertOpen(): void {
    if (isClosed) throw new RepertoireError("CLOSED", `The search index ${path} is closed`);
  }

  function refresh(state: IndexState): void {
    if (state.generation !== held.generation) {
      memory.clear();
      held = { generation: state.generation, revision: 0, fills: 0 };
    }
    const { generation, revision, fills } = state;
    if (revision === held.revision && fills === held.fills) return;
    const { removedSince, changedSince, filledSince } = file.statements;
    // Removals first: a freed row may be in use again by another document.
    for (const { rowid } of removedSince.iterate(held.revision)) memory.remove(Number(rowid));
    const comparable = isOurs(state);
    const put = (row: Record<string, SQLOutputValue>): void => {
      const bytes = row.bytes as Uint8Array | null;
      memory.put({
        rowid: Number(row.rowid),
        id: row.id as string,
        category: row.category as string,
        status: row.status as SkillStatus,
        tags: row.tags === "[]" ? [] : (JSON.parse(row.tags as string) as string[]),
        ...(comparable && bytes?.length === dimensions
          ? {
              vector: {
                bytes: new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length),
                scale: Number(row.scale),
              },
            }
          : {}),
      });
    };
    for (const row of changedSince.iterate(held.revision)) put(row);
    // Rows that are new here have come with their vectors, however those were brought.
    if (held.revision > 0) for (const row of filledSince.iterate(held.fills)) put(row);
    held = { generation, revision, fills };
  }

  function isNews(update: IndexUpdate, state: IndexState): boolean {
    return state.generation === told && update.revision > state.revision;
  }

  async function position(): Promise<IndexState> {
    const read = (): Promise<IndexState> => run("BEGIN", () => readState(file));
    const state = await read().catch((error: unknown) => {
      if (!(error instanceof RepertoireError && error.code === "STORE_CORRUPT")) throw error;
      // It has just been begun anew, which is all the owner needs to know.
      return read();
    });
    told = state.generation;
    return state;
  }

  return {
    revision: async () => (await position()).revision,

    async position() {
      const { revision, mark } = await position();
      return { revision, mark };
    },

    async apply(update) {
      for (const { summary, vector } of update.upserts) {
        if (embedderId !== undefined && vector) checkVector(vector, dimensions, summary.id);
      }
      if (!isNews(update, await run("BEGIN", () => readState(file)))) return;
      const documents = await prepareDocuments(update.upserts, embedderId !== undefined);
      await run("BEGIN IMMEDIATE", () => {
        const state = readState(file);
        if (!isNews(update, state)) return;
        writeUpdate(
          file.statements,
          update,
          isOurs(state)
            ? documents
            : documents.map((document) => ({ ...document, vector: undefined })),
          state.embedder !== null,
        );
      });
    },

    async search(query) {
      if (embedderId !== undefined && query.vector) {
        checkVector(query.vector, dimensions, "the query");
      }
      return run("BEGIN", () => {
        refresh(readState(file));
        const { vector, ...keywordQuery } = query;
        const hits = rankHits(
          file.statements,
          memory,
          embedderId === undefined || vector === undefined ? keywordQuery : query,
        );
        return hits.map(({ rowid, ...scores }) => ({
          summary: JSON.parse(
            file.statements.summary.get(rowid)!.summary as string,
          ) as SkillSummary,
          ...scores,
        }));
      });
    },

    neighbours: (id, limit) =>
      run("BEGIN", () => {
        const state = readState(file);
        refresh(state);
        return nearestDocuments(file.statements, isOurs(state) ? memory : undefined, id, limit);
      }),

    counts: () =>
      run("BEGIN", () => {
        const { skills, vectors, pending } = file.statements.counts.get()!;
        return { skills: Number(skills), vectors: Number(vectors), pending: Number(pending) };
      }),

    unembedded: ({ after = 0, limit }) =>
      run("BEGIN", () => {
        const state = readState(file);
        const rows = isOurs(state) ? file.statements.unembedded.all(after, limit) : [];
        return {
          generation: state.generation,
          skills: rows.map(({ rowid, id, version }) => ({
            id: id as string,
            version: Number(version),
            position: Number(rowid),
          })),
        };
      }),

    async addVectors({ generation, vectors }) {
      for (const { id, vector } of vectors) checkVector(vector, dimensions, id);
      return run("BEGIN IMMEDIATE", () => {
        const state = readState(file);
        if (state.generation !== generation || !isOurs(state)) return 0;
        return writeVectors(file.statements, vectors, state.fills + 1);
      });
    },

    async reset() {
      told = await run("BEGIN IMMEDIATE", () => {
        const generation = randomUUID();
        file.database.exec(
          `DELETE FROM documents; DELETE FROM document_tags; DELETE FROM vectors;
           DELETE FROM removals; INSERT INTO document_text (document_text) VALUES ('delete-all')`,
        );
        file.database
          .prepare("UPDATE state SET revision = 0, mark = '', fills = 0, generation = ?")
          .run(generation);
        return generation;
      });
    },

    close() {
      if (!isClosed) file.database.close();
      isClosed = true;
      memory.clear();
      return Promise.resolve();
    },
  };
}

function stillHeld(path: string, busyMs: number, cause: unknown): RepertoireError {
  return new RepertoireError(
    "STORE_UNAVAILABLE",
    `The search index ${path} was held by another process for ${busyMs} ms; try again, or look for a process that hangs`,
    { cause },
  );
}

function outOfReach(path: string, cause: Error): RepertoireError {
  return new RepertoireError(
    "STORE_UNAVAILABLE",
    `The search index ${path} is out of reach: ${cause.message}; check that its directory is still there, writable, and has free space`,
    { cause },
  );
}

function readState(file: OpenFile): IndexState {
  const { revision, mark, generation, embedder, dimensions, fills } = file.statements.state.get()!;
  return {
    revision: Number(revision),
    mark: mark as string,
    generation: generation as string,
    embedder: embedder as string | null,
    dimensions: dimensions === null ? null : Number(dimensions),
    fills: Number(fills),
  };
}

function transaction<T>(file: OpenFile, kind: "BEGIN" | "BEGIN IMMEDIATE", action: () => T): T {
  file.database.exec(kind);
  try {
    const result = action();
    file.database.exec("COMMIT");
    return result;
  } catch (error) {
    // Damage and full disks end the transaction by themselves.
    if (file.database.isTransaction) file.database.exec("ROLLBACK");
    throw error;
  }
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
