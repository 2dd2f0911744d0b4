/**
 * The socket for looking after a library's files as files: what is wrong with them, what can be made
 * anew, and copies of them. A store that is no file has its own tools for that.
 */
import type { Problem, Problems } from "../base/problem.ts";

/** What was found in the files of skills and runs. */
export interface FilesReport extends Problems {
  /** Revision at which the skills were looked at. */
  readonly revision: number;
  readonly skills: number;
  readonly versions: number;
  /** Run records that are kept. */
  readonly runs: number;
  /** What an index of the skills has to hold: id to `version status`. */
  readonly current: ReadonlyMap<string, string>;
}

export interface FilesRepair {
  /** What was wrong and is not any more. */
  readonly repaired: readonly Problem[];
  /** What is wrong still. */
  readonly left: readonly Problem[];
}

export interface BackupOptions {
  /** Replaces a backup that is already there, and nothing else (default: false). */
  readonly force?: boolean;
  /** Gives up and leaves nothing behind. */
  readonly signal?: AbortSignal;
  /** Called now and then. */
  readonly onProgress?: (progress: BackupProgress) => void;
}

export interface BackupProgress {
  readonly phase: "copying" | "checking" | "packing";
  /** Share of all the work, from 0 to 1. */
  readonly fraction: number;
}

/** What a backup holds. */
export interface BackupResult {
  /** Absolute path of the backup. */
  readonly path: string;
  /** Revision of the library it holds: every change up to it, and no other. */
  readonly revision: number;
  readonly skills: number;
  readonly versions: number;
  readonly runs: number;
  readonly bytes: number;
  /** ISO-8601 UTC. */
  readonly createdAt: string;
}

export interface LibraryFiles {
  /** Reads everything, on a thread of its own, beside whoever reads or writes. */
  check(signal?: AbortSignal): Promise<FilesReport>;

  /** Makes anew what is derived, and checks again. */
  repair(signal?: AbortSignal): Promise<FilesRepair>;

  /**
   * Writes a copy of both files as they were at one moment, while others write.
   *
   * @param path a directory, or a file when it ends in `.tar`, `.tar.gz` or `.tgz`
   * @throws {INVALID_INPUT} when there is something at the path
   * @throws {STORE_CORRUPT} when the library is not whole
   * @throws {STORE_UNAVAILABLE} when the disk is full or the path is out of reach
   */
  backup(path: string, options?: BackupOptions): Promise<BackupResult>;
}
