/** What the host thread and a worker say to each other. Everything in it is data. */
import type { LogLine } from "../../skill/execution.ts";
import type { WasmModule } from "./web-assembly.ts";
import type { Job, WireCall, WireOutcome, WireReply } from "../run/job.ts";

/** What a worker thread is started with. */
export interface WorkerSetup {
  /** The engine, compiled once for all workers. */
  readonly module: WasmModule;
  /** Memory behind `SharedState`. */
  readonly shared: SharedArrayBuffer;
  /** Slots that keep their engine between runs; higher ones drop it. */
  readonly keptSlots: number;
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
