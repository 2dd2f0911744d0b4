/** SQLite's result codes (https://www.sqlite.org/rescode.html) as errors of the locks. */
import { RepertoireError } from "../../base/errors.ts";

const BUSY = new Set([5, 6, 15]);
const DAMAGED = new Set([11, 26]);

/** Whether another connection is in the way, so that trying again can succeed. */
export function isBusy(error: unknown): boolean {
  return BUSY.has(primaryCode(error) ?? 0);
}

/** The typed error for what SQLite reported; an error of ours is returned unchanged. */
export function lockFileError(error: unknown, path: string): Error {
  const code = primaryCode(error);
  if (code === undefined) return error as Error;
  const text = (error as Error).message;
  const options = { cause: error, details: { path, sqliteCode: code } };
  if (DAMAGED.has(code))
    return new RepertoireError(
      "STORE_CORRUPT",
      `Cannot use the locks in ${path}: the file is damaged or no SQLite database (${text}); restore it from a backup`,
      options,
    );
  return new RepertoireError(
    "STORE_UNAVAILABLE",
    `Cannot use the locks in ${path}: ${text}; see to it that this user can write the file and its directory, that its disk has room, and that no process keeps it locked`,
    options,
  );
}

/** SQLite's result code without its extension, which `node:sqlite` puts into `errcode`. */
function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}
