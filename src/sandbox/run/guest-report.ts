/** Turns what the guest reports about a thrown value into the error of an execution. */
import {
  MAX_CAUSE_LENGTH,
  MAX_CAUSES,
  MAX_ERROR_LENGTH,
  MAX_JSON_DEPTH,
  MAX_PATH_LENGTH,
} from "./guest-limits.ts";
import { callingPlace } from "./calling-place.ts";
import { parseFrames, sourceExcerpt, sourceLines } from "./stack-frames.ts";
import type { ColumnUnit } from "./stack-frames.ts";
import { RUN_LIMIT_RANGES } from "../../base/limits.ts";
import type { ErrorCause, ExecutionError, StackFrame } from "../../skill/execution.ts";
import type { Program } from "../sandbox.ts";

/** The JSON of the prelude's `report`. It describes guest values and may say anything. */
export interface GuestReport {
  readonly kind: "error" | "defect" | "null" | "value";
  readonly name: string;
  readonly message: string;
  readonly denied: boolean;
  /** Whether the engine made the error; a program can not. */
  readonly engine: boolean;
  readonly code?: string;
  readonly stack?: string;
  readonly path?: string;
  /** The limit that the error, or one of its causes, was made for. */
  readonly limit?: string;
  readonly causes: readonly ReportedCause[];
  /** The method of the host that failed, when that is where the error is from. */
  readonly method?: HostMethod;
}

interface ReportedCause {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly method?: HostMethod;
}

const HOST_METHODS = ["tool", "skill", "fetch", "sleep", "progress"] as const;
type HostMethod = (typeof HOST_METHODS)[number];

/** Longest report that is read; a well-behaved guest's is far shorter. */
export const MAX_REPORT_BYTES = 512 * 1024;

const UNREADABLE: GuestReport = {
  kind: "error",
  name: "Error",
  message: "The thrown value can not be read",
  denied: false,
  engine: false,
  causes: [],
};

/** The report in a text, with every part of its expected type and length. */
export function readReport(text: string | undefined): GuestReport {
  if (text === undefined) return UNREADABLE;
  const { kind, name, message, denied, engine, ...rest } = JSON.parse(text) as Partial<GuestReport>;
  const code = shortText(rest.code, MAX_ERROR_LENGTH.code);
  const stack = shortText(rest.stack, MAX_ERROR_LENGTH.stack);
  const path = shortText(rest.path, MAX_PATH_LENGTH);
  const limit = shortText(rest.limit, MAX_ERROR_LENGTH.name);
  return {
    kind: kind === "defect" || kind === "null" || kind === "value" ? kind : "error",
    name: shortText(name, MAX_ERROR_LENGTH.name) ?? "Error",
    message: shortText(message, MAX_ERROR_LENGTH.message) ?? "",
    denied: denied === true,
    engine: engine === true,
    causes: readCauses(rest.causes),
    ...(code === undefined ? {} : { code }),
    ...(stack === undefined ? {} : { stack }),
    ...(path === undefined ? {} : { path }),
    ...(limit === undefined ? {} : { limit }),
    ...hostMethod(rest.method),
  };
}

function hostMethod(reported: unknown): { readonly method?: HostMethod } {
  const method = HOST_METHODS.find((known) => known === reported);
  return method === undefined ? {} : { method };
}

/** The causes in what should be an object of them; whatever it is, few and short ones. */
function readCauses(reported: unknown): readonly ReportedCause[] {
  if (typeof reported !== "object" || reported === null) return [];
  return (Object.values(reported) as unknown[]).slice(0, MAX_CAUSES).map((cause) => {
    const { name, message, stack, method } = (cause ?? {}) as Partial<ReportedCause>;
    const shortStack = shortText(stack, MAX_CAUSE_LENGTH.stack);
    return {
      name: shortText(name, MAX_CAUSE_LENGTH.name) ?? "Error",
      message: shortText(message, MAX_CAUSE_LENGTH.message) ?? "",
      ...(shortStack === undefined ? {} : { stack: shortStack }),
      ...hostMethod(method),
    };
  });
}

function shortText(value: unknown, maxLength: number): string | undefined {
  return typeof value === "string" ? value.slice(0, maxLength) : undefined;
}

