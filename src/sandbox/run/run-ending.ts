/** How an attempt ended, before the worker adds what it measured. */
import type { ExecutionError } from "../../skill/execution.ts";
import type { SandboxLimits, SandboxOutcome } from "../sandbox.ts";

export interface Ending {
  readonly status: SandboxOutcome["status"];
  readonly valueJson?: string;
  readonly error?: ExecutionError;
}

/** Why a run was stopped from outside. */
export type StopReason = "timeout" | "cancelled";

export function stopEnding(reason: StopReason, timeoutMs: number, waiting = false): Ending {
  if (reason === "cancelled") {
    return { status: "cancelled", error: { name: "Cancelled", message: "The run was cancelled" } };
  }
  const hint = waiting ? "; it waits for a promise that nothing settled" : "";
  return {
    status: "timeout",
    error: { name: "Timeout", message: `The run did not finish within ${timeoutMs} ms${hint}` },
  };
}

export function outOfMemoryEnding(limits: SandboxLimits, error?: ExecutionError): Ending {
  return {
    status: "out-of-memory",
    error: {
      ...error,
      name: "OutOfMemory",
      message: `The run needs more than its ${limits.memoryBytes} bytes of memory`,
    },
  };
}

export function crashEnding(message: string): Ending {
  return { status: "crashed", error: { name: "Crashed", message } };
}
