const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/** Whether another connection holds what was asked for; asking again later may work. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === BUSY || code === LOCKED;
}

/** Whether SQLite found the file's content to be wrong. */
export function isDamage(error: unknown): boolean {
  const code = primaryCode(error);
  return code === CORRUPT || code === NOT_A_DATABASE;
}

/** Whether it is SQLite that failed. */
export function isSqliteError(error: unknown): error is Error {
  return primaryCode(error) !== undefined;
}

/** SQLite's result code without its extension, which `node:sqlite` puts into `errcode`. */
function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}
