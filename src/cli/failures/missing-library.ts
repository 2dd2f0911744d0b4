/** Commands that read must not make a library out of a mistyped path. */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { OPEN_RESTORATION } from "../../base/open-restoration.ts";

/** There is no library where one was named. The library itself would create one, so it has no such error. */
export class MissingLibraryError extends Error {
  readonly path: string;
  /** Whether there was one: the records of its runs are there, and its skills are not. */
  readonly isLost: boolean;

  constructor(path: string, isLost = false) {
    super(
      isLost
        ? `There is no library at ${path} any more: library.sqlite is gone from beside runs.sqlite; put it back, or restore a backup with --force`
        : `There is no library at ${path}; add a skill to create one, or name another with --library`,
    );
    this.name = "MissingLibraryError";
    this.path = path;
    this.isLost = isLost;
  }
}

/** @throws {MissingLibraryError} when the directory, or the library in it, does not exist */
export async function requireLibrary(path: string): Promise<void> {
  const missing = await findMissing(path);
  if (missing !== undefined) throw missing;
}

/** The error when the path could be that of a library, but none is there; what it can not be is told on opening. */
export async function findMissing(path: string): Promise<MissingLibraryError | undefined> {
  if (path === "" || path.includes("\0") || path.includes("://")) return undefined;
  for (const name of ["library.sqlite", OPEN_RESTORATION])
    if (!(await isAbsent(join(path, name)))) return undefined;
  return new MissingLibraryError(resolve(path), !(await isAbsent(join(path, "runs.sqlite"))));
}

async function isAbsent(path: string): Promise<boolean> {
  try {
    await stat(path);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}
