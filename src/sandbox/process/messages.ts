/**
 * What a sandbox process and its parent say to each other. `text` stands for what goes beside the
 * message in its frame. Runs are named by a number that the parent counts; attempts are counted by
 * the process.
 */
import type { SandboxIsolation } from "../sandbox.ts";
import type { CallKind, Job, WireReply } from "../run/job.ts";
import type { RunResult } from "../run/run.ts";

export type ToChild =
  /** The text is the context. */
  | { readonly kind: "start"; readonly id: number; readonly depth: number; readonly job: Job }
  /** The text is the answer's JSON when it is one. */
  | {
      readonly kind: "reply";
      readonly id: number;
      readonly attempt: number;
      readonly callId: number;
      readonly reply: WireReply;
    }
  | { readonly kind: "cancel"; readonly id: number }
  /** Asks for the deadline of a run. */
  | { readonly kind: "ask"; readonly id: number };

export interface ChildCounts {
  readonly workers: number;
  readonly kills: number;
  readonly retries: number;
}

export type FromChild =
  /** It is hardened as far as it goes, and takes runs. */
  | { readonly kind: "ready"; readonly isolation: SandboxIsolation; readonly counts: ChildCounts }
  /** It will never be ready. */
  | { readonly kind: "unable"; readonly reason: string }
  /** A worker got the run. */
  | { readonly kind: "attempt"; readonly id: number; readonly attempt: number }
  /** The text is the arguments. Times are of `monotonicMs`, which all processes share. */
  | {
      readonly kind: "call";
      readonly id: number;
      readonly attempt: number;
      readonly callId: number;
      readonly call: CallKind;
      readonly name: string;
      /** Processor time the run used so far, where it is known. */
      readonly cpuMs?: number;
      readonly deadlineMs: number;
    }
  | {
      readonly kind: "progress";
      readonly id: number;
      readonly attempt: number;
      readonly callId: number;
      readonly fraction: number;
      readonly message?: string;
    }
  | { readonly kind: "deadline"; readonly id: number; readonly deadlineMs: number }
  /** The text is the result when there is one. */
  | {
      readonly kind: "done";
      readonly id: number;
      readonly outcome: RunResult;
      readonly counts: ChildCounts;
    }
  /** The sandbox failed to run it. */
  | { readonly kind: "failed"; readonly id: number; readonly reason: string };
