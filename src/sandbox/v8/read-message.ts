/**
 * Reads what a V8 process says. Whatever got out of the engine would speak through it, so a message
 * is data that anybody may have written: what is not exactly a message ends the process.
 */
import { utf8Bytes } from "../../base/json.ts";
import type { LogLevel, LogLine } from "../../skill/execution.ts";
import {
  amount,
  fieldsOf,
  flag,
  integer,
  MessageError,
  oneOf,
  optional,
  text,
} from "../process/field.ts";
import type { Fields } from "../process/field.ts";
import { readIsolation } from "../process/read-isolation.ts";
import { readOutcome } from "../process/read-outcome.ts";
import { MAX_NAME_LENGTH, MAX_PROGRESS_LENGTH } from "../run/guest-limits.ts";
import type { CallKind, WireCall } from "../run/job.ts";
import type { RunOutcome } from "../run/run.ts";
import type { SandboxIsolation, SandboxLimits } from "../sandbox.ts";

const MAX_REASON_LENGTH = 4096;
const CALL_KINDS: ReadonlySet<CallKind> = new Set(["tool", "skill", "fetch", "sleep"]);
const LEVELS: ReadonlySet<LogLevel> = new Set(["debug", "log", "info", "warn", "error"]);

/** What is not about a run, or the number of the attempt it is about. */
export type ReadMessage =
  | { readonly kind: "ready"; readonly isolation: SandboxIsolation }
  | { readonly kind: "unable"; readonly reason: string }
  | { readonly kind: "run"; readonly attempt: number; readonly fields: Fields };

/** What an attempt said. */
export type AttemptMessage =
  | { readonly kind: "begun" }
  | { readonly kind: "call"; readonly call: WireCall }
  | {
      readonly kind: "progress";
      readonly callId: number;
      readonly fraction: number;
      readonly message: string | undefined;
    }
  | { readonly kind: "log"; readonly line: LogLine }
  | { readonly kind: "done"; readonly outcome: RunOutcome; readonly stuck: boolean };

/** @throws {MessageError} when it is no message of a V8 process */
export function readMessage(value: unknown): ReadMessage {
  const fields = fieldsOf(value, "message");
  const { kind } = fields;
  if (kind === "ready") return { kind, isolation: readIsolation(fields["isolation"]) };
  if (kind === "unable") {
    return { kind, reason: text(fields["reason"], "reason", MAX_REASON_LENGTH) };
  }
  const attempt = integer(fields["attempt"], "attempt", Number.MAX_SAFE_INTEGER);
  return { kind: "run", attempt, fields };
}

export interface AttemptReader {
  /** @throws {MessageError} when a run under these limits could not say it */
  read(fields: Fields, beside: string): AttemptMessage;
}

/** Reads what one attempt says, and holds the process to the limits of the run. */
export function createAttemptReader(limits: SandboxLimits): AttemptReader {
  let calls = 0;
  let lines = 0;
  let bytes = 0;

  function nextCall(fields: Fields): number {
    const callId = integer(fields["callId"], "callId", limits.hostCalls);
    if (callId !== calls++ || calls > limits.hostCalls) {
      throw new MessageError(`call ${callId} is not the next of ${limits.hostCalls}`);
    }
    return callId;
  }

  function call(fields: Fields, args: string): AttemptMessage {
    const callId = nextCall(fields);
    const kind = oneOf(fields["call"], "call", CALL_KINDS);
    const name = text(fields["name"], "name", MAX_NAME_LENGTH);
    if (args.length > limits.resultBytes) throw new MessageError("the arguments are too large");
    if (kind === "sleep" && !(Number(args) >= 0)) throw new MessageError("the sleep is no time");
    const { cpuMs } = optional(fields, "cpuMs", amount);
    return {
      kind: "call",
      call: { callId, kind, name, args, ...(cpuMs === undefined ? {} : { cpuMs }) },
    };
  }

  function progress(fields: Fields): AttemptMessage {
    const callId = nextCall(fields);
    const fraction = amount(fields["fraction"], "fraction");
    if (fraction > 1) throw new MessageError("fraction is more than 1");
    const { message } = optional(fields, "message", (given, what) =>
      text(given, what, MAX_PROGRESS_LENGTH),
    );
    return { kind: "progress", callId, fraction, message };
  }

  function log(fields: Fields): AttemptMessage {
    const given = fieldsOf(fields["line"], "line");
    const line = {
      level: oneOf(given["level"], "level", LEVELS),
      text: text(given["text"], "text of a log line", limits.logBytes),
    };
    bytes += utf8Bytes(line.text);
    if (++lines > limits.logLines || bytes > limits.logBytes) {
      throw new MessageError("the log is longer than it may be");
    }
    return { kind: "log", line };
  }

  return {
    read(fields, beside) {
      switch (fields["kind"]) {
        case "begun":
          return { kind: "begun" };
        case "call":
          return call(fields, beside);
        case "progress":
          return progress(fields);
        case "log":
          return log(fields);
        case "done": {
          // Its lines came one by one, so that they are there when it has to be killed.
          const whole = { ...fieldsOf(fields["outcome"], "outcome"), logs: [] };
          const { logs: _none, ...outcome } = readOutcome(whole, beside, limits);
          return { kind: "done", outcome, stuck: flag(fields["stuck"], "stuck") };
        }
        default:
          throw new MessageError("the message is of no known kind");
      }
    },
  };
}
