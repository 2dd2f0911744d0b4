import { RepertoireError } from "../base/errors.ts";
import type { Issue } from "../base/errors.ts";
import type { JsonValue } from "../base/json.ts";
import type { RunLimits } from "../base/limits.ts";
import type { Capabilities, Capability } from "./skill.ts";

/** How a run ended. Only `ok` has a value. */
export type ExecutionStatus =
  | "ok"
  | "error"
  | "timeout"
  | "out-of-memory"
  | "cancelled"
  | "denied"
  | "invalid-context"
  | "invalid-result"
  | "not-found"
  | "crashed";

export const EXECUTION_STATUSES: readonly ExecutionStatus[] = [
  "ok",
  "error",
  "timeout",
  "out-of-memory",
  "cancelled",
  "denied",
  "invalid-context",
  "invalid-result",
  "not-found",
  "crashed",
];

/** A place in a skill's own source. */
export interface StackFrame {
  readonly functionName: string;
  /** `<id>@<version>.js` or `.ts`. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
}

/** Why a run did not succeed. Nothing in it comes from the host's own stack or file system. */
export interface ExecutionError {
  /** Name of the error, such as `TypeError`. */
  readonly name: string;
  readonly message: string;
  /** Stable identifier, when the library itself has one for this. */
  readonly code?: string;
  /** 1-based line in the skill's code. */
  readonly line?: number;
  /** 1-based column in the skill's code. */
  readonly column?: number;
  /** Frames within skills, innermost first. */
  readonly frames?: readonly StackFrame[];
  /** The offending source line with a caret under the column. */
  readonly excerpt?: string;
  /** What in the context or result does not match its schema. */
  readonly issues?: readonly Issue[];
  /** The limit that was reached, when that is why. */
  readonly limit?: keyof RunLimits | "nestingDepth";
  /** What was asked for and not granted, when the run ended with `denied`. */
  readonly capability?: Capability;
  /** What the error was made of: the chain of its `cause`, nearest first. */
  readonly causes?: readonly ErrorCause[];
}

/** One link of the chain of causes of an error. */
export interface ErrorCause {
  readonly name: string;
  readonly message: string;
  /** 1-based line in the skill's code. */
  readonly line?: number;
  /** 1-based column in the skill's code. */
  readonly column?: number;
}

export type LogLevel = "debug" | "log" | "info" | "warn" | "error";

/** One captured `console` call. */
export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
}

/** The data of an {@link Execution}. */
export interface ExecutionRecord {
  readonly runId: string;
  readonly skillId: string;
  /** Version that ran; 0 when none was found. */
  readonly version: number;
  readonly status: ExecutionStatus;
  /** The result; present only when `status` is `ok`. */
  readonly value?: JsonValue;
  /** Present whenever `status` is not `ok`. */
  readonly error?: ExecutionError;
  readonly logs: readonly LogLine[];
  /** Log lines beyond the limits. */
  readonly logsDropped: number;
  /** ISO-8601 UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly cpuMs: number;
  readonly hostCalls: number;
  /** Name and version of the engine that ran it; absent when nothing ran. */
  readonly engine?: string;
  /** Who asked for the run, when the one who started it said so. */
  readonly caller?: string;
  /** What it was granted and really called; absent when it called nothing. */
  readonly used?: Capabilities;
  /** What it called and was not granted, the first 20 of each kind; absent when it called no such thing. */
  readonly refused?: Capabilities;
  /** Things worth knowing that did not stop the run, such as that the skill is deprecated. */
  readonly warnings?: readonly string[];
}

/** One finished run. It is plain data but for {@link Execution.unwrap}. */
export class Execution implements ExecutionRecord {
  declare readonly runId: string;
  declare readonly skillId: string;
  declare readonly version: number;
  declare readonly status: ExecutionStatus;
  declare readonly value?: JsonValue;
  declare readonly error?: ExecutionError;
  declare readonly logs: readonly LogLine[];
  declare readonly logsDropped: number;
  declare readonly startedAt: string;
  declare readonly durationMs: number;
  declare readonly cpuMs: number;
  declare readonly hostCalls: number;
  declare readonly engine?: string;
  declare readonly caller?: string;
  declare readonly used?: Capabilities;
  declare readonly refused?: Capabilities;
  declare readonly warnings?: readonly string[];

  constructor(record: ExecutionRecord) {
    Object.assign(this, record);
    Object.freeze(this);
  }

  /**
   * The value of a run that succeeded.
   *
   * @throws {SKILL_FAILED} with the run in `execution` when it did not
   */
  unwrap(): JsonValue {
    if (this.status !== "ok") throw new SkillFailedError(this);
    return this.value as JsonValue;
  }
}

/** Thrown by {@link Execution.unwrap} alone. */
export class SkillFailedError extends RepertoireError {
  readonly execution: Execution;

  constructor(execution: Execution) {
    const { skillId, version, status, error } = execution;
    super(
      "SKILL_FAILED",
      `Skill "${skillId}" version ${version} ended with ${status}: ${error?.name}: ${error?.message}`,
      {
        details: { runId: execution.runId, status, error },
      },
    );
    this.name = "SkillFailedError";
    this.execution = execution;
  }
}
