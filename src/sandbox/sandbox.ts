/**
 * The socket for running untrusted code.
 *
 * A driver runs one program per call in a pristine realm and lets nothing but JSON text cross.
 * It never rejects for what a program does: every ending is an outcome.
 */
import type { Issue } from "../base/errors.ts";
import type { JsonValue } from "../base/json.ts";
import type { RunLimits } from "../base/limits.ts";
import type { ExecutionError, ExecutionStatus, LogLine } from "../skill/execution.ts";
import type { Capability } from "../skill/skill.ts";
import type { Divergence, RunJournal } from "../skill/run-journal.ts";

/** Code ready to run. */
export interface Program {
  /** Name shown in stack frames, such as `slugify@3.js`. */
  readonly file: string;
  /** JavaScript module text; TypeScript is already stripped, positions kept. */
  readonly code: string;
  /** JSON Schema of the context as JSON text; checked before the program runs. */
  readonly inputSchema?: string;
  /** JSON Schema of the result as JSON text; checked after it ran. */
  readonly outputSchema?: string;
}

/** Limits of one run; all are enforced. */
export interface SandboxLimits extends RunLimits {
  /** Room for the journal of the run; calls beyond it are left out of it (default: none is kept). */
  readonly journalBytes?: number;
}

/** A call from the program to its host. */
export interface HostCall {
  readonly kind: "tool" | "skill" | "fetch";
  /** Tool name, skill id, or URL. */
  readonly name: string;
  /** Arguments, JSON. */
  readonly args: JsonValue;
  /** The call's last argument, JSON: `{ version, timeoutMs }` of a skill, the request of a fetch. */
  readonly options?: JsonValue;
  /** Counted from 0 within the run; the same number when a run is re-executed. */
  readonly callId: number;
  /** Aborts when the run ends before the call does. */
  readonly signal: AbortSignal;
  /** Time left to the run, in milliseconds. */
  readonly remainingMs: number;
  /** Time the run had kept a processor busy when it made the call (default: not known). */
  readonly cpuMs?: number;
}

/**
 * How a host call failed. `denied` ends the whole run with that status when the program lets the
 * error escape; the program can catch it like any other error.
 */
export interface HostCallFailure {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly denied?: boolean;
  /** What was asked for and not granted, when `denied`; not shown to the program. */
  readonly capability?: Capability;
  /** The limit of the run, or of all runs it belongs to, that was reached; not shown to the program. */
  readonly limit?: ExecutionError["limit"];
}

export type HostCallReply =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly error: HostCallFailure };

export interface SandboxRequest {
  readonly program: Program;
  /** The context as JSON text. */
  readonly contextJson: string;
  readonly limits: SandboxLimits;
  /** Seed of `Math.random` (default: random). */
  readonly seed?: number;
  /** What `Date.now()` starts from, in milliseconds since the epoch (default: the clock). */
  readonly now?: number;
  /** Nesting: a run started by another run's host call never waits behind top-level runs. */
  readonly depth?: number;
  readonly signal?: AbortSignal;
  /** Answers host calls; it must not reject. */
  readonly onHostCall: (call: HostCall) => Promise<HostCallReply>;
  /**
   * Answers every call from this journal, at once, and none by `onHostCall`; progress is not
   * reported. A call that differs from the recorded one, or a wait for what was never answered, ends
   * the run with status `error`, code `REPLAY_DIVERGED` and a `divergence`; a run that ends without
   * a call of the recorded one has a `divergence` too. Seed, clock and context are the request's own.
   */
  readonly replay?: RunJournal;
  /** Engine that must run it, by the name its outcomes carry, where there are several (default: any). */
  readonly engine?: string;
  /** Receives `host.progress(fraction, message?)`. */
  readonly onProgress?: (fraction: number, message: string | undefined) => void;
}

/** How a run ended, without what only the library knows (run id, skill, version). */
export interface SandboxOutcome {
  readonly status: Exclude<ExecutionStatus, "not-found">;
  /** The result as JSON text, present only when `status` is `ok`. */
  readonly valueJson?: string;
  readonly error?: ExecutionError;
  readonly logs: readonly LogLine[];
  readonly logsDropped: number;
  /** From the moment a slot began the run; time in the queue is not part of it. */
  readonly durationMs: number;
  readonly cpuMs: number;
  readonly hostCalls: number;
  /** Name and version of the engine; absent when nothing ran. */
  readonly engine?: string;
  /** What the program did that nobody will see otherwise, such as calls it did not wait for. */
  readonly warnings?: readonly string[];
  /**
   * Enough to repeat the run; present when `limits.journalBytes` is, the run began and its context
   * has room. A replay has none.
   */
  readonly journal?: RunJournal;
  /** Where a replayed run left its journal, if it did. */
  readonly divergence?: Divergence;
}

/** What stands between a program that got out of its engine and the machine. */
export interface SandboxIsolation {
  readonly boundary: "thread" | "process";
  /** Node's permission model is on in the process that runs programs. */
  readonly permissionModel: boolean;
  /** What the process needed to start with was given up before it took its first program. */
  readonly permissionsDropped: boolean;
  readonly seccomp: boolean;
  readonly landlock: boolean;
  readonly network: "blocked" | "open";
  /** Each part of the hardening that is not there, and why. */
  readonly missing: readonly string[];
}

/** A part of the hardening of a process that a caller can insist on. */
export type HardeningPart = Exclude<keyof SandboxIsolation, "boundary" | "missing">;

export interface SandboxStats {
  readonly engine: string;
  readonly isolation: SandboxIsolation;
  readonly workers: number;
  readonly running: number;
  readonly queued: number;
  readonly runs: number;
  /** Workers killed because a run would not stop. */
  readonly kills: number;
  /** Runs that were executed again because their worker was killed. */
  readonly retries: number;
  /** Each engine by itself, where there are several. */
  readonly engines?: readonly SandboxStats[];
}

export interface Sandbox {
  /** Runs of depth 0 it can have under way at once; more wait inside it (default: not known). */
  readonly capacity?: number;
  /** Runs a program. Never rejects for what the program does; rejects with `CLOSED` after `close()`. */
  run(request: SandboxRequest): Promise<SandboxOutcome>;
  /** Compiles without running; the issues found by the engine itself, none when it is fine. */
  check(program: Program): Promise<readonly Issue[]>;
  stats(): SandboxStats;
  /**
   * Starts what runs will need, if there is anything to start; then `stats().isolation` tells what
   * was achieved.
   */
  prepare?(): Promise<void>;
  /** Stops every run (`cancelled`) and every worker; resolves when none is left. */
  close(): Promise<void>;
}
