/** Commands that read must not make a library out of a mistyped path. */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";

/** There is no library where one was named. The library itself would create one, so it has no such error. */
export class MissingLibraryError extends Error {
  readonly path: string;

  constructor(path: string) {
    super(
      `There is no library at ${path}; add a skill to create one, or name another with --library`,
    );
    this.name = "MissingLibraryError";
    this.path = path;
  }
}

/** @throws {MissingLibraryError} when the directory, or the library in it, does not exist */
export async function requireLibrary(path: string): Promise<void> {
  if (await isMissing(path)) throw new MissingLibraryError(resolve(path));
}

/** Whether the path could be that of a library, but nothing is there; what it can not be is told on opening. */
export async function isMissing(path: string): Promise<boolean> {
  if (path === "" || path.includes("\0") || path.includes("://")) return false;
  try {
    await stat(join(path, "library.sqlite"));
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}
