/** Takes out of the record of a run whatever it may have been told. */
import type { SqliteConnection } from "./connection.ts";
import { parseStored } from "./stored-json.ts";

interface Row {
  readonly seq: number;
  readonly skill_id: string;
  readonly version: number;
  readonly error: string | null;
  readonly more: string | null;
}

const FIND = "SELECT seq, skill_id, version, error, more FROM runs WHERE run_id = ?";
const REDACT_RUN = `UPDATE runs SET error = ?, logs = '[]',
  logs_dropped = logs_dropped + json_array_length(logs), warnings = NULL, more = ? WHERE seq = ?`;
const REMOVE_JOURNAL = "DELETE FROM run_journals WHERE seq = ?";
const REDACT_NOTE = `UPDATE failure_notes SET reason = ?
  WHERE skill_id = ? AND version = ? AND run_id = ?`;

const REDACTED = { name: "Redacted", message: "The error of this run was redacted" };

/** Redacts within a transaction; false when the run is not kept. */
export function redactRun({ statement, ifDamaged }: SqliteConnection, runId: string): boolean {
  const row = statement<Row>(FIND).get(runId);
  if (row === undefined) return false;
  const error = row.error === null ? null : JSON.stringify(REDACTED);
  const known = parseStored(row.more ?? "{}", `the record of run ${runId}`, ifDamaged) as object;
  const more = JSON.stringify({
    ...known,
    journal: "redacted",
    withheld: undefined,
    refused: undefined,
  });
  statement(REDACT_RUN).run(error, more, row.seq);
  statement(REMOVE_JOURNAL).run(row.seq);
  const reason = JSON.stringify(`${REDACTED.name}: ${REDACTED.message}`);
  statement(REDACT_NOTE).run(reason, row.skill_id, row.version, runId);
  return true;
}

/**
 * Does what removes data so that the file does not hold it any longer either: freed pages are
 * overwritten, and the log is emptied, unless another process is reading from it.
 */
export async function redactForGood<T>(
  { database, transact, read }: SqliteConnection,
  work: () => T,
): Promise<T> {
  const result = await transact(() => {
    database.exec("PRAGMA secure_delete = ON");
    try {
      return work();
    } finally {
      database.exec("PRAGMA secure_delete = OFF");
    }
  });
  await read(() => database.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
  return result;
}
