/** A run as the sandbox's side of the boundary sees it: what goes in, what it asks, how it ended. All of it is data. */
import type { Issue } from "../../base/errors.ts";
import type { ExecutionError } from "../../skill/execution.ts";
import type { HostCallFailure, Program, SandboxLimits, SandboxOutcome } from "../sandbox.ts";

/** A run as a worker needs it; the same for every attempt. */
export interface Job {
  readonly kind: "run" | "check";
  readonly program: Program;
  readonly contextJson: string;
  readonly limits: SandboxLimits;
  readonly seed: number;
  readonly now: number;
}

/** A host call's answer: the value as JSON text, or how it failed. */
export type WireReply =
  | { readonly ok: true; readonly json: string }
  | {
      readonly ok: false;
      readonly error: HostCallFailure;
      /**
       * Marks what is no answer at all: a replay has none to give, and knows of this many calls and
       * reports of progress. An engine gets to it when the program waits and all answers before it
       * are delivered. If the program has made no more than these it waits for what never comes,
       * and the attempt ends with `unansweredEnding()`; else this is void, for another will follow.
       */
      readonly unanswered?: number;
    };

export type CallKind = "tool" | "skill" | "fetch" | "sleep";

/** A call of the guest to its host. */
export interface WireCall {
  readonly callId: number;
  readonly kind: CallKind;
  readonly name: string;
  /** JSON text; for `sleep`, the milliseconds. */
  readonly args: string;
  /** Time the run had kept a processor busy by then. */
  readonly cpuMs?: number;
}

/** How an attempt ended, as the worker saw it. */
export interface WireOutcome {
  readonly status: SandboxOutcome["status"];
  readonly valueJson?: string;
  readonly error?: ExecutionError;
  readonly issues?: readonly Issue[];
  readonly warnings?: readonly string[];
  readonly logsDropped: number;
  readonly durationMs: number;
  readonly cpuMs: number;
  readonly hostCalls: number;
}
