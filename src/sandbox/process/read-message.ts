/**
 * Reads what a sandbox process says. The process runs untrusted code, so a message is data that
 * anybody may have written: what is not exactly a message ends the process that sent it.
 */
import { MAX_NAME_LENGTH, MAX_PROGRESS_LENGTH } from "../run/guest-limits.ts";
import type { CallKind } from "../run/job.ts";
import { amount, fieldsOf, integer, MessageError, oneOf, optional, text } from "./field.ts";
import type { Fields } from "./field.ts";
import type { ChildCounts, FromChild } from "./messages.ts";
import { readIsolation } from "./read-isolation.ts";

const MAX = Number.MAX_SAFE_INTEGER;
const MAX_REASON_LENGTH = 4096;
const CALL_KINDS: ReadonlySet<CallKind> = new Set(["tool", "skill", "fetch", "sleep"]);

/** A `done` whose outcome is not read yet: that takes the limits of its run. */
export type ReadMessage =
  | Exclude<FromChild, { readonly kind: "done" }>
  | {
      readonly kind: "done";
      readonly id: number;
      readonly outcome: unknown;
      readonly counts: ChildCounts;
    };

/** @throws {MessageError} when it is no message of a sandbox process */
export function readMessage(value: unknown): ReadMessage {
  const fields = fieldsOf(value, "message");
  const { kind } = fields;
  switch (kind) {
    case "ready":
      return {
        kind,
        isolation: readIsolation(fields["isolation"]),
        counts: readCounts(fields["counts"]),
      };
    case "unable":
      return { kind, reason: text(fields["reason"], "reason", MAX_REASON_LENGTH) };
    case "attempt":
      return { kind, ...attemptOf(fields) };
    case "call":
      return {
        kind,
        ...attemptOf(fields),
        callId: integer(fields["callId"], "callId", MAX),
        call: oneOf(fields["call"], "call", CALL_KINDS),
        name: text(fields["name"], "name", MAX_NAME_LENGTH),
        ...optional(fields, "cpuMs", amount),
        deadlineMs: amount(fields["deadlineMs"], "deadlineMs"),
      };
    case "progress":
      return {
        kind,
        ...attemptOf(fields),
        callId: integer(fields["callId"], "callId", MAX),
        fraction: fractionOf(fields["fraction"]),
        ...optional(fields, "message", (message, what) => text(message, what, MAX_PROGRESS_LENGTH)),
      };
    case "deadline":
      return { kind, id: idOf(fields), deadlineMs: amount(fields["deadlineMs"], "deadlineMs") };
    case "done": {
      const { outcome } = fields;
      return { kind, id: idOf(fields), outcome, counts: readCounts(fields["counts"]) };
    }
    case "failed":
      return {
        kind,
        id: idOf(fields),
        reason: text(fields["reason"], "reason", MAX_REASON_LENGTH),
      };
    default:
      throw new MessageError("the message is of no known kind");
  }
}

function idOf(fields: Fields): number {
  return integer(fields["id"], "id", MAX);
}

function attemptOf(fields: Fields): { readonly id: number; readonly attempt: number } {
  return { id: idOf(fields), attempt: integer(fields["attempt"], "attempt", MAX) };
}

function fractionOf(value: unknown): number {
  const fraction = amount(value, "fraction");
  if (fraction > 1) throw new MessageError("fraction is more than 1");
  return fraction;
}

function readCounts(value: unknown): ChildCounts {
  const fields = fieldsOf(value, "counts");
  const count = (name: string): number => integer(fields[name], name, MAX);
  return { workers: count("workers"), kills: count("kills"), retries: count("retries") };
}
