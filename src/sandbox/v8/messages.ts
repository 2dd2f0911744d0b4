/**
 * What a V8 process and its parent say to each other. `text` stands for what goes beside the message
 * in its frame. A process has one run at a time; its attempt is numbered by the parent.
 */
import type { LogLine } from "../../skill/execution.ts";
import type { CallKind, Job, WireOutcome, WireReply } from "../run/job.ts";
import type { SandboxIsolation } from "../sandbox.ts";

export type ToChild =
  /** The text is the context. */
  | { readonly kind: "start"; readonly attempt: number; readonly job: Job }
  /** The text is the answer's JSON when it is one. */
  | {
      readonly kind: "reply";
      readonly attempt: number;
      readonly callId: number;
      readonly reply: WireReply;
    }
  | { readonly kind: "cancel"; readonly attempt: number };

export type FromChild =
  /** It is hardened as far as it goes, and takes runs. */
  | { readonly kind: "ready"; readonly isolation: SandboxIsolation }
  /** It will never be ready. */
  | { readonly kind: "unable"; readonly reason: string }
  /** The clock of the run started. */
  | { readonly kind: "begun"; readonly attempt: number }
  /** The text is the arguments. */
  | {
      readonly kind: "call";
      readonly attempt: number;
      readonly callId: number;
      readonly call: CallKind;
      readonly name: string;
      /** Processor time the run used so far. */
      readonly cpuMs: number;
    }
  | {
      readonly kind: "progress";
      readonly attempt: number;
      readonly callId: number;
      readonly fraction: number;
      readonly message?: string;
    }
  | { readonly kind: "log"; readonly attempt: number; readonly line: LogLine }
  /** The text is the result when there is one. */
  | {
      readonly kind: "done";
      readonly attempt: number;
      readonly outcome: WireOutcome;
      /** Its guest would not stop: the process can take no other run. */
      readonly stuck: boolean;
    };
