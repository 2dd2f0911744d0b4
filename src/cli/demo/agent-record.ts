/** What an agent writes down while it works; the audit and the report are made from it alone. */
import type { ExecutionStatus } from "../../index.ts";

export const OPERATION_KINDS = [
  "search",
  "read",
  "run",
  "batch",
  "compose",
  "update",
  "metrics",
  "runaway",
] as const;

export type OperationKind = (typeof OPERATION_KINDS)[number];

/** A version this agent was told is committed. */
export interface Commit {
  readonly skillId: string;
  readonly version: number;
  readonly contentHash: string;
  /** Name of this one write, stored as the version's message; no other write has it. */
  readonly operation: string;
  readonly agent: string;
  /** When the acknowledgement arrived, in milliseconds on the machine's clock. */
  readonly acknowledgedMs: number;
  /** Whether it raised the skill's count by one. */
  readonly isIncrement: boolean;
}

/** A version this agent was shown. */
export interface Sighting {
  readonly skillId: string;
  readonly version: number;
  readonly agent: string;
  /** When the call began, in milliseconds on the machine's clock. */
  readonly beganMs: number;
  readonly via: "read" | "search" | "run";
  /** Given where the call shows it. */
  readonly contentHash?: string;
}

/** An answer that is not the one the skill's example documents. */
export interface WrongAnswer {
  readonly skillId: string;
  readonly version: number;
  readonly expected: string;
  readonly received: string;
}

/** A run that was started to see it stopped. */
export interface Runaway {
  readonly skillId: string;
  readonly status: ExecutionStatus;
  readonly deadlineMs: number;
  /** Time from when it began to run, not to wait, until it was stopped. */
  readonly durationMs: number;
}

export interface AgentRecord {
  readonly agent: string;
  /** Time of every operation, in milliseconds, by kind. */
  readonly durationsMs: Readonly<Record<OperationKind, readonly number[]>>;
  readonly commits: readonly Commit[];
  readonly sightings: readonly Sighting[];
  /** Updates refused because someone else was faster. */
  readonly conflicts: number;
  /** Updates given up after too many conflicts. */
  readonly abandonedUpdates: number;
  /** Runs by how they ended, those within batches and workflows included. */
  readonly runs: Readonly<Partial<Record<ExecutionStatus, number>>>;
  readonly searches: {
    readonly asked: number;
    /** First match is the skill the task is about. */
    readonly right: number;
  };
  readonly answers: { readonly checked: number; readonly wrong: readonly WrongAnswer[] };
  readonly runaways: readonly Runaway[];
  /** Calls that failed and should not have. */
  readonly failures: readonly string[];
  readonly cache: {
    readonly hits: number;
    readonly misses: number;
    readonly invalidations: number;
  };
  readonly sandbox: { readonly kills: number; readonly retries: number };
}
