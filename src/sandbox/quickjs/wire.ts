/** What the host thread and a worker say to each other. Everything in it is data. */
import type { Issue } from "../../base/errors.ts";
import type { ExecutionError, LogLine } from "../../skill/execution.ts";
import type { WasmModule } from "./web-assembly.ts";
import type { HostCallFailure, Program, SandboxLimits, SandboxOutcome } from "../sandbox.ts";

/** What a worker thread is started with. */
export interface WorkerSetup {
  /** The engine, compiled once for all workers. */
  readonly module: WasmModule;
  /** Memory behind `SharedState`. */
  readonly shared: SharedArrayBuffer;
  /** Slots that keep their engine between runs; higher ones drop it. */
  readonly keptSlots: number;
}

/** A run as a worker needs it; the same for every attempt. */
export interface Job {
  readonly kind: "run" | "check";
  readonly program: Program;
  readonly contextJson: string;
  readonly limits: SandboxLimits;
  readonly seed: number;
  readonly now: number;
}

export type ToWorker =
  | { readonly kind: "start"; readonly slot: number; readonly attempt: number; readonly job: Job }
  | {
      readonly kind: "reply";
      readonly slot: number;
      readonly attempt: number;
      readonly callId: number;
      readonly reply: WireReply;
      /** When it was sent, on the monotonic clock. */
      readonly sentMs: number;
    }
  /** Ends the attempt if it is still there; its flag in the shared state says the same. */
  | { readonly kind: "cancel"; readonly slot: number; readonly attempt: number };

/** A host call's answer: the value as JSON text, or how it failed. */
export type WireReply =
  | { readonly ok: true; readonly json: string }
  | { readonly ok: false; readonly error: HostCallFailure };

export type CallKind = "tool" | "skill" | "fetch" | "sleep";

/** A call of the guest to its host. */
export interface WireCall {
  readonly callId: number;
  readonly kind: CallKind;
  readonly name: string;
  /** JSON text; for `sleep`, the milliseconds. */
  readonly args: string;
}

/** How an attempt ended, as the worker saw it. */
export interface WireOutcome {
  readonly status: SandboxOutcome["status"];
  readonly valueJson?: string;
  readonly error?: ExecutionError;
  readonly issues?: readonly Issue[];
  readonly logsDropped: number;
  readonly durationMs: number;
  readonly cpuMs: number;
  readonly hostCalls: number;
}

export type FromWorker =
  | { readonly kind: "ready" }
  | {
      readonly kind: "call";
      readonly slot: number;
      readonly attempt: number;
      readonly call: WireCall;
    }
  | {
      readonly kind: "progress";
      readonly slot: number;
      readonly attempt: number;
      readonly callId: number;
      readonly fraction: number;
      readonly message: string | undefined;
    }
  | {
      readonly kind: "log";
      readonly slot: number;
      readonly attempt: number;
      readonly line: LogLine;
    }
  | {
      readonly kind: "done";
      readonly slot: number;
      readonly attempt: number;
      /** Absent when the attempt was withdrawn before it began. */
      readonly outcome: WireOutcome | undefined;
      /** Memory of the engine beyond its snapshot, given up with it. */
      readonly droppedBytes: number;
    };
