/**
 * One connection to one SQLite file, shared by everything a store does.
 *
 * Reads and transactions are synchronous inside and never interleave; only waiting for other
 * processes is asynchronous. A transaction that meets a busy file, even at its COMMIT, is rolled
 * back and repeated from its start, so its work must touch nothing but the database.
 */
import { resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { systemClock } from "../../base/clock.ts";
import type { Clock } from "../../base/clock.ts";
import { cutLogCheck } from "../../base/cut-log.ts";
import { RepertoireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { writeTurns } from "../../base/write-turns.ts";
import { asStoreErrors, attemptOnStore, busyPolicy } from "./busy-retry.ts";
import { checkPath, fileGuard, fileIdentity } from "./file-check.ts";
import { migrate, schemaVersion } from "./schema.ts";
import type { Schema } from "./schema.ts";
import { isSqliteError, sqliteError } from "./sqlite-error.ts";
import type { StoreFile } from "./sqlite-error.ts";
import { checkSqliteVersion } from "./sqlite-version.ts";
import { statementCache } from "./statement.ts";
import type { StatementSource } from "./statement.ts";

export interface SqliteOptions {
  /** The database file; created when absent, its directory is not. */
  readonly path: string;
  /**
   * `full`: a commit survives a power cut. `normal`: a power cut can take the last commits, and
   * killing the process can not.
   */
  readonly durability?: "full" | "normal";
  /** How long to wait for other processes, in milliseconds (default: `LIMITS.storeBusyMs`). */
  readonly busyMs?: number;
  /** (default: the system's clock) */
  readonly clock?: Clock;
}

export interface SqliteConnection extends StoreFile {
  /** The bare connection, for diagnostics. */
  readonly database: DatabaseSync;
  /** The statement with this text, prepared once; the text must come from a fixed set. */
  readonly statement: StatementSource;
  /** A read of one statement; repeated while the file is busy. */
  readonly read: <T>(work: () => T) => Promise<T>;
  /** A read of several statements that see the same state. */
  readonly readSnapshot: <T>(work: () => T) => Promise<T>;
  /** An immediate transaction: everything in `work` is committed, or nothing. */
  readonly transact: <T>(work: () => T, signal?: AbortSignal) => Promise<T>;
  /** A number that changes when another connection has committed, but not for own commits. */
  readonly dataVersion: () => number;
  readonly close: () => void;
}

/**
 * Pages in the log that a commit brings into the file. Some commit does it before it returns, and
 * SQLite's own 1,000 hold up the event loop for several times as long.
 */
const CHECKPOINT_PAGES = 500;

/**
 * Opens the file, creating and migrating it when needed. Several processes may do so at once.
 *
 * @throws {STORE_UNAVAILABLE} when the file is out of reach or too new
 * @throws {STORE_CORRUPT} when it is damaged or no SQLite database
 * @throws {INVALID_INPUT} when it is another program's database
 */
export async function openConnection(
  schema: Schema,
  options: SqliteOptions,
): Promise<SqliteConnection> {
  const { durability = "full", busyMs = LIMITS.storeBusyMs, clock = systemClock } = options;
  // Absolute, so that neither a later chdir nor a name special to SQLite leads elsewhere.
  const path = resolve(options.path);
  const file = { path, ifDamaged: schema.ifDamaged?.(path) };
  const retry = { file, busyMs, clock };
  checkSqliteVersion();
  checkPath(path);
  const isAsFound = fileIdentity(path);
  const database = openDatabase(file);
  try {
    // Whose file it is must be known before WAL mode is set, which writes to it; and as one
    // snapshot, or a file that another process is just creating looks like a stranger's.
    const version = await attemptOnStore(
      () => within(database, "BEGIN", () => schemaVersion(database, schema, path)),
      retry,
    );
    await attemptOnStore(() => configure(database, path, durability), retry);
    const isCurrent = version === schema.migrations.length;
    if (!isCurrent)
      await attemptOnStore(() => immediate(database, () => migrate(database, schema, path)), retry);
  } catch (error) {
    database.close();
    if (!isAsFound()) return openConnection(schema, options);
    throw error;
  }
  // Exchanged meanwhile, as when a backup is restored: this is the one that was there before.
  if (!isAsFound()) {
    database.close();
    return openConnection(schema, options);
  }
  const statement = statementCache(database);
  const cutLog = cutLogCheck(path, database);
  const guard = fileGuard(path, clock, () => neededBytes(database), cutLog);
  const dataVersionStatement = statement<{ data_version: number }>("PRAGMA data_version");
  let closed = false;

  function assertOpen(): void {
    if (closed)
      throw new RepertoireError("CLOSED", `The store ${path} is closed; open it again to use it`);
  }

  function once<T>(work: () => T): T {
    assertOpen();
    guard.checkNowAndThen();
    try {
      return work();
    } catch (error) {
      // Whatever SQLite says of a file that is gone, this is what explains it.
      if (isSqliteError(error)) guard.check();
      throw error;
    }
  }

  function attempt<T>(work: () => T): Promise<T> {
    return attemptOnStore(() => once(work), retry);
  }

  function dataVersion(): number {
    return dataVersionStatement.get()?.data_version ?? 0;
  }

  const turns = writeTurns({ ...busyPolicy(retry), othersVersion: dataVersion });

  return {
    ...file,
    database,
    statement,
    read: attempt,
    readSnapshot: (work) => attempt(() => within(database, "BEGIN", work)),
    transact: (work, signal) => {
      const write = (): ReturnType<typeof work> => {
        guard.check();
        return immediate(database, work);
      };
      return asStoreErrors(() => turns.write(() => once(write), signal), file);
    },
    dataVersion() {
      assertOpen();
      guard.checkNowAndThen();
      return dataVersion();
    },
    close() {
      if (closed) return;
      closed = true;
      try {
        // A hole in the log must not get into the file.
        if (cutLog() === undefined) database.exec("PRAGMA wal_checkpoint(PASSIVE)");
      } catch {
        // Only tidies up: the next connection reads the same commits from the log.
      }
      database.close();
    },
  };
}

function openDatabase(file: StoreFile): DatabaseSync {
  try {
    return new DatabaseSync(file.path, { timeout: 0, enableForeignKeyConstraints: true });
  } catch (error) {
    throw sqliteError(error, file);
  }
}

function neededBytes(database: DatabaseSync): number {
  const [pages, size] = ["page_count", "page_size"].map((name) =>
    Number(database.prepare(`PRAGMA ${name}`).get()?.[name]),
  ) as [number, number];
  return pages * size;
}

function configure(database: DatabaseSync, path: string, durability: "full" | "normal"): void {
  const mode = database.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
  if (mode !== "wal")
    throw new RepertoireError(
      "STORE_UNAVAILABLE",
      `Cannot use ${path}: its file system does not support write-ahead logging (journal mode ${String(mode)}); move it to a local disk`,
      { details: { path } },
    );
  database.exec(`
    PRAGMA synchronous = ${durability === "full" ? "FULL" : "NORMAL"};
    PRAGMA cache_size = -32768;
    PRAGMA mmap_size = 0;
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA journal_size_limit = 67108864;
    PRAGMA trusted_schema = OFF;
  `);
}

function immediate<T>(database: DatabaseSync, work: () => T): T {
  return within(database, "BEGIN IMMEDIATE", work);
}

function within<T>(database: DatabaseSync, begin: string, work: () => T): T {
  database.exec(begin);
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // After some errors SQLite has already rolled back by itself.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
