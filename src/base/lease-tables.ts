/**
 * Leases as rows. They are in the file of the skills, so that a write can be refused for a lost
 * lease within its own transaction; the lock driver writes them and the store only reads them.
 *
 * - `locks`: who holds a key (`token` is set) and who waits for it (it is not), in order of `ticket`.
 *   A row counts until `until_ms`: the end of a lease, or how long a waiter is taken to be alive.
 * - `lock_state`: the last number given out, since tickets and tokens of all keys count together and
 *   are never given out twice; and the start of the machine that all rows are of.
 *
 * Times are those of the machine's clock. A row that began later than now is of an earlier start.
 */
export const LEASE_TABLES = `
  CREATE TABLE IF NOT EXISTS lock_state (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    boot TEXT NOT NULL,
    last INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS locks (
    ticket   INTEGER PRIMARY KEY,
    key      TEXT NOT NULL,
    mode     TEXT NOT NULL,
    token    INTEGER,
    since_ms REAL NOT NULL,
    until_ms REAL NOT NULL,
    holder   TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS locks_by_key ON locks (key, token, ticket);
`;

/** The lease that holds a key for writing. Parameters: key, now, now, boot id. */
export const WRITE_LEASE = `SELECT token FROM locks
  WHERE key = ? AND token IS NOT NULL AND mode = 'write' AND since_ms <= ? AND until_ms > ?
    AND EXISTS (SELECT 1 FROM lock_state WHERE boot = ?)`;
