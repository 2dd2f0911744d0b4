/**
 * What a run was given: enough to repeat it exactly, with no host at all. A program is a function
 * of its code, context, seed, clock and the answers to its calls in the order they arrived.
 */

import type { ExecutionError } from "./execution.ts";
import type { Capability } from "./skill.ts";

/** How a host call failed, as the program saw it. */
export interface JournaledFailure {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly denied?: boolean;
  /** The limit that was reached, when that is why. */
  readonly limit?: ExecutionError["limit"];
  /** What was asked for and not granted, when `denied`. */
  readonly capability?: Capability;
}

/** One call a run made to its host, and what it was answered. */
export interface JournaledCall {
  /** Counted from 0 within the run. */
  readonly callId: number;
  readonly kind: "tool" | "skill" | "fetch" | "sleep";
  /** Tool name, skill id or URL; empty for `sleep`. */
  readonly name: string;
  /** The arguments as JSON text; where there are options, they follow after a line break. */
  readonly args: string;
  /** Absent when the run ended before the call was answered. */
  readonly reply?:
    | { readonly ok: true; readonly json: string }
    | { readonly ok: false; readonly error: JournaledFailure };
}

export interface RunJournal {
  /** Name and version of the engine that ran it; another one may behave differently. */
  readonly engine: string;
  readonly seed: number;
  /** What `Date.now()` started from, in milliseconds since the epoch. */
  readonly now: number;
  readonly contextJson: string;
  /** In the order they were made. */
  readonly calls: readonly JournaledCall[];
  /** Ids of the answered calls, in the order their answers reached the program. */
  readonly order: readonly number[];
  /** Whether calls are missing because the journal had no room for them; it can not be replayed beyond. */
  readonly truncated?: boolean;
  /** How the run ended when it was stopped from outside; a replay that gets this far ends the same. */
  readonly stopped?: { readonly status: "timeout" | "cancelled"; readonly error: ExecutionError };
}

/** The first place where a replayed run did something else than the recorded one. */
export interface Divergence {
  /** Which call; absent when it is not about a call. */
  readonly callId?: number;
  /** What differs. */
  readonly what:
    | "call"
    | "missing-call"
    | "unrecorded-call"
    | "status"
    | "value"
    | "error"
    | "logs";
  /** What was recorded, in words or as JSON text, shortened. */
  readonly expected: string;
  readonly actual: string;
}
