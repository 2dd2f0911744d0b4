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

/** What a run was about when its time was over, where that is known: more than "do less" can help. */
export const STILL = {
  busy: "; do less, or raise timeoutMs",
  settling: ": it waited for a promise that nothing settled; resolve it, or do not wait for it",
  calling: (calls: string): string =>
    `: it waited for its host (${calls}); ask for less, or raise timeoutMs`,
  forking: ": it had returned, but work it did not wait for went on; end that work",
} as const;

export function stopEnding(
  reason: StopReason,
  timeoutMs: number,
  still: string = STILL.busy,
): Ending {
  if (reason === "cancelled") {
    return { status: "cancelled", error: { name: "Cancelled", message: "The run was cancelled" } };
  }
  return {
    status: "timeout",
    error: {
      name: "Timeout",
      message: `The run did not finish within ${timeoutMs} ms${still}`,
      limit: "timeoutMs",
    },
  };
}

/** The run kept its processor busy for longer than it may. */
export function cpuTimeoutEnding(limits: Pick<SandboxLimits, "cpuMs">): Ending {
  return {
    status: "timeout",
    error: {
      name: "CpuTimeout",
      message: `The run used its ${limits.cpuMs} ms of processor time; compute less, or raise limits.cpuMs`,
      limit: "cpuMs",
    },
  };
}

export function outOfMemoryEnding(limits: SandboxLimits, error?: ExecutionError): Ending {
  return {
    status: "out-of-memory",
    error: {
      ...error,
      name: "OutOfMemory",
      message: `The run needs more than its ${limits.memoryBytes} bytes of memory; hold less at once, or raise limits.memoryBytes`,
      limit: "memoryBytes",
    },
  };
}

/** What every engine says when a program recurses too deeply. */
export const STACK_OVERFLOW_MESSAGE = "Maximum call stack size exceeded";

export function stackOverflowEnding(limits: SandboxLimits, error?: ExecutionError): Ending {
  return {
    status: "error",
    error: {
      ...error,
      name: "RangeError",
      message: `${STACK_OVERFLOW_MESSAGE}; recurse less deeply, or raise limits.stackBytes, which is ${limits.stackBytes}`,
      limit: "stackBytes",
    },
  };
}

export function crashEnding(message: string): Ending {
  return { status: "crashed", error: { name: "Crashed", message } };
}

/** Name that only an engine gives an error of this status: a program can not end as cancelled. */
const UNANSWERED = "Unanswered";

/** The program waits for answers that a replay does not have. */
export function unansweredEnding(): Ending {
  const message = "The run waits for an answer that its journal does not have";
  return { status: "cancelled", error: { name: UNANSWERED, message } };
}

export function isUnanswered({ status, error }: Ending): boolean {
  return status === "cancelled" && error?.name === UNANSWERED;
}
