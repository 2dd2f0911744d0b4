/**
 * The socket for evidence: a bounded journal of runs and unbounded counters per version.
 * It never touches skills, so recording a run changes no version and no revision.
 */
import type { RunLimits } from "../base/limits.ts";
import type { ExecutionRecord, ExecutionStatus } from "../skill/execution.ts";
import type { RunJournal } from "../skill/run-journal.ts";
import type { SkillMetrics } from "../skill/skill.ts";

/**
 * What became of a run's journal. `kept`: the run can be replayed; `truncated`: as far as its
 * journal had room. All others have none: `too-large` (the context alone had no room), `withheld`
 * (the library keeps none of runs that call what it withholds), `off` (it keeps none at all),
 * `dropped` (newer ones needed the room), `redacted`.
 */
export type JournalState =
  | "kept"
  | "truncated"
  | "too-large"
  | "withheld"
  | "off"
  | "dropped"
  | "redacted";

/** A finished run as it is kept: everything but the value, which belongs to the caller. */
export interface RunRecord extends Omit<ExecutionRecord, "value"> {
  /** Run whose host call started this one. */
  readonly parentRunId?: string;
  /** What became of its journal; absent when nothing ran. */
  readonly journal?: JournalState;
  /** Tools, skills and origins because of which its journal is withheld. */
  readonly withheld?: readonly string[];
}

/** What a replay repeats, and what it compares the value with. */
export interface RunRecording {
  readonly journal: RunJournal;
  /** Limits the run had. */
  readonly limits: RunLimits;
  /** How the program ended when it did not succeed; the record of the run may say more of why. */
  readonly ending?: Pick<ExecutionRecord, "status" | "error">;
  /** The value of a run that succeeded, as JSON text when that is short, else its digest. */
  readonly value?:
    | { readonly json: string }
    | {
        /** SHA-256 of the JSON text, in hexadecimal. */
        readonly sha256: string;
        readonly bytes: number;
      };
}

/** A run on its way into the store. */
export interface RecordedRun extends RunRecord {
  readonly recording?: RunRecording;
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

/** How often a skill was used, of all its versions together. */
export interface SkillUsage {
  readonly uses: number;
  /** As in its metrics; absent while no run says anything about the skill. */
  readonly successRate?: number;
}

export interface RunTotals {
  readonly runs: number;
  readonly byStatus: Readonly<Record<string, number>>;
}

/** A query that led a caller to run a skill with success. */
export interface QueryUse {
  /** The query, normalized, so that the same question is the same text. */
  readonly query: string;
  readonly skillId: string;
  /** Who asked and ran; "" when nobody was named. */
  readonly caller: string;
  /** ISO-8601 UTC. */
  readonly at: string;
}

/** All uses with the same query, skill and caller, as one. */
export interface LearnedUse {
  /** Names it among all uses of the store; never used again for another. */
  readonly id: number;
  readonly query: string;
  readonly skillId: string;
  readonly caller: string;
  /** How often it was recorded; it stops at `MAX_USE_COUNT`. */
  readonly count: number;
  /** ISO-8601 UTC. */
  readonly lastAt: string;
}

/** What has changed among learned uses. */
export interface LearnedChanges {
  /** Where to continue from. */
  readonly position: number;
  /** Whether `uses` is everything there is, and whatever was known before is void. */
  readonly isWhole: boolean;
  /** Uses that are new or were recorded again. */
  readonly uses: readonly LearnedUse[];
  /** Ids of uses that are gone. */
  readonly removed: readonly number[];
}

export interface UseFilter {
  readonly skillId?: string;
  readonly caller?: string;
  readonly query?: string;
}

/** Counting further would cost a write for each run and tell nothing. */
export const MAX_USE_COUNT = 100;

export interface RunStore {
  /**
   * Records runs and adds them to the counters, in one transaction. Recordings are kept within the
   * store's bound; the oldest are dropped first, and a run's record says so.
   */
  record(runs: readonly RecordedRun[]): Promise<void>;

  /** Evidence of these skills; ids without any run are left out. */
  evidence(skillIds: readonly string[]): Promise<ReadonlyMap<string, SkillEvidence>>;

  /** Usage of every skill that was ever used, removed ones too; one pass over the counters. */
  usage(): Promise<ReadonlyMap<string, SkillUsage>>;

  /** Runs, newest first. */
  list(filter: RunFilter): Promise<readonly RunRecord[]>;

  find(runId: string): Promise<RunRecord | undefined>;

  /** The recording of a run; `undefined` when none is kept, which the record of the run explains. */
  recording(runId: string): Promise<RunRecording | undefined>;

  /**
   * Removes for good what a run may have been told: its recording, logs, warnings and the text of
   * its error, also where that is a skill's latest failure. The run itself stays counted and listed.
   *
   * @returns the record as it is now; `undefined` when the run is not kept
   */
  redact(runId: string): Promise<RunRecord | undefined>;

  totals(): Promise<RunTotals>;

  /**
   * Records that queries led to skills. What has the same query, skill and caller is one use; of one
   * skill, and in all, a bounded number is kept: whoever has most of them loses the oldest first.
   */
  recordUses(uses: readonly QueryUse[]): Promise<void>;

  /** What changed among learned uses since a position this store gave; from 0 it is everything. */
  usesSince(position: number): Promise<LearnedChanges>;

  /**
   * Removes for good the learned uses that have all that the filter names; an empty one means all.
   *
   * @returns how many were removed
   */
  forgetUses(filter: UseFilter): Promise<number>;

  /** A number that changes whenever any process has recorded runs or uses, or removed any; cheap. */
  epoch(): number | Promise<number>;

  close(): Promise<void>;
}
