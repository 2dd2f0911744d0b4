/** Reads how a run ended from what a sandbox process says; every part is checked and bounded. */
import { RUN_LIMIT_RANGES } from "../../base/limits.ts";
import type { Issue } from "../../base/errors.ts";
import { utf8Bytes } from "../../base/json.ts";
import type { RunLimits } from "../../base/limits.ts";
import { EXECUTION_STATUSES } from "../../skill/execution.ts";
import type {
  ErrorCause,
  ExecutionError,
  LogLevel,
  LogLine,
  StackFrame,
} from "../../skill/execution.ts";
import { MAX_ERROR_LENGTH, MAX_JSON_DEPTH, MAX_NAME_LENGTH } from "../run/guest-limits.ts";
import type { RunResult } from "../run/run.ts";
import type { SandboxLimits, SandboxOutcome } from "../sandbox.ts";
import { amount, fieldsOf, integer, listOf, MessageError, oneOf, optional, text } from "./field.ts";
import { isNestedDeeper } from "./json-depth.ts";

const MAX_LIST = 1000;
const MAX_ISSUE_TEXT = 64 * 1024;

const STATUSES: ReadonlySet<SandboxOutcome["status"]> = new Set(
  EXECUTION_STATUSES.filter((status) => status !== "not-found"),
);
const LEVELS: ReadonlySet<LogLevel> = new Set(["debug", "log", "info", "warn", "error"]);
const LIMIT_NAMES: ReadonlySet<keyof RunLimits | "nestingDepth"> = new Set([
  ...(Object.keys(RUN_LIMIT_RANGES) as (keyof RunLimits)[]),
  "nestingDepth",
]);

/**
 * The outcome in a `done` message whose frame had the text `valueJson`.
 *
 * @throws {MessageError} when it is not one that a sandbox under these limits could give
 */
export function readOutcome(value: unknown, valueJson: string, limits: SandboxLimits): RunResult {
  const fields = fieldsOf(value, "outcome");
  const status = oneOf(fields["status"], "status", STATUSES);
  const outcome = {
    status,
    ...optional(fields, "error", readError),
    ...optional(fields, "issues", (issues, what) => listOf(issues, what, MAX_LIST, readIssue)),
    ...optional(fields, "engine", (engine, what) => text(engine, what, 100)),
    ...optional(fields, "warnings", (warnings, what) => listOf(warnings, what, MAX_LIST, line)),
    logs: readLogs(fields["logs"], limits),
    logsDropped: integer(fields["logsDropped"], "logsDropped", Number.MAX_SAFE_INTEGER),
    durationMs: amount(fields["durationMs"], "durationMs"),
    cpuMs: amount(fields["cpuMs"], "cpuMs"),
    hostCalls: integer(fields["hostCalls"], "hostCalls", limits.hostCalls),
  };
  // A check has neither a result nor an error.
  if (status === "ok")
    return valueJson === "" ? outcome : { ...outcome, ...result(valueJson, limits) };
  if (outcome.error === undefined) throw new MessageError(`the outcome ${status} has no error`);
  return outcome;
}

function result(valueJson: string, limits: SandboxLimits): { readonly valueJson: string } {
  if (utf8Bytes(valueJson) > limits.resultBytes) throw new MessageError("the result is too large");
  try {
    JSON.parse(valueJson);
  } catch {
    throw new MessageError("the result is no JSON");
  }
  // Others will go through it level by level.
  if (isNestedDeeper(valueJson, MAX_JSON_DEPTH)) {
    throw new MessageError("the result is nested too deeply");
  }
  return { valueJson };
}

function line(value: unknown, what: string): string {
  return text(value, what, MAX_ERROR_LENGTH.message);
}

function readError(value: unknown, what: string): ExecutionError {
  const fields = fieldsOf(value, what);
  return {
    ...readCause(value, what),
    ...optional(fields, "code", (code, at) => text(code, at, MAX_ERROR_LENGTH.code)),
    ...optional(fields, "frames", (frames, at) => listOf(frames, at, MAX_LIST, readFrame)),
    ...optional(fields, "excerpt", (excerpt, at) => text(excerpt, at, MAX_ISSUE_TEXT)),
    ...optional(fields, "issues", (issues, at) => listOf(issues, at, MAX_LIST, readIssue)),
    ...optional(fields, "limit", (limit, at) => oneOf(limit, at, LIMIT_NAMES)),
    ...optional(fields, "causes", (causes, at) => listOf(causes, at, MAX_LIST, readCause)),
  };
}

function readCause(value: unknown, what: string): ErrorCause {
  const fields = fieldsOf(value, what);
  return {
    name: text(fields["name"], `name of ${what}`, MAX_ERROR_LENGTH.name),
    message: text(fields["message"], `message of ${what}`, 2 * MAX_ERROR_LENGTH.message),
    ...optional(fields, "line", position),
    ...optional(fields, "column", position),
  };
}

function readFrame(value: unknown, what: string): StackFrame {
  const fields = fieldsOf(value, what);
  return {
    functionName: text(fields["functionName"], "functionName", MAX_ERROR_LENGTH.stack),
    file: text(fields["file"], "file", MAX_NAME_LENGTH),
    line: position(fields["line"], "line"),
    column: position(fields["column"], "column"),
  };
}

function readIssue(value: unknown, what: string): Issue {
  const fields = fieldsOf(value, what);
  const part = (name: string): string => text(fields[name], name, MAX_ISSUE_TEXT);
  return {
    path: part("path"),
    message: part("message"),
    expected: part("expected"),
    received: part("received"),
    ...optional(fields, "line", position),
    ...optional(fields, "column", position),
  };
}

function position(value: unknown, what: string): number {
  return integer(value, what, Number.MAX_SAFE_INTEGER);
}

function readLogs(value: unknown, { logLines, logBytes }: SandboxLimits): LogLine[] {
  let bytes = 0;
  return [
    ...listOf(value, "logs", logLines, (item, what) => {
      const fields = fieldsOf(item, what);
      const logged = {
        level: oneOf(fields["level"], "level", LEVELS),
        text: text(fields["text"], "text of a log line", logBytes),
      };
      bytes += utf8Bytes(logged.text);
      if (bytes > logBytes) throw new MessageError(`the logs have more than ${logBytes} bytes`);
      return logged;
    }),
  ];
}
