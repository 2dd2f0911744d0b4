/**
 * Reads what a guest asks of its worker. The prelude is not the security boundary, so everything
 * that arrives is checked here again, whoever may have sent it.
 */
import { MAX_NAME_LENGTH, MAX_PROGRESS_LENGTH, OPERATION } from "./guest-limits.ts";
import type { LogLevel } from "../../skill/execution.ts";
import type { CallKind } from "./job.ts";

/** Longest wait of a timer, in milliseconds. */
const MAX_TIMER_MS = 2_147_483_647;

export type HostOperation =
  | { readonly kind: "log"; readonly level: LogLevel; readonly text: string | undefined }
  | { readonly kind: "progress"; readonly fraction: number; readonly message: string | undefined }
  | { readonly kind: "sleep"; readonly ms: number }
  | { readonly kind: Exclude<CallKind, "sleep">; readonly name: string; readonly args: string }
  /** Which part of it can not be accepted. */
  | { readonly kind: "refused"; readonly why: "textBytes" | "nameLength" | "malformed" };

const LOG_LEVELS: ReadonlySet<string> = new Set<LogLevel>([
  "debug",
  "log",
  "info",
  "warn",
  "error",
]);

const NAMED_CALLS: ReadonlyMap<number, Exclude<CallKind, "sleep">> = new Map([
  [OPERATION.tool, "tool"],
  [OPERATION.skill, "skill"],
  [OPERATION.fetch, "fetch"],
]);

/** `name` and `text` are `undefined` when they are no text, or too long to be taken out. */
export function readHostOperation(
  operation: number,
  name: string | undefined,
  text: string | undefined,
): HostOperation {
  if (operation === OPERATION.log) {
    return { kind: "log", level: isLogLevel(name) ? name : "log", text };
  }
  if (text === undefined) return refused("textBytes");
  const longest = operation === OPERATION.progress ? MAX_PROGRESS_LENGTH : MAX_NAME_LENGTH;
  if (name === undefined || name.length > longest) return refused("nameLength");
  if (operation === OPERATION.progress) {
    const fraction = text.length > 1 ? Number(text.slice(1)) : Number.NaN;
    if (!(fraction >= 0 && fraction <= 1)) return refused("malformed");
    return { kind: "progress", fraction, message: text.startsWith("1") ? name : undefined };
  }
  if (operation === OPERATION.sleep) {
    const ms = text === "" ? Number.NaN : Number(text);
    return ms >= 0 ? { kind: "sleep", ms: Math.min(ms, MAX_TIMER_MS) } : refused("malformed");
  }
  const kind = NAMED_CALLS.get(operation);
  return kind === undefined ? refused("malformed") : { kind, name, args: text };
}

function refused(why: "textBytes" | "nameLength" | "malformed"): HostOperation {
  return { kind: "refused", why };
}

function isLogLevel(text: string | undefined): text is LogLevel {
  return text !== undefined && LOG_LEVELS.has(text);
}
