import { mkdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { RepertoireError } from "../base/errors.ts";
import { preview } from "../base/json.ts";

/** Where the library is when nobody says: `REPERTOIRE_LIBRARY`, else the user's data directory (XDG). */
export function defaultLibraryPath(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const named = environment.REPERTOIRE_LIBRARY;
  if (named !== undefined && named !== "") return named;
  const data = environment.XDG_DATA_HOME;
  return join(
    data !== undefined && data !== "" ? data : join(homedir(), ".local", "share"),
    "repertoire",
  );
}

/**
 * Makes the directory of an embedded library ready.
 *
 * @returns its absolute path
 * @throws {INVALID_INPUT} when the path is no directory
 * @throws {STORE_UNAVAILABLE} when it can not be created
 */
export function prepareDirectory(path: string): string {
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected the library's path to be a directory, got ${preview(path)}`,
    );
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//.test(path)) {
    throw new RepertoireError(
      "INVALID_INPUT",
      `Libraries at ${preview(path)} are not supported by this version; give a directory`,
    );
  }
  const directory = resolve(path);
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    if (isFile(directory)) {
      throw new RepertoireError(
        "INVALID_INPUT",
        `The library's path ${preview(directory, 500)} is a file; a library is a directory, name another path`,
        { cause: error },
      );
    }
    throw new RepertoireError(
      "STORE_UNAVAILABLE",
      `The library's directory ${preview(directory, 500)} can not be created: ${(error as Error).message}; check its parent and its permissions`,
      { cause: error },
    );
  }
  return directory;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
}
