/**
 * Opens a file to look for what is wrong with it, and finds out what SQLite itself finds wrong.
 * Blocks while it does: for threads of their own.
 */
import { DatabaseSync } from "node:sqlite";
import { RepertoireError } from "../../../base/errors.ts";
import type { ProblemList } from "../../../base/problem.ts";
import { checkPath } from "../file-check.ts";
import { isDamage, sqliteError } from "../sqlite-error.ts";

/** On its own thread it may wait; the file is only held for long by somebody who hangs. */
const BUSY_MS = 10_000;
const REPORTED_BY_SQLITE = 10;
/** Damage of an index, which is derived from its table. */
const OF_AN_INDEX =
  /(^row \d+ missing from index |^wrong # of entries in index |^non-unique entry in index )/;

/** A row of texts and numbers; what holds other things is read by its own type. */
export type Row = Readonly<Record<string, string | number | null>>;

/** The rows of a query, one at a time. */
export function rowsOf(database: DatabaseSync, sql: string): Iterable<Row> {
  return database.prepare(sql).iterate() as Iterable<Row>;
}

/** @throws {STORE_UNAVAILABLE} when there is no such file, or it is out of reach */
export function openToCheck(path: string, mode: "read" | "write"): DatabaseSync {
  checkPath(path);
  try {
    return new DatabaseSync(path, {
      timeout: BUSY_MS,
      readOnly: mode === "read",
      enableForeignKeyConstraints: true,
    });
  } catch (error) {
    throw sqliteError(error, { path, ifDamaged: undefined });
  }
}

/**
 * Reads all pages. Where they do not fit together, nothing else can be said of the file.
 *
 * @returns whether the rest can be looked at
 */
export function checkPages(database: DatabaseSync, path: string, problems: ProblemList): boolean {
  const found = readable(path, problems, () =>
    database.prepare(`PRAGMA integrity_check(${REPORTED_BY_SQLITE})`).all(),
  );
  if (found === undefined) return false;
  const messages = found.map(({ integrity_check: message }) => String(message));
  if (messages[0] === "ok") return true;
  for (const message of messages)
    problems.add({ message: `${path}: ${message}`, repairable: OF_AN_INDEX.test(message) });
  return false;
}

/** The result of a read; nothing when the file is too damaged for it, which becomes a problem. */
export function readable<T>(path: string, problems: ProblemList, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const isOurs = error instanceof RepertoireError && error.code === "STORE_CORRUPT";
    if (!isOurs && !isDamage(error)) throw sqliteError(error, { path, ifDamaged: undefined });
    problems.add({ message: `${path}: ${(error as Error).message}`, repairable: false });
    return undefined;
  }
}
