/**
 * The connection of the locks to the file their rows are in, which is usually that of the skills.
 *
 * It is a connection of its own, so that no transaction of the locks waits within one of the store
 * and taking a lock does not wait for the disk. Killing a process loses nothing. A power cut may
 * take the last rows with it; they are void after it in any case, and numbers given out are skipped.
 */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";
import { systemClock } from "../../base/clock.ts";
import { cutLogCheck } from "../../base/cut-log.ts";
import { RepertoireError } from "../../base/errors.ts";
import { LEASE_TABLES } from "../../base/lease-tables.ts";
import type { MachineClock } from "../../base/machine-clock.ts";
import { retryWhileBusy } from "../../base/retry-while-busy.ts";
import { isBusy, lockFileError } from "./lock-file-error.ts";

/** Transactions of other processes are over in a fraction of a millisecond, or wait for a disk. */
const MAX_PAUSE_MS = 2;

/** More than can have been given out since what a power cut left. */
const SKIPPED_AT_BOOT = 2 ** 32;

const CHECK_BOOT = "SELECT boot FROM lock_state WHERE only = 1";
const FIRST_BOOT = "INSERT OR IGNORE INTO lock_state (only, boot, last) VALUES (1, ?, 0)";
const NEXT_BOOT = "UPDATE lock_state SET boot = ?, last = last + ? WHERE boot <> ?";

/** How long to try while the file is busy. */
export interface Patience {
  /** (default: as long as the file was opened for) */
  readonly busyMs?: number;
  /** Ends it with `CANCELLED`. */
  readonly signal?: AbortSignal | undefined;
}

export interface LockFile {
  readonly path: string;
  /** The statement with this text, prepared once; the text must come from a fixed set. */
  readonly statement: (sql: string) => StatementSync;
  /**
   * An immediate transaction, repeated as a whole while the file is busy. What is done with its
   * result is done before anything else can happen in this process.
   */
  transact<T, U>(work: () => T, committed: (result: T) => U, patience?: Patience): Promise<U>;
  /** A read, repeated while the file is busy. */
  read<T>(work: () => T): Promise<T>;
  /** The same at once; throws SQLite's own error, such as a busy file's. */
  readNow<T>(work: () => T): T;
  /** Changes when another connection has committed. */
  dataVersion(): number;
  close(): void;
}

/**
 * @throws {STORE_UNAVAILABLE} when the file is out of reach or stays busy
 * @throws {STORE_CORRUPT} when it is damaged or no SQLite database
 */
export async function openLockFile(
  given: string,
  machine: MachineClock,
  busyMs: number,
): Promise<LockFile> {
  const path = resolve(given);
  const giveUp = (error: unknown): Error => lockFileError(error, path);
  const retry = { isBusy, giveUp, busyMs, clock: systemClock, maxPauseMs: MAX_PAUSE_MS };
  const statements = new Map<string, StatementSync>();
  let database: DatabaseSync | undefined;
  let inode: bigint | undefined;
  let cutLog: ReturnType<typeof cutLogCheck> | undefined;

  function opened(): DatabaseSync {
    if (database !== undefined) return database;
    throw new RepertoireError("CLOSED", `The locks in ${path} are closed`);
  }

  async function attempt<T>(work: () => T, { signal, ...patience }: Patience = {}): Promise<T> {
    try {
      const policy = { ...retry, ...patience, ...(signal === undefined ? {} : { signal }) };
      return await retryWhileBusy(work, policy);
    } catch (error) {
      throw lockFileError(error, path);
    }
  }

  /** Locks in a file that is no longer at its path would keep nobody out. */
  function checkFile(): void {
    if (inodeOf(path) === inode) return checkLog();
    throw new RepertoireError(
      "STORE_UNAVAILABLE",
      `Cannot use the locks in ${path}: the file was deleted or replaced while it was open; open the library again`,
      { details: { path } },
    );
  }

  function checkLog(): void {
    const current = opened();
    cutLog ??= cutLogCheck(path, current);
    if (cutLog() === undefined) return;
    throw new RepertoireError(
      "STORE_CORRUPT",
      `Cannot use the locks in ${path}: its log ${path}-wal was cut short while it was open; close the library in every process and open it again`,
      { details: { path } },
    );
  }

  function statement(sql: string): StatementSync {
    let found = statements.get(sql);
    if (found === undefined) statements.set(sql, (found = opened().prepare(sql)));
    return found;
  }

  await attempt(() => {
    database ??= new DatabaseSync(path, { timeout: 0 });
    prepare(database, machine);
  }).catch((error: unknown) => {
    database?.close();
    throw error;
  });
  inode = inodeOf(path);

  return {
    path,
    statement,
    transact: (work, committed, patience) =>
      attempt(() => {
        checkFile();
        return committed(immediate(opened(), work));
      }, patience),
    read: (work) => attempt(() => (opened(), work())),
    readNow: (work) => (opened(), work()),
    dataVersion: () => Number(statement("PRAGMA data_version").get()?.["data_version"]),
    close() {
      statements.clear();
      database?.close();
      database = undefined;
    },
  };
}

function prepare(database: DatabaseSync, machine: MachineClock): void {
  // Without a boot id a power cut could bring a number back: then every one is written to the disk.
  const synchronous = machine.bootId === "" ? "FULL" : "NORMAL";
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${synchronous};
    PRAGMA mmap_size = 0;
    PRAGMA trusted_schema = OFF;
    PRAGMA cache_size = -1024;
    PRAGMA wal_autocheckpoint = 4000;
  `);
  const tables = database
    .prepare("SELECT count(*) AS count FROM sqlite_schema WHERE name IN ('locks', 'lock_state')")
    .get();
  if (tables?.["count"] !== 2) immediate(database, () => database.exec(LEASE_TABLES));
  if (database.prepare(CHECK_BOOT).get()?.["boot"] === machine.bootId) return;
  immediate(database, () => {
    const { bootId } = machine;
    database.prepare(FIRST_BOOT).run(bootId);
    const isNext = Number(database.prepare(NEXT_BOOT).run(bootId, SKIPPED_AT_BOOT, bootId).changes);
    // Whoever held or waited before the machine started again is gone.
    if (isNext > 0) database.exec("DELETE FROM locks");
  });
}

function immediate<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
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

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}
