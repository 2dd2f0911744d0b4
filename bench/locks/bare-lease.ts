/**
 * The least a lease in SQLite can be: one row with an owner's end and a counted token, tried again
 * until it is free. It has no line, so whoever happens to try first is next.
 */
import { DatabaseSync } from "node:sqlite";

export interface BareLease {
  take(): bigint | undefined;
  giveUp(token: bigint): void;
  close(): void;
}

const TTL_MS = 30_000;

export function bareLease(path: string): BareLease {
  const database = new DatabaseSync(path, { timeout: 1_000 });
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS bare (key TEXT PRIMARY KEY, token INTEGER, until REAL) STRICT`);
  const take = database.prepare(`INSERT INTO bare VALUES ('k', 1, ?)
    ON CONFLICT (key) DO UPDATE SET token = token + 1, until = excluded.until WHERE until < ?
    RETURNING token`);
  const giveUp = database.prepare("UPDATE bare SET until = 0 WHERE key = 'k' AND token = ?");
  return {
    take() {
      const now = Date.now();
      const row = take.get(now + TTL_MS, now);
      return row === undefined ? undefined : BigInt(row["token"] as number);
    },
    giveUp: (token) => void giveUp.run(token),
    close: () => database.close(),
  };
}
