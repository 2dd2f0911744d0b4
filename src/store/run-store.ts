/**
 * The socket for evidence: a bounded journal of runs and unbounded counters per version.
 * It never touches skills, so recording a run changes no version and no revision.
 */
import type { ExecutionRecord, ExecutionStatus } from "../skill/execution.ts";
import type { SkillMetrics } from "../skill/skill.ts";

/** A finished run as it is kept: everything but the value, which belongs to the caller. */
export interface RunRecord extends Omit<ExecutionRecord, "value"> {
  /** Run whose host call started this one. */
  readonly parentRunId?: string;
}

export interface RunFilter {
  readonly skillId?: string;
  readonly status?: ExecutionStatus;
  /** Only runs older than this one. */
  readonly before?: string;
  readonly limit: number;
}

/** Evidence of one skill: of all its versions together, and of each. */
export interface SkillEvidence {
  readonly skill: SkillMetrics;
  readonly versions: ReadonlyMap<number, SkillMetrics>;
}

export interface RunTotals {
  readonly runs: number;
  readonly byStatus: Readonly<Record<string, number>>;
}

export interface RunStore {
  /** Records runs and adds them to the counters, in one transaction. */
  record(runs: readonly RunRecord[]): Promise<void>;

  /** Evidence of these skills; ids without any run are left out. */
  evidence(skillIds: readonly string[]): Promise<ReadonlyMap<string, SkillEvidence>>;

  /** Runs, newest first. */
  list(filter: RunFilter): Promise<readonly RunRecord[]>;

  find(runId: string): Promise<RunRecord | undefined>;

  totals(): Promise<RunTotals>;

  /** A number that changes whenever any process has recorded runs; cheap. */
  epoch(): number | Promise<number>;

  close(): Promise<void>;
}
