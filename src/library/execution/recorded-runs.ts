/** What is asked of the runs on record. */
import type { Limits } from "../../base/limits.ts";
import { EXECUTION_STATUSES } from "../../skill/execution.ts";
import type { RunFilter, RunRecord } from "../../store/run-store.ts";
import { checkInteger, checkIsText, checkKnownOptions, checkOneOf } from "../check-options.ts";
import type { Evidence } from "./evidence.ts";
import { runNotFound } from "./run-not-found.ts";

const DEFAULT_RUNS = 50;

export async function listRuns(
  { evidence, limits }: { readonly evidence: Evidence; readonly limits: Limits },
  filter: Partial<RunFilter> = {},
): Promise<readonly RunRecord[]> {
  checkKnownOptions("listRuns", filter, ["skillId", "status", "before", "limit"]);
  checkOneOf("status", filter.status, EXECUTION_STATUSES);
  checkInteger("limit", filter.limit, 1, limits.runRecords);
  return evidence.list({ ...filter, limit: filter.limit ?? DEFAULT_RUNS });
}

/** @throws {RUN_NOT_FOUND} when the run is unknown or was pruned */
export async function redactRun(
  { evidence }: { readonly evidence: Evidence },
  runId: string,
): Promise<RunRecord> {
  checkIsText("runId", runId);
  const record = await evidence.redact(runId);
  if (record === undefined) throw runNotFound(runId);
  return record;
}
