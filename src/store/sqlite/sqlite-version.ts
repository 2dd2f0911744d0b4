import { DatabaseSync } from "node:sqlite";
import { RepertoireError } from "../../base/errors.ts";

/**
 * The first SQLite without the WAL-reset bug, which can corrupt a file that several connections
 * write to (https://www.sqlite.org/wal.html#walresetbug).
 */
const OLDEST = "3.51.3";

/** @throws {STORE_UNAVAILABLE} when the SQLite within this Node can damage a shared file */
export function checkSqliteVersion(found: string = linkedVersion()): void {
  if (found.localeCompare(OLDEST, "en", { numeric: true }) >= 0) return;
  throw new RepertoireError(
    "STORE_UNAVAILABLE",
    `Expected SQLite ${OLDEST} or newer, but Node ${process.versions.node} carries ${found}, which can damage a file that several processes write; use a newer Node`,
    { details: { found, oldest: OLDEST } },
  );
}

/** Asked of the library itself: a Node built against a shared SQLite names another in `process.versions`. */
function linkedVersion(): string {
  const database = new DatabaseSync(":memory:");
  const version = database.prepare("SELECT sqlite_version() AS version").get()?.["version"];
  database.close();
  return String(version);
}
