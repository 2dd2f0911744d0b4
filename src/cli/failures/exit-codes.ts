/** The one table that turns every way to end into an exit code. */
import type { ErrorCode } from "../../base/errors.ts";
import type { ExecutionRecord, ExecutionStatus } from "../../skill/execution.ts";

export const EXIT = Object.freeze({
  ok: 0,
  internal: 1,
  usage: 2,
  notFound: 3,
  invalidInput: 4,
  skillFailed: 5,
  conflict: 6,
  denied: 7,
  timeout: 124,
  interrupted: 130,
});

const OF_ERROR: Readonly<Record<ErrorCode, number>> = {
  SKILL_NOT_FOUND: EXIT.notFound,
  RUN_NOT_FOUND: EXIT.notFound,
  VERSION_CONFLICT: EXIT.conflict,
  LEASE_LOST: EXIT.conflict,
  INVALID_DRAFT: EXIT.invalidInput,
  INVALID_INPUT: EXIT.invalidInput,
  VALIDATION_FAILED: EXIT.invalidInput,
  NOT_EXECUTABLE: EXIT.invalidInput,
  LIMIT_EXCEEDED: EXIT.invalidInput,
  SKILL_FAILED: EXIT.skillFailed,
  LOCK_TIMEOUT: EXIT.timeout,
  CANCELLED: EXIT.interrupted,
  STORE_UNAVAILABLE: EXIT.internal,
  STORE_CORRUPT: EXIT.internal,
  SYNC_UNSUPPORTED: EXIT.internal,
  SANDBOX_UNAVAILABLE: EXIT.internal,
  EMBEDDER_UNAVAILABLE: EXIT.internal,
  CLOSED: EXIT.internal,
  INTERNAL: EXIT.internal,
};

const OF_STATUS: Readonly<Record<ExecutionStatus, number>> = {
  ok: EXIT.ok,
  error: EXIT.skillFailed,
  crashed: EXIT.skillFailed,
  "out-of-memory": EXIT.skillFailed,
  "invalid-result": EXIT.skillFailed,
  "invalid-context": EXIT.invalidInput,
  "not-found": EXIT.notFound,
  denied: EXIT.denied,
  timeout: EXIT.timeout,
  cancelled: EXIT.interrupted,
};

export function exitCodeOfError(code: ErrorCode): number {
  return OF_ERROR[code];
}

export function exitCodeOfStatus(status: ExecutionStatus): number {
  return OF_STATUS[status];
}

/** A run that could not be started, such as a batch item that is malformed, is told by its error's code. */
export function exitCodeOfExecution(
  run: Pick<ExecutionRecord, "status" | "version" | "error">,
): number {
  const code = run.error?.code;
  if (
    run.status === "error" &&
    run.version === 0 &&
    code !== undefined &&
    Object.hasOwn(OF_ERROR, code)
  )
    return OF_ERROR[code as ErrorCode];
  return OF_STATUS[run.status];
}
