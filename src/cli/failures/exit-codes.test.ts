import { expect, test } from "vitest";
import type { ErrorCode } from "../../base/errors.ts";
import { EXECUTION_STATUSES } from "../../skill/execution.ts";
import { exitCodeOfError, exitCodeOfExecution, exitCodeOfStatus } from "./exit-codes.ts";

test("every way a run can end has its exit code", () => {
  expect(
    Object.fromEntries(EXECUTION_STATUSES.map((status) => [status, exitCodeOfStatus(status)])),
  ).toEqual({
    ok: 0,
    error: 5,
    timeout: 124,
    "out-of-memory": 5,
    cancelled: 130,
    denied: 7,
    "invalid-context": 4,
    "invalid-result": 5,
    "not-found": 3,
    crashed: 5,
  });
});

test("every way the library can fail has its exit code", () => {
  const expected: Record<ErrorCode, number> = {
    SKILL_NOT_FOUND: 3,
    RUN_NOT_FOUND: 3,
    VERSION_CONFLICT: 6,
    INVALID_DRAFT: 4,
    INVALID_INPUT: 4,
    VALIDATION_FAILED: 4,
    NOT_EXECUTABLE: 4,
    LIMIT_EXCEEDED: 4,
    SKILL_FAILED: 5,
    LOCK_TIMEOUT: 124,
    LEASE_LOST: 6,
    STORE_UNAVAILABLE: 1,
    STORE_CORRUPT: 1,
    SYNC_UNSUPPORTED: 1,
    SANDBOX_UNAVAILABLE: 1,
    EMBEDDER_UNAVAILABLE: 1,
    CANCELLED: 130,
    CLOSED: 1,
    INTERNAL: 1,
  };
  const codes = Object.keys(expected) as ErrorCode[];
  expect(Object.fromEntries(codes.map((code) => [code, exitCodeOfError(code)]))).toEqual(expected);
});

test("a run that never started is told by the code of its error", () => {
  const error = { name: "RepertoireError", message: "no", code: "NOT_EXECUTABLE" };
  expect(exitCodeOfExecution({ status: "error", version: 0, error })).toBe(4);
});

test("a skill can not choose the exit code by the code of its own error", () => {
  const error = { name: "Error", message: "no", code: "CANCELLED" };
  expect(exitCodeOfExecution({ status: "error", version: 3, error })).toBe(5);
});
