/** Holding a database so that no other connection, of any process, has it open or can open it. */
import { DatabaseSync } from "node:sqlite";
import { RepertoireError } from "../../../base/errors.ts";
import { isBusy, isDamage, sqliteError } from "../sqlite-error.ts";

export interface Held {
  /** Whether it is a database that can be read. */
  readonly isWhole: boolean;
  readonly database: DatabaseSync | undefined;
  release(): void;
}

/**
 * @throws {STORE_UNAVAILABLE} when anybody has it open, also somebody who is suspended
 */
export function holdAlone(path: string): Held {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    // SQLite leaves the write-ahead log only where no other connection is open.
    const mode = database.prepare("PRAGMA journal_mode = DELETE").get()?.["journal_mode"];
    if (mode !== "delete") throw inUse(path, undefined);
    database.exec("BEGIN EXCLUSIVE; COMMIT");
    const held = database;
    return { isWhole: true, database, release: () => held.close() };
  } catch (error) {
    database?.close();
    if (isDamage(error)) return { isWhole: false, database: undefined, release: () => undefined };
    if (isBusy(error)) throw inUse(path, error);
    throw sqliteError(error, { path, ifDamaged: undefined });
  }
}

function inUse(path: string, cause: unknown): RepertoireError {
  return new RepertoireError(
    "STORE_UNAVAILABLE",
    `Cannot replace ${path}: another program has the library open; stop every program that uses it and retry`,
    { cause, details: { path } },
  );
}
