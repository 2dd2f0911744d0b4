import { DatabaseSync } from "node:sqlite";
import { RepertoireError } from "../../base/errors.ts";

/**
 * The first SQLite without the WAL-reset bug, which can corrupt a file that several connections
 * write to (https://www.sqlite.org/wal.html#walresetbug).
 */
const OLDEST = "3.51.3";

/** @throws {STORE_UNAVAILABLE} when the SQLite within this Node can damage a shared file */
export function checkSqliteVersion(found: string = linkedVersion()): void {
  if (isAtLeast(found, OLDEST)) return;
  throw new RepertoireError(
    "STORE_UNAVAILABLE",
    `Expected SQLite ${OLDEST} or newer, but Node ${process.versions.node} carries ${found}, which can damage a file that several processes write; use a newer Node`,
    { details: { found, oldest: OLDEST } },
  );
}

/** Without a collator, whose loading alone would hold up whoever opens a library. */
function isAtLeast(found: string, oldest: string): boolean {
  const [has, wants] = [found, oldest].map((version) => version.split(".").map(Number));
  const at = wants!.findIndex((part, place) => part !== has![place]);
  return at < 0 || (has![at] ?? 0) > wants![at]!;
}

/** Asked of the library itself: a Node built against a shared SQLite names another in `process.versions`. */
function linkedVersion(): string {
  const database = new DatabaseSync(":memory:");
  const version = database.prepare("SELECT sqlite_version() AS version").get()?.["version"];
  database.close();
  return String(version);
}
