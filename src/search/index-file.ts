/**
 * The SQLite file behind the search index: its schema, and opening it whatever is found there.
 *
 * Everything in it is derived from the store, so nothing is migrated or repaired: an index that is
 * damaged or of another format is deleted and begun anew at revision 0. A file that is not an index
 * of ours at all may be somebody's data and is renamed, never deleted.
 */
import { randomUUID } from "node:crypto";
import { closeSync, openSync, readSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { isBusy } from "./sqlite-errors.ts";

/** Raised by every change to the schema or to how text is split and counted, since both need a rebuild. */
const FORMAT = 6;

/** "RSix", in the header field SQLite keeps for the kind of application. */
const APPLICATION_ID = 0x52536978;

const APPLICATION_ID_OFFSET = 68;
const FORMAT_OFFSET = 60;
const HEADER_BYTES = 100;

const SCHEMA = `
  CREATE TABLE state (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    revision INTEGER NOT NULL,
    mark TEXT NOT NULL DEFAULT '',
    -- Changes whenever what other processes hold in memory is void.
    generation TEXT NOT NULL,
    embedder TEXT,
    dimensions INTEGER,
    -- Counts additions of vectors alone, which do not change the revision.
    fills INTEGER NOT NULL DEFAULT 0,
    -- Kept by triggers: counting the rows takes longer the more there are.
    skills INTEGER NOT NULL DEFAULT 0,
    pending INTEGER NOT NULL DEFAULT 0,
    vectors INTEGER NOT NULL DEFAULT 0,
    tokens INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE documents (
    rowid INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    status TEXT NOT NULL,
    category TEXT NOT NULL,
    tags TEXT NOT NULL,
    summary TEXT NOT NULL,
    -- Whether a vector of the index's embedder is still to come.
    pending INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX documents_by_revision ON documents (revision);
  CREATE INDEX documents_by_category ON documents (category);
  CREATE INDEX documents_pending ON documents (rowid) WHERE pending = 1;

  CREATE TABLE document_tags (
    document INTEGER NOT NULL,
    tag TEXT NOT NULL,
    PRIMARY KEY (document, tag)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX documents_by_tag ON document_tags (tag);

  -- Rows that are free again, for processes that still hold them; bounded, because rows are reused.
  CREATE TABLE removals (rowid INTEGER PRIMARY KEY, revision INTEGER NOT NULL) STRICT;

  CREATE TABLE vectors (
    rowid INTEGER PRIMARY KEY,
    scale REAL NOT NULL,
    bytes BLOB NOT NULL,
    -- Which addition brought it; 0 when it came with its document.
    fill INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX vectors_by_fill ON vectors (fill) WHERE fill > 0;

  -- Stems and how many documents are declared with each; see keywords/term-counts.ts. Numbers are
  -- never given again.
  CREATE TABLE terms (
    number INTEGER PRIMARY KEY,
    term TEXT NOT NULL UNIQUE,
    documents INTEGER NOT NULL
  ) STRICT;

  -- The terms of a document; see keywords/term-list.ts.
  CREATE TABLE keywords (
    rowid INTEGER PRIMARY KEY,
    length INTEGER NOT NULL,
    terms BLOB NOT NULL
  ) STRICT;

  CREATE TRIGGER document_added AFTER INSERT ON documents BEGIN
    UPDATE state SET skills = skills + 1, pending = pending + new.pending;
  END;
  CREATE TRIGGER document_changed AFTER UPDATE OF pending ON documents
  WHEN old.pending <> new.pending BEGIN
    UPDATE state SET pending = pending + new.pending - old.pending;
  END;
  CREATE TRIGGER document_removed AFTER DELETE ON documents BEGIN
    UPDATE state SET skills = skills - 1, pending = pending - old.pending;
  END;
  CREATE TRIGGER vector_added AFTER INSERT ON vectors BEGIN
    UPDATE state SET vectors = vectors + 1;
  END;
  CREATE TRIGGER vector_removed AFTER DELETE ON vectors BEGIN
    UPDATE state SET vectors = vectors - 1;
  END;
  CREATE TRIGGER keywords_added AFTER INSERT ON keywords BEGIN
    UPDATE state SET tokens = tokens + new.length;
  END;
  CREATE TRIGGER keywords_removed AFTER DELETE ON keywords BEGIN
    UPDATE state SET tokens = tokens - old.length;
  END;
`;

export interface IndexFile {
  readonly database: DatabaseSync;
  /** Whether the path still leads to this file, and not to one another process began anew. */
  isCurrent(): boolean;
}

/**
 * Opens or replaces an index with no other process doing so: whoever opened it between the deletion
 * of its log and of the file itself would leave a log that is not the next file's. The lock ends with
 * its process. Where there can be no lock, as in a directory nobody may write, nothing is replaced.
 *
 * Throws SQLite's own error when another process does so at the moment.
 */
export function exclusively<T>(path: string, work: () => T): T {
  const lock = lockFile(`${path}.lock`);
  try {
    return work();
  } finally {
    lock?.close();
  }
}

/** An empty database that is never written: its lock alone is of use. */
function lockFile(path: string): DatabaseSync | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database?.close();
    if (isBusy(error)) throw error;
    // Whatever is wrong with the directory, opening the index itself says it better.
    return undefined;
  }
}

