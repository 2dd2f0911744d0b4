/**
 * One connection to the file of a search index: transactions that wait for other processes, and that
 * notice when the file was damaged, or replaced by another process.
 *
 * A file found damaged is begun anew at revision 0, and so is one of another format; see index-file.ts.
 */
import { randomUUID } from "node:crypto";
import { systemClock, type Clock } from "../base/clock.ts";
import { RepertoireError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { retryWhileBusy, type BusyPolicy } from "../base/retry-while-busy.ts";
import { discardIndexFile, exclusively, openIndexFile, type IndexFile } from "./index-file.ts";
import { prepareStatements, type IndexStatements } from "./index-statements.ts";
import type { IndexState } from "./search-index.ts";
import { isBusy, isDamage, isSqliteError } from "./sqlite-errors.ts";

export interface IndexConnectionOptions {
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

export interface OpenFile extends IndexFile {
  readonly statements: IndexStatements;
}

export interface FileState extends IndexState {
  /** Changes whenever what other processes hold in memory is void. */
  readonly generation: string;
  readonly embedder: string | null;
  readonly dimensions: number | null;
  readonly fills: number;
  readonly tokens: number;
  /** Whether its vectors are of the embedder this connection was opened for. */
  readonly isOurs: boolean;
}

export interface IndexConnection {
  /** Runs a transaction on the current file. */
  run<T>(
    kind: "BEGIN" | "BEGIN IMMEDIATE",
    action: (file: OpenFile, state: FileState) => T,
  ): Promise<T>;
  /** Leaves the file for a new one, which is empty. */
  beginAnew(): Promise<void>;
  /** The state as it was found when this was opened. */
  readonly opened: FileState;
  close(): void;
}

/** How often a transaction is begun again at once because its file was replaced meanwhile. */
const REPLACED_AT_MOST = 10;

/** @throws {STORE_UNAVAILABLE} when another process holds the file for longer than `busyMs` */
export async function indexConnection({
  path,
  embedderId,
  dimensions = 0,
  clock = systemClock,
  busyMs = LIMITS.storeBusyMs,
}: IndexConnectionOptions): Promise<IndexConnection> {
  const policy: BusyPolicy = {
    isBusy,
    giveUp: (error) => stillHeld(path, busyMs, error),
    busyMs,
    clock,
  };
  let isClosed = false;
  let file = await retryWhileBusy(() => exclusively(path, open), policy).catch((error: unknown) => {
    throw isSqliteError(error) ? outOfReach(path, error) : error;
  });
  const opened = readState(file);

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

  function readState({ statements }: OpenFile): FileState {
    const row = statements.state.get()!;
    const embedder = row.embedder as string | null;
    const length = row.dimensions === null ? null : Number(row.dimensions);
    return {
      revision: Number(row.revision),
      mark: row.mark as string,
      generation: row.generation as string,
      embedder,
      dimensions: length,
      fills: Number(row.fills),
      skills: Number(row.skills),
      pending: Number(row.pending),
      vectors: Number(row.vectors),
      tokens: Number(row.tokens),
      isOurs: embedderId !== undefined && embedder === embedderId && length === dimensions,
    };
  }

  function adoptEmbedder(file: OpenFile): void {
    if (embedderId === undefined || readState(file).isOurs) return;
    transaction(file, "BEGIN IMMEDIATE", () => {
      if (readState(file).isOurs) return;
      file.database.exec("DELETE FROM vectors; UPDATE documents SET pending = 1");
      file.statements.setEmbedder.run(embedderId, dimensions, randomUUID());
    });
  }

  function reopen(): void {
    const next = open();
    file.database.close();
    file = next;
  }

  function beginAnew(): void {
    exclusively(path, () => {
      if (file.isCurrent()) discardIndexFile(path);
      reopen();
    });
  }

  /** Of the file that is there: one that is replaced meanwhile fails in one way or another. */
  function onCurrentFile<T>(work: () => T): T {
    for (let replaced = 0; ; replaced++) {
      if (!file.isCurrent()) exclusively(path, reopen);
      try {
        return work();
      } catch (error) {
        if (!isSqliteError(error) || file.isCurrent() || replaced === REPLACED_AT_MOST) throw error;
      }
    }
  }

  function assertOpen(): void {
    if (isClosed) throw new RepertoireError("CLOSED", `The search index ${path} is closed`);
  }

  return {
    opened,

    async run(kind, action) {
      const attempt = (): ReturnType<typeof action> => {
        assertOpen();
        return onCurrentFile(() => transaction(file, kind, () => action(file, readState(file))));
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
    },

    beginAnew() {
      assertOpen();
      return retryWhileBusy(beginAnew, policy);
    },

    close() {
      if (!isClosed) file.database.close();
      isClosed = true;
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

/** What is told of the file to whoever feeds and asks the index. */
export function stateOf(file: FileState): IndexState {
  const { revision, mark, generation, skills, vectors, pending } = file;
  return { revision, mark, generation, skills, vectors, pending };
}
