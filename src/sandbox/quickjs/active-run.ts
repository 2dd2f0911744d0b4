/** What a slot keeps of the run in it. */
import type { CpuMeter } from "../run/cpu-meter.ts";
import type { GuestRun } from "./guest-run.ts";
import type { StopReason } from "../run/run-ending.ts";
import type { CallKind, Job, WireReply } from "../run/job.ts";
import type { Issue } from "../../base/errors.ts";
import type { ExecutionError } from "../../skill/execution.ts";

export interface ActiveRun {
  readonly attempt: number;
  readonly job: Job;
  readonly startedMs: number;
  /** Later by the time that neighbours took from the run. */
  deadlineMs: number;
  /** When it last stopped executing. */
  leftMs: number;
  readonly inbox: { readonly callId: number; readonly reply: WireReply }[];
  /** When each sleeping call wakes, on the virtual clock. */
  readonly wakesAtMs: Map<number, number>;
  guest: GuestRun | undefined;
  stop: StopReason | "cpu" | undefined;
  unfinished: boolean;
  deadlineTimer: NodeJS.Timeout | undefined;
  /** What the guest's clocks read; only sleeping advances it. */
  nowMs: number;
  readonly cpu: CpuMeter;
  hostCalls: number;
  /** Bytes of the arguments of waiting calls, and of all answers delivered. */
  retainedBytes: number;
  readonly waiting: Map<number, WaitingCall>;
  nextCallId: number;
  logLines: number;
  logBytes: number;
  logsDropped: number;
  /** Whether the guest was told that the log is full; it counts what it drops from then on. */
  logFull: boolean;
  denied: boolean;
  /** Limits that a call of it was really refused for. */
  readonly reached: Set<ReachedLimit>;
  warnings: readonly string[];
  issues: readonly Issue[] | undefined;
}

interface WaitingCall {
  readonly kind: CallKind;
  readonly name: string;
  readonly bytes: number;
}

type ReachedLimit = NonNullable<ExecutionError["limit"]>;
