/** What a run did that nobody would see otherwise: one line each, with how often and what first. */
import type { ExecutionError } from "../../skill/execution.ts";
import type { SandboxLimits } from "../sandbox.ts";
import type { CallKind } from "./job.ts";

/** How many calls and rejections are named. */
export const NAMED_LOOSE_ENDS = 3;
const MAX_NAME_LENGTH = 60;
const MAX_MESSAGE_LENGTH = 200;

/** What a run left behind when it ended by itself. */
export interface LooseEnds {
  /** Host calls that were not answered yet, in the order they were made. */
  readonly calls: readonly { readonly kind: CallKind; readonly name: string }[];
  /** Rejections of promises that nobody handled. */
  readonly rejections: number;
  /** The first of their errors. */
  readonly errors: readonly ExecutionError[];
  /** Whether promise jobs were left in the queue. */
  readonly hasJobs: boolean;
}

export function logWarning(dropped: number, limits: SandboxLimits): readonly string[] {
  if (dropped === 0) return [];
  const { logLines, logBytes } = limits;
  return [
    `${counted(dropped, "log line")} ${dropped === 1 ? "was" : "were"} dropped: a run keeps ${logLines} lines and ${logBytes} bytes; log less, or raise limits.logLines or limits.logBytes`,
  ];
}

export function looseEndWarnings(left: LooseEnds): readonly string[] {
  const warnings: string[] = [];
  const { calls, rejections, errors, hasJobs } = left;
  if (calls.length > 0) {
    const were = calls.length === 1 ? "was" : "were";
    warnings.push(
      `${counted(calls.length, "host call")} ${were} still waiting when the run ended and ${were} cancelled (${callNames(calls)}); await every call whose end matters`,
    );
  }
  if (rejections > 0) {
    const shown = errors.map(shortError).join("; ");
    warnings.push(
      `${counted(rejections, "promise")} ${rejections === 1 ? "was" : "were"} rejected and nothing handled it${shown === "" ? "" : ` (${shown})`}; await the promise, or catch its error`,
    );
  }
  if (hasJobs) {
    warnings.push(
      "Work was left in the queue of promises when the run ended and was dropped; await every promise whose end matters",
    );
  }
  return warnings;
}

/** Kinds and names of the first calls, such as `tool: a, b; sleep`. */
export function callNames(calls: LooseEnds["calls"]): string {
  const kinds = new Map<CallKind, Set<string>>();
  for (const { kind, name } of calls.slice(0, NAMED_LOOSE_ENDS)) {
    const names = kinds.get(kind) ?? new Set();
    if (name !== "") names.add(shorten(name, MAX_NAME_LENGTH));
    kinds.set(kind, names);
  }
  const shown = [...kinds].map(([kind, names]) =>
    names.size === 0 ? kind : `${kind}: ${[...names].join(", ")}`,
  );
  return `${shown.join("; ")}${calls.length > NAMED_LOOSE_ENDS ? ", …" : ""}`;
}

function shortError({ name, message, line }: ExecutionError): string {
  const place = line === undefined ? "" : ` on line ${line}`;
  return `${shorten(name, MAX_NAME_LENGTH)}: ${shorten(message, MAX_MESSAGE_LENGTH)}${place}`;
}

function shorten(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
