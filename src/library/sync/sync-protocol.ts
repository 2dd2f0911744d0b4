/** What travels between a caller that waits and the thread that works for it. */
import type { MessagePort } from "node:worker_threads";
import { InvalidDraftError, RepertoireError, VersionConflictError } from "../../base/errors.ts";
import type { ErrorCode, Issue } from "../../base/errors.ts";
import type { JsonValue } from "../../base/json.ts";
import type { ThrownText } from "../../base/thrown.ts";
import type { Check } from "../../skill/skill.ts";
import { ValidationFailedError } from "../catalog/admission.ts";
import type { LibraryOptions, ToolDefinition } from "../options.ts";

export type SyncMethod = "add" | "get" | "search" | "execute";

export interface SyncRequest {
  readonly kind: "call" | "close";
  /** Tells the answers of calls apart: a tool may itself call a synchronous twin. */
  readonly requestId: number;
  readonly method: SyncMethod;
  readonly args: readonly unknown[];
  /** Whether to report progress while it runs. */
  readonly reportsProgress: boolean;
}

export type SyncMessage =
  | { readonly kind: "result"; readonly requestId: number; readonly value: unknown }
  | { readonly kind: "error"; readonly requestId: number; readonly error: WireError }
  | {
      readonly kind: "progress";
      readonly requestId: number;
      readonly fraction: number;
      readonly message: string | undefined;
    }
  | {
      readonly kind: "tool";
      readonly name: string;
      readonly args: JsonValue;
      readonly runId: string;
      readonly skillId: string;
      readonly remainingMs: number;
      readonly callId: number;
    };

export interface ToolAnswer {
  readonly kind: "tool-answer";
  readonly callId: number;
  readonly value?: unknown;
  readonly error?: ThrownText;
}

/** What a skill learns of a tool that failed. */
/** What the thread starts from. */
export interface SyncWorkerData {
  readonly port: MessagePort;
  /** Counts messages and signs of life; the caller sleeps on it. */
  readonly signal: SharedArrayBuffer;
  readonly options: Omit<LibraryOptions, "tools">;
  /** The tools, without what they call: that stays on the caller's thread. */
  readonly tools: Readonly<Record<string, Omit<ToolDefinition, "execute">>>;
}

export interface WireError {
  readonly name: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export function fromToolFailure({ name, message, code }: ThrownText): Error {
  return Object.assign(new Error(message), { name }, code === undefined ? {} : { code });
}

export function toWireError(error: unknown): WireError {
  if (error instanceof RepertoireError) {
    const { name, code, message, details } = error;
    return { name, code, message, details };
  }
  return {
    name: "Error",
    code: "INTERNAL",
    message: error instanceof Error ? error.message : String(error),
    details: {},
  };
}

/** The error as the asynchronous method would have thrown it, with its class. */
export function fromWireError({ code, message, details }: WireError): RepertoireError {
  switch (code) {
    case "VERSION_CONFLICT": {
      const { skillId, expected, actual, actualHash, ...facts } = details;
      return new VersionConflictError(
        skillId as string,
        expected as number,
        actual as number,
        actualHash as string | undefined,
        facts,
      );
    }
    case "INVALID_DRAFT":
      return new InvalidDraftError(
        details["subject"] as string,
        details["issues"] as readonly Issue[],
      );
    case "VALIDATION_FAILED":
      return new ValidationFailedError(
        details["skillId"] as string,
        details["checks"] as readonly Check[],
        details["duplicates"] as readonly string[] | undefined,
      );
    default:
      return new RepertoireError(code, message, { details });
  }
}
