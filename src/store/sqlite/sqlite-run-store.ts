import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import { LIMITS } from "../../base/limits.ts";
import type { RunStore } from "../run-store.ts";
import { openConnection } from "./connection.ts";
import type { SqliteConnection, SqliteOptions } from "./connection.ts";
import { findRun, listRuns, readEvidence, readUsage, runTotals } from "./run-reader.ts";
import { findRecording } from "./run-journals.ts";
import { redactForGood, redactRun } from "./run-redaction.ts";
import { recordRuns } from "./run-writer.ts";
import type { RunBounds } from "./run-writer.ts";
import { changedUses, forgetUses, recordUses } from "./learned-uses.ts";
import type { UseBounds } from "./learned-uses.ts";
import { RUNS_SCHEMA } from "./runs-schema.ts";

export interface SqliteRunOptions extends SqliteOptions {
  /** Runs to keep; counters are kept for ever (default: `LIMITS.runRecords`). */
  readonly maxRecords?: number;
  /** Room for the recordings of all runs together (default: `LIMITS.journalsBytes`). */
  readonly maxJournalBytes?: number;
  /** Learned uses to keep, of one skill and in all (default: 64 and 20,000). */
  readonly maxUses?: UseBounds;
}

const MAX_USES: UseBounds = { ofSkill: 64, inAll: 20_000 };

/**
 * A run store in one SQLite file, apart from the skills so that recording never disturbs their
 * readers. Its durability is `normal` by default: killing the process loses nothing that was
 * recorded, and a power cut can take the last records, which are evidence and not the truth.
 *
 * @throws {STORE_UNAVAILABLE} when the file is out of reach, too new, or stays busy
 * @throws {STORE_CORRUPT} when the file is damaged or no SQLite database
 * @throws {INVALID_INPUT} when the file is another program's database
 */
export async function sqliteRunStore(options: SqliteRunOptions): Promise<RunStore> {
  const { maxRecords = LIMITS.runRecords, durability = "normal" } = options;
  const { maxJournalBytes = LIMITS.journalsBytes, maxUses = MAX_USES } = options;
  if (!Number.isSafeInteger(maxRecords) || maxRecords < 1)
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`maxRecords\` to be a positive integer, got ${preview(maxRecords)}`,
    );
  if (!Number.isSafeInteger(maxJournalBytes) || maxJournalBytes < 0)
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`maxJournalBytes\` to be a non-negative integer, got ${preview(maxJournalBytes)}`,
    );
  const connection = await openConnection(RUNS_SCHEMA, { ...options, durability });
  return runStoreOn(connection, { maxRecords, maxJournalBytes }, maxUses);
}

function runStoreOn(
  connection: SqliteConnection,
  bounds: RunBounds,
  useBounds: UseBounds,
): RunStore {
  const { read, readSnapshot, transact } = connection;
  let ownRecordings = 0;

  // Of the two, one grows with the recordings of others and one with those of this connection.
  function currentEpoch(): number {
    return connection.dataVersion() + ownRecordings;
  }

  return {
    async record(runs) {
      const recorded = await transact(() => recordRuns(connection, runs, bounds));
      if (recorded > 0) ownRecordings += 1;
    },
    evidence: (skillIds) => readSnapshot(() => readEvidence(connection, skillIds)),
    usage: () => readSnapshot(() => readUsage(connection)),
    list: (filter) => read(() => listRuns(connection, filter)),
    find: (runId) => read(() => findRun(connection, runId)),
    recording: (runId) => read(() => findRecording(connection, runId)),
    async redact(runId) {
      const redacted = await redactForGood(connection, () => redactRun(connection, runId));
      if (redacted) ownRecordings += 1;
      return read(() => findRun(connection, runId));
    },
    totals: () => read(() => runTotals(connection)),
    async recordUses(uses) {
      const changed = await transact(() => recordUses(connection, uses, useBounds));
      if (changed) ownRecordings += 1;
    },
    usesSince: (position) => changedUses(connection, position),
    async forgetUses(filter) {
      const removed = await redactForGood(connection, () => forgetUses(connection, filter));
      if (removed > 0) ownRecordings += 1;
      return removed;
    },
    epoch() {
      try {
        return currentEpoch();
      } catch {
        // Busy or broken: the asynchronous way waits, and reports what stays wrong.
        return read(currentEpoch);
      }
    },
    async close() {
      connection.close();
    },
  };
}
