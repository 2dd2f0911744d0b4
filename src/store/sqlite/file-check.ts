/**
 * What can be said about the file from outside. It is only ever looked at with `stat`: on POSIX,
 * closing any descriptor of a file drops this process's SQLite locks on it
 * (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { RepertoireError } from "../../base/errors.ts";

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
 * A check that the path still leads to the file that was opened. Without it, writes to a file
 * somebody deleted or replaced would be acknowledged and lost.
 */
export function fileGuard(path: string): () => void {
  const opened = statOf(path);
  return () => {
    const found = statOf(path);
    if (found !== undefined && found.ino === opened?.ino && found.dev === opened.dev) return;
    throw unavailable(
      path,
      "the file was deleted or replaced while it was open",
      "close the store and open it again",
      undefined,
    );
  };
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
