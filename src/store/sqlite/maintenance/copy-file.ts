/**
 * Copies of a file as it was at one moment, whoever writes to it. A connection of its own holds the
 * snapshot, which keeps nobody from writing; only the log grows for as long.
 */
import { backup, DatabaseSync } from "node:sqlite";
import { cancelledError } from "../../../base/abort.ts";
import { systemClock } from "../../../base/clock.ts";
import { LIMITS } from "../../../base/limits.ts";
import { attemptOnStore } from "../busy-retry.ts";
import { checkPath } from "../file-check.ts";
import { sqliteError } from "../sqlite-error.ts";

/** Between steps of this many pages others get their turn. */
const PAGES_PER_STEP = 256;

export interface CopyOptions {
  readonly signal: AbortSignal | undefined;
  /** Called after every step, with the share that is done. */
  readonly onProgress: (fraction: number) => void;
}

export interface FileSnapshot {
  copyTo(target: string, options: CopyOptions): Promise<void>;
  close(): void;
}

/** @throws {STORE_UNAVAILABLE} when the file is out of reach */
export async function openSnapshot(path: string): Promise<FileSnapshot> {
  const file = { path, ifDamaged: undefined };
  checkPath(path);
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(path, { timeout: 0, readOnly: true });
  } catch (error) {
    throw sqliteError(error, file);
  }
  try {
    database.exec("BEGIN");
    const retry = { file, busyMs: LIMITS.storeBusyMs, clock: systemClock };
    await attemptOnStore(() => database.prepare("SELECT 1 FROM sqlite_schema").get(), retry);
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    async copyTo(target, { signal, onProgress }) {
      try {
        await backup(database, target, {
          rate: PAGES_PER_STEP,
          progress({ totalPages, remainingPages }) {
            if (signal?.aborted) throw cancelledError(signal, "The backup");
            onProgress(totalPages === 0 ? 1 : 1 - remainingPages / totalPages);
          },
        });
      } catch (error) {
        if (signal?.aborted) throw cancelledError(signal, "The backup");
        // The source can be read, so it is the copy that can not be written.
        throw sqliteError(error, { path: target, ifDamaged: undefined });
      }
    },
    close: () => database.close(),
  };
}
