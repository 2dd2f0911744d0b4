/** What runs end with that never reached the sandbox. */
import { randomUUID } from "node:crypto";
import { isoTime, systemClock } from "../../base/clock.ts";
import type { RepertoireError } from "../../base/errors.ts";
import type { JsonDefect } from "../../base/json.ts";
import type { SandboxOutcome } from "../../sandbox/sandbox.ts";
import { Execution } from "../../skill/execution.ts";
import type { ExecutionError, ExecutionRecord } from "../../skill/execution.ts";

/** How a run ended, as it will stand in its record. */
export type Ending = Omit<SandboxOutcome, "status"> & {
  readonly status: ExecutionRecord["status"];
};

export function failedBefore(status: ExecutionRecord["status"], error: ExecutionError): Ending {
  return { status, error, logs: [], logsDropped: 0, durationMs: 0, cpuMs: 0, hostCalls: 0 };
}

/** A run whose turn never came. */
export function neverBegan(why: "cancelled" | "timeout", waitedMs: number): Ending {
  if (why === "cancelled")
    return failedBefore("cancelled", { name: "Cancelled", message: "The run was cancelled" });
  return failedBefore("timeout", {
    name: "Timeout",
    message: `The run waited ${waitedMs} ms for its turn and never began; allow it more time, or ask for fewer runs at once`,
    limit: "timeoutMs",
  });
}

export function notFound(id: string, version: number | undefined): Ending {
  const what =
    version === undefined
      ? `There is no skill "${id}"`
      : `There is no version ${version} of skill "${id}"`;
  return failedBefore("not-found", {
    name: "SkillNotFound",
    message: `${what}; search or list the library for its id`,
    code: "SKILL_NOT_FOUND",
  });
}

export function contextDefect({ path, found }: JsonDefect): ExecutionError {
  return invalidContext(
    `${path === "" ? "The context" : `The context at ${path}`} is not JSON: ${found}`,
  );
}

export function invalidContext(message: string, code = "INVALID_INPUT"): ExecutionError {
  return { name: "InvalidContextError", message, code };
}

/** An execution for a context that is not JSON and so can not even travel to where the run would be. */
export function executionOfContext(
  id: string,
  version: number,
  defect: JsonDefect,
  caller: string | undefined,
): Execution {
  const startedAt = isoTime(systemClock.now());
  return new Execution({
    runId: randomUUID(),
    skillId: id,
    version,
    startedAt,
    ...failedBefore("invalid-context", contextDefect(defect)),
    ...(caller === undefined ? {} : { caller }),
  });
}

/** An execution for a run that could not be started because of how it was asked for. */
export function executionOfError(id: string, error: RepertoireError, startedAt: string): Execution {
  return new Execution({
    runId: randomUUID(),
    skillId: id,
    version: 0,
    startedAt,
    ...failedBefore(error.code === "CANCELLED" ? "cancelled" : "error", {
      name: error.name,
      message: error.message,
      code: error.code,
    }),
  });
}