/**
 * Opens the index, creating it or beginning it anew where its header says so; to be called
 * exclusively. Throws SQLite's own error when the file is busy, or damaged further in.
 */
export function openIndexFile(path: string): IndexFile {
  discardUnusable(path);
  return openUsable(path);
}

/** Deletes the index and what SQLite keeps beside it; to be called exclusively. */
export function discardIndexFile(path: string): void {
  // The log first: SQLite would apply it to the next file of this name.
  for (const suffix of ["-wal", "-shm", ".pack", ""]) rmSync(`${path}${suffix}`, { force: true });
}

/** When a process last opened, wrote or closed the index, in epoch milliseconds; nothing when there is none. */
export function lastUseOf(path: string): number | undefined {
  const times = ["", "-wal"].map(
    (suffix) => statSync(`${path}${suffix}`, { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  return times[0] === 0 ? undefined : Math.max(...times);
}

/**
 * Deletes the index unless any process has it open; whoever opens it in that moment begins it anew.
 *
 * @returns whether it is gone
 */
export function discardIfUnused(path: string): boolean {
  try {
    return exclusively(path, () => discardUnused(path));
  } catch {
    // In use, out of reach or damaged: it is in nobody's way where it is.
    return false;
  }
}

function discardUnused(path: string): boolean {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // SQLite leaves the write-ahead log only where no other connection is open.
    const mode = database.prepare("PRAGMA journal_mode = DELETE").get()?.["journal_mode"];
    if (mode !== "delete") return false;
  } finally {
    database.close();
  }
  discardIndexFile(path);
  return true;
}

function discardUnusable(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return setAside(path);
  const header = readHeader(path);
  if (header === undefined) return;
  const isOurs =
    header.toString("latin1", 0, 16) === "SQLite format 3\0" &&
    header.readUInt32BE(APPLICATION_ID_OFFSET) === APPLICATION_ID;
  if (!isOurs) setAside(path);
  else if (header.readUInt32BE(FORMAT_OFFSET) !== FORMAT) discardIndexFile(path);
}

function readHeader(path: string): Buffer | undefined {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return undefined;
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openSync(path, "r");
  try {
    readSync(file, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(file);
  }
  return header;
}

function setAside(path: string): void {
  const aside = `${path}.not-an-index-${randomUUID()}`;
  for (const suffix of ["-wal", "-shm", ""]) {
    if (statSync(`${path}${suffix}`, { throwIfNoEntry: false })) {
      renameSync(`${path}${suffix}`, `${aside}${suffix}`);
    }
  }
}

function openUsable(path: string): IndexFile {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768");
    if (formatOf(database) !== FORMAT) createSchema(database);
    // After the schema, so that the header on disk names the application before any log exists.
    database.exec("PRAGMA journal_mode = WAL");
    // Opens the log: later it could be that of another file.
    database.prepare("SELECT only FROM state").get();
    const { ino } = statSync(path, { bigint: true });
    noteUse(path);
    return {
      database,
      isCurrent: () => statSync(path, { bigint: true, throwIfNoEntry: false })?.ino === ino,
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Reading leaves no trace of its own. */
function noteUse(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // Another user's file can be shared all the same; it only looks less used than it is.
  }
}

function createSchema(database: DatabaseSync): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    // Another process may have been first.
    if (formatOf(database) !== FORMAT) {
      database.exec(SCHEMA);
      database
        .prepare("INSERT INTO state (only, revision, generation) VALUES (1, 0, ?)")
        .run(randomUUID());
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT}`);
    }
    database.exec("COMMIT");
  } catch (error) {
    // After some errors SQLite has already rolled back by itself.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function formatOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()!.user_version);
}
