/** What replays need: one row per run, all of them together within a bound. */
import { utf8Bytes } from "../../base/json.ts";
import type { RunRecording } from "../run-store.ts";
import type { SqliteConnection } from "./connection.ts";
import type { StatementSource } from "./statement.ts";
import { parseStored } from "./stored-json.ts";

const INSERT = "INSERT INTO run_journals VALUES (?, ?, ?)";
const FIND = `SELECT data FROM run_journals
  WHERE seq = (SELECT seq FROM runs WHERE run_id = ?)`;
const PRUNE = "DELETE FROM run_journals WHERE seq <= ?";
const TOTAL = "SELECT coalesce(sum(bytes), 0) AS bytes FROM run_journals";
/** The newest that has no room any more when the room is given to the newest first. */
const LAST_WITHOUT_ROOM = `SELECT coalesce(max(seq), 0) AS seq FROM (
  SELECT seq, sum(bytes) OVER (ORDER BY seq DESC) AS needed FROM run_journals) WHERE needed > ?`;

/** Keeps a journal, unless it alone has no room: it would push out all others. */
export function insertJournal(
  statement: StatementSource,
  seq: number,
  recording: RunRecording,
  maxBytes: number,
): void {
  const data = JSON.stringify(recording);
  const bytes = utf8Bytes(data);
  if (bytes <= maxBytes) statement(INSERT).run(seq, bytes, data);
}

/** Drops the journals of runs up to `seq`, and the oldest beyond `maxBytes`. */
export function pruneJournals(statement: StatementSource, seq: number, maxBytes: number): void {
  statement(PRUNE).run(seq);
  const total = statement<{ bytes: number }>(TOTAL).get()?.bytes ?? 0;
  if (total <= maxBytes) return;
  const last = statement<{ seq: number }>(LAST_WITHOUT_ROOM).get(maxBytes)?.seq ?? 0;
  statement(PRUNE).run(last);
}

export function findRecording(
  { statement, ifDamaged }: SqliteConnection,
  runId: string,
): RunRecording | undefined {
  const row = statement<{ data: string }>(FIND).get(runId);
  if (row === undefined) return undefined;
  return parseStored(row.data, `the journal of run ${runId}`, ifDamaged) as RunRecording;
}
