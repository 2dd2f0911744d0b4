/**
 * The one place where SQLite's result codes become errors of ours. Codes are the primary ones of
 * https://www.sqlite.org/rescode.html; the low byte of an extended code.
 */
import { RepertoireError } from "../../base/errors.ts";
import type { ErrorCode } from "../../base/errors.ts";

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_PROTOCOL = 15;

interface Meaning {
  readonly code: ErrorCode;
  readonly problem: string;
  readonly remedy: string;
}

const UNAVAILABLE = "STORE_UNAVAILABLE";
const CORRUPT = "STORE_CORRUPT";
const RESTORE = "restore it from a backup";

const MEANINGS: ReadonlyMap<number, Meaning> = new Map([
  [3, meaning(UNAVAILABLE, "access is denied", "check its permissions and its owner")],
  [7, meaning(UNAVAILABLE, "the process is out of memory", "free memory and retry")],
  [
    8,
    meaning(UNAVAILABLE, "it is read-only", "make the file and its directory writable and retry"),
  ],
  [10, meaning(UNAVAILABLE, "the disk reported an error", "check the disk and retry")],
  [11, meaning(CORRUPT, "it is damaged", RESTORE)],
  [13, meaning(UNAVAILABLE, "the disk is full", "free space on its disk and retry")],
  [
    14,
    meaning(
      UNAVAILABLE,
      "it cannot be opened",
      "check that its directory exists and that this user may write there",
    ),
  ],
  [18, meaning("LIMIT_EXCEEDED", "a value is too large", "store less in one record")],
  [23, meaning(UNAVAILABLE, "access is denied", "check its permissions and its owner")],
  [26, meaning(CORRUPT, "it is not a SQLite database", `${RESTORE} or choose another path`)],
]);

function meaning(code: ErrorCode, problem: string, remedy: string): Meaning {
  return { code, problem, remedy };
}

/** The extended result code, when the error comes from SQLite. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode : undefined;
}

/** Whether another connection is in the way, so that trying again can succeed. */
export function isBusy(error: unknown): boolean {
  const primary = (resultCode(error) ?? 0) & 0xff;
  return primary === SQLITE_BUSY || primary === SQLITE_LOCKED || primary === SQLITE_PROTOCOL;
}

/** The typed error for what SQLite reported; anything that is not SQLite's is returned unchanged. */
export function sqliteError(error: unknown, path: string): unknown {
  const extended = resultCode(error);
  if (extended === undefined) return error;
  const text = (error as Error).message;
  const found = MEANINGS.get(extended & 0xff);
  const options = { cause: error, details: { path, sqliteCode: extended } };
  if (!found)
    return new RepertoireError("INTERNAL", `Unexpected SQLite error in ${path}: ${text}`, options);
  return new RepertoireError(
    found.code,
    `Cannot use the store ${path}: ${found.problem} (${text}); ${found.remedy}`,
    options,
  );
}
