/**
 * Leases in a backup are long over, and the numbers that were given out since must not be given out
 * again: whoever still holds one would pass for the holder of the new lease.
 */
import { DatabaseSync } from "node:sqlite";
import type { SQLOutputValue } from "node:sqlite";

const HAS_LEASES = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'lock_state'";
const KEEP = `INSERT INTO lock_state (only, boot, last) VALUES (1, ?, ?)
  ON CONFLICT (only) DO UPDATE SET last = max(last, excluded.last)`;

/** @param former the library that is replaced, when it can be read */
export function keepTokens(former: DatabaseSync | undefined, restored: string): void {
  const database = new DatabaseSync(restored);
  try {
    if (!hasLeases(database)) return;
    database.exec("BEGIN; DELETE FROM locks");
    const last = former && hasLeases(former) ? lastOf(former) : undefined;
    if (last !== undefined) database.prepare(KEEP).run(String(last.boot), Number(last.last));
    database.exec("COMMIT");
  } finally {
    database.close();
  }
}

function hasLeases(database: DatabaseSync): boolean {
  return database.prepare(HAS_LEASES).get() !== undefined;
}

function lastOf(database: DatabaseSync): Record<string, SQLOutputValue> | undefined {
  return database.prepare("SELECT boot, last FROM lock_state").get();
}