/** Whether a report tells of memory that could not be had. */
export function isOutOfMemory(
  report: GuestReport,
  grownBytes: number,
  limitBytes: number,
): boolean {
  if (report.engine && report.message === "out of memory") return true;
  // With no memory left even for an error, the engine throws null.
  return report.kind === "null" && grownBytes >= limitBytes / 2;
}

/**
 * The error with frames and excerpt in the program's own source.
 *
 * @param columns what the engine counts columns in (default: "utf8")
 */
export function toExecutionError(
  report: GuestReport,
  program: Program,
  columns: ColumnUnit = "utf8",
): ExecutionError {
  const frames = framesOf(report, program, columns);
  const top = frames[0];
  const excerpt = top === undefined ? undefined : sourceExcerpt(program.code, top.line, top.column);
  return {
    name: report.name,
    message: report.message,
    ...(report.code === undefined ? {} : { code: report.code }),
    ...(top === undefined ? {} : { line: top.line, column: top.column }),
    ...(frames.length === 0 ? {} : { frames }),
    ...(excerpt === undefined ? {} : { excerpt }),
    ...(report.causes.length === 0
      ? {}
      : { causes: report.causes.map((cause) => toErrorCause(cause, program, columns)) }),
  };
}

/** The frames, the first of which is where the host was called when that is what failed. */
function framesOf(
  { stack, method }: Pick<ReportedCause, "stack" | "method">,
  { file, code }: Program,
  columns: ColumnUnit,
): readonly StackFrame[] {
  const [top, ...rest] = parseFrames(stack ?? "", file, code, columns);
  if (top === undefined) return [];
  return [method === undefined ? top : { ...top, ...callingPlace(code, top, method) }, ...rest];
}

function toErrorCause(cause: ReportedCause, program: Program, columns: ColumnUnit): ErrorCause {
  const { name, message } = cause;
  const top = framesOf(cause, program, columns)[0];
  return { name, message, ...(top === undefined ? {} : { line: top.line, column: top.column }) };
}

/**
 * The limit a report names, if there is one of that name. That the stack was full is known by the
 * message alone, so it is not believed where the program itself makes such an error.
 */
export function reachedLimit(
  report: GuestReport,
  { line, column }: ExecutionError,
  program: Program,
): ExecutionError["limit"] {
  const { limit } = report;
  if (limit === "nestingDepth") return limit;
  if (limit === undefined || !Object.hasOwn(RUN_LIMIT_RANGES, limit)) return undefined;
  if (limit === "stackBytes" && line !== undefined && column !== undefined) {
    const source = sourceLines(program.code)[line - 1]?.slice(column - 1);
    // Engines point at the name or at the `new` before it.
    if (/^(?:new\s+)?RangeError/.test(source ?? "")) return undefined;
  }
  return limit as keyof typeof RUN_LIMIT_RANGES;
}

/** A result that JSON can not carry. */
export function defectError(report: GuestReport): ExecutionError {
  const place = report.path === undefined || report.path === "" ? "it is" : `${report.path} is`;
  const remedy = report.message.startsWith("nesting")
    ? `return at most ${MAX_JSON_DEPTH} levels`
    : "return plain JSON values";
  const found = report.message.startsWith("nesting")
    ? `it has ${report.message}`
    : `${place} ${report.message}`;
  return {
    name: "InvalidResultError",
    message: `The result must be JSON, but ${found}; ${remedy}`,
    issues: [
      {
        path: report.path ?? "",
        message: "is not JSON",
        expected: "a JSON value",
        received: report.message,
      },
    ],
  };
}

/** The result is larger than the run may return. */
export function oversizeError(limitBytes: number): ExecutionError {
  return {
    name: "InvalidResultError",
    message: `The result is larger than ${limitBytes} bytes; return less, or raise limits.resultBytes`,
    limit: "resultBytes",
  };
}

/** The context is larger than the run may be given. */
export function oversizeContextError(bytes: number, limitBytes: number): ExecutionError {
  return {
    name: "InvalidContextError",
    message: `The context has ${bytes} bytes; at most ${limitBytes} are allowed; send less, or raise limits.contextBytes`,
    code: "LIMIT_EXCEEDED",
    limit: "contextBytes",
  };
}
