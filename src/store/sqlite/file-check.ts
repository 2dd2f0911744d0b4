/**
 * What can be said about the file from outside. It is only ever looked at with `stat`: on POSIX,
 * closing any descriptor of a file drops this process's SQLite locks on it
 * (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
import { accessSync, constants, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { CutLog } from "../../base/cut-log.ts";
import { RepertoireError } from "../../base/errors.ts";

/** How long reads go on without a look at the file; SQLite itself would serve a deleted one for ever. */
const LOOK_EVERY_MS = 100;

/** Less than SQLite needs to open a file: its shared memory alone takes 32 KiB. */
const NEXT_TO_NO_BYTES = 128 * 1024;

export interface FileGuard {
  /**
   * @throws {STORE_UNAVAILABLE} when the paths lead to the files that were opened no more
   * @throws {STORE_CORRUPT} when the file or its log was cut short
   */
  readonly check: () => void;
  /** The same for what is called often: looks only when the last look is 100 ms old. */
  readonly checkNowAndThen: () => void;
}

/** @throws {STORE_UNAVAILABLE} when there can be no database file at this path */
export function checkPath(path: string): void {
  const file = statOf(path);
  if (file?.isDirectory())
    throw unavailable(path, "it is a directory", "name a file inside it", undefined);
  if (file && !file.isFile())
    throw unavailable(path, "it is not a regular file", "choose another path", undefined);
  const directory = dirname(path);
  const parent = statOf(directory);
  if (!parent?.isDirectory())
    throw unavailable(
      path,
      parent ? `${directory} is not a directory` : `the directory ${directory} does not exist`,
      "create the directory or choose another path",
      undefined,
    );
}

/**
 * Checks that the path still leads to the files that were opened. Without it, writes to a file
 * somebody deleted or replaced would be acknowledged and lost, and reads would answer from it; of a
 * log or its index, two connections would each use their own and damage the file between them.
 *
 * @param neededBytes how large the database says it is; asked only when the file has shrunk
 * @param cutLog whether its write-ahead log was cut short
 */
export function fileGuard(
  path: string,
  clock: Clock,
  neededBytes: () => number,
  cutLog: () => CutLog | undefined,
): FileGuard {
  const opened = statOf(path);
  const beside = ["-wal", "-shm"].map((suffix) => {
    const name = `${path}${suffix}`;
    return { name, found: statOf(name) };
  });
  let largest = opened?.size ?? 0n;
  let foundAtMs = clock.monotonicMs();

  function check(): void {
    const nowMs = clock.monotonicMs();
    const found = statOf(path);
    if (!isSameFile(found, opened))
      throw unavailable(
        path,
        "the file was deleted or replaced while it was open",
        "close the store and open it again",
        undefined,
      );
    for (const each of beside) {
      const now = statOf(each.name);
      each.found ??= now;
      if (!isSameFile(now, each.found))
        throw unavailable(
          path,
          `${each.name} was deleted or replaced while it was open`,
          "close the library in every process, which saves what it holds, and open it again",
          undefined,
        );
    }
    const { size } = found as NonNullable<typeof found>;
    // It only ever grows by itself; a VACUUM may shrink it, to what it then needs.
    if (size < largest && Number(size) < neededBytes())
      throw new RepertoireError(
        "STORE_CORRUPT",
        `Cannot use ${path}: the file was cut short while it was open, from ${largest} to ${size} bytes; close the library in every process and restore it from a backup`,
        { details: { path } },
      );
    largest = size;
    const cut = cutLog();
    if (cut !== undefined)
      throw new RepertoireError(
        "STORE_CORRUPT",
        `Cannot use ${path}: its log ${path}-wal was cut short while it was open, from ${cut.fromBytes} to ${cut.toBytes} bytes, and the last commits with it; close the library in every process and restore it from a backup`,
        { details: { path } },
      );
    foundAtMs = nowMs;
  }

  return {
    check,
    checkNowAndThen() {
      if (clock.monotonicMs() - foundAtMs >= LOOK_EVERY_MS) check();
    },
  };
}

type FileState = ReturnType<typeof statOf>;

/** Tells whether the path leads to the file it led to before; where there was none, to any. */
export function fileIdentity(path: string): () => boolean {
  const before = statOf(path);
  return () => before === undefined || isSameFile(statOf(path), before);
}

function isSameFile(one: FileState, other: FileState): boolean {
  return one?.ino === other?.ino && one?.dev === other?.dev;
}

/** The file or its directory, whichever may not be written; `undefined` when both may. */
export function unwritable(path: string): string | undefined {
  return [path, dirname(path)].find((each) => {
    try {
      accessSync(each, constants.W_OK);
      return false;
    } catch (error) {
      return (
        error instanceof Error &&
        "code" in error &&
        (error.code === "EROFS" || error.code === "EACCES" || error.code === "EPERM")
      );
    }
  });
}

/** Whether the disk of the file has next to no room left, for bytes or for files. */
export function isDiskFull(path: string): boolean {
  try {
    const { blocks, bavail, bsize, files, ffree } = statfsSync(dirname(path));
    // Virtual file systems count nothing, and some real ones no files.
    return (blocks > 0 && bavail * bsize < NEXT_TO_NO_BYTES) || (files > 0 && ffree === 0);
  } catch {
    // Only refines a message: what cannot be asked stays unsaid.
    return false;
  }
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false, bigint: true });
  } catch (cause) {
    // A file where a directory should be; the caller reports the missing directory.
    if (cause instanceof Error && "code" in cause && cause.code === "ENOTDIR") return undefined;
    throw unavailable(path, "it cannot be looked at", "check the permissions of its path", cause);
  }
}

function unavailable(path: string, problem: string, remedy: string, cause: unknown) {
  return new RepertoireError("STORE_UNAVAILABLE", `Cannot use ${path}: ${problem}; ${remedy}`, {
    cause,
    details: { path },
  });
}
