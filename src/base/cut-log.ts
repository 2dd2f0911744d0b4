/**
 * Whether somebody has cut a write-ahead log short underneath a database. SQLite would not notice: it
 * goes on writing behind the hole, and the next checkpoint copies the hole into the database.
 */
import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";

const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** SQLite may shorten the log itself between two questions, but not every time. */
const TRIES = 3;

export interface CutLog {
  readonly fromBytes: number;
  readonly toBytes: number;
}

/** @returns looks at the log; made before every write, it takes a few microseconds and no lock */
export function cutLogCheck(path: string, database: DatabaseSync): () => CutLog | undefined {
  const log = `${path}-wal`;
  // `NOOP` checkpoints nothing, and tells how many frames the index of the log has.
  const state = database.prepare("PRAGMA wal_checkpoint(NOOP)");
  const page = Number(database.prepare("PRAGMA page_size").get()?.["page_size"]);
  return () => {
    let cut: CutLog | undefined;
    for (let tries = 0; tries < TRIES; tries++) {
      const frames = Number(state.get()?.["log"] ?? 0);
      const fromBytes = frames > 0 ? LOG_HEADER_BYTES + frames * (FRAME_HEADER_BYTES + page) : 0;
      const toBytes = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
      if (toBytes >= fromBytes) return undefined;
      cut = { fromBytes, toBytes };
    }
    return cut;
  };
}
