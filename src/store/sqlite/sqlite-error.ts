/**
 * The one place where SQLite's result codes become errors of ours. Codes are the primary ones of
 * https://www.sqlite.org/rescode.html; the low byte of an extended code.
 */
import { RepertoireError } from "../../base/errors.ts";
import type { ErrorCode } from "../../base/errors.ts";
import { isDiskFull, unwritable } from "./file-check.ts";

const SQLITE_PERM = 3;
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_PROTOCOL = 15;
const SQLITE_AUTH = 23;

/** Results behind which there may be a file or directory that cannot be written. */
const MAYBE_UNWRITABLE = new Set([SQLITE_PERM, SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_AUTH]);
/** Results behind which there may be a full disk: only plain writes report it as such. */
const MAYBE_FULL = new Set([SQLITE_IOERR, SQLITE_CANTOPEN]);

/** The file an error is about. */
export interface StoreFile {
  readonly path: string;
  /** The remedy when it is damaged (default: to restore a backup). */
  readonly ifDamaged: string | undefined;
}

interface Meaning {
  readonly code: ErrorCode;
  readonly problem: string;
  readonly remedy: string;
}

type Wording = Pick<Meaning, "problem" | "remedy">;

const UNAVAILABLE = "STORE_UNAVAILABLE";
const CORRUPT = "STORE_CORRUPT";
const RESTORE = "restore it from a backup";
const DISK_FULL: Wording = {
  problem: "the disk is full",
  remedy: "free space on its disk and retry",
};

const MEANINGS: ReadonlyMap<number, Meaning> = new Map([
  [SQLITE_PERM, meaning(UNAVAILABLE, "access is denied", "check its permissions and its owner")],
  [7, meaning(UNAVAILABLE, "the process is out of memory", "free memory and retry")],
  [
    SQLITE_READONLY,
    meaning(UNAVAILABLE, "it is read-only", "make the file and its directory writable and retry"),
  ],
  [SQLITE_IOERR, meaning(UNAVAILABLE, "the disk reported an error", "check the disk and retry")],
  [11, meaning(CORRUPT, "it is damaged", RESTORE)],
  [SQLITE_FULL, { code: UNAVAILABLE, ...DISK_FULL }],
  [
    SQLITE_CANTOPEN,
    meaning(
      UNAVAILABLE,
      "it cannot be opened",
      "check that its directory exists and that this user may write there",
    ),
  ],
  [18, meaning("LIMIT_EXCEEDED", "a value is too large", "store less in one record")],
  [SQLITE_AUTH, meaning(UNAVAILABLE, "access is denied", "check its permissions and its owner")],
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

/** Whether SQLite found the content of the file to be wrong. */
export function isDamage(error: unknown): boolean {
  return MEANINGS.get((resultCode(error) ?? 0) & 0xff)?.code === CORRUPT;
}

/** Whether the error is a result code of SQLite. */
export function isSqliteError(error: unknown): boolean {
  return resultCode(error) !== undefined;
}

/** The typed error for what SQLite reported; anything that is not SQLite's is returned unchanged. */
export function sqliteError(error: unknown, file: StoreFile): unknown {
  const { path } = file;
  const extended = resultCode(error);
  if (extended === undefined) return error;
  const text = (error as Error).message;
  const found = MEANINGS.get(extended & 0xff);
  const options = { cause: error, details: { path, sqliteCode: extended } };
  if (!found)
    return new RepertoireError("INTERNAL", `Unexpected SQLite error in ${path}: ${text}`, options);
  const { problem, remedy } = wording(found, extended & 0xff, file);
  return new RepertoireError(
    found.code,
    `Cannot use the store ${path}: ${problem} (${text}); ${remedy}`,
    options,
  );
}

/** What SQLite's code means, and more precisely where the file system knows better. */
function wording(found: Meaning, primary: number, { path, ifDamaged }: StoreFile): Wording {
  if (found.code === CORRUPT) return { problem: found.problem, remedy: ifDamaged ?? found.remedy };
  const locked = MAYBE_UNWRITABLE.has(primary) ? unwritable(path) : undefined;
  if (locked !== undefined)
    return {
      problem: `${locked} is on a read-only file system or may not be written by this user`,
      remedy: "make the file and its directory writable and retry",
    };
  if (MAYBE_FULL.has(primary) && isDiskFull(path)) return DISK_FULL;
  return found;
}
