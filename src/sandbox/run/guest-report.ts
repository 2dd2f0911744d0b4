/** Turns what the guest reports about a thrown value into the error of an execution. */
import { MAX_ERROR_LENGTH, MAX_JSON_DEPTH, MAX_PATH_LENGTH } from "./guest-limits.ts";
import { parseFrames, sourceExcerpt } from "./stack-frames.ts";
import type { ExecutionError } from "../../skill/execution.ts";
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
}

/** Longest report that is read; a well-behaved guest's is far shorter. */
export const MAX_REPORT_BYTES = 256 * 1024;

const UNREADABLE: GuestReport = {
  kind: "error",
  name: "Error",
  message: "The thrown value can not be read",
  denied: false,
  engine: false,
};

/** The report in a text, with every part of its expected type and length. */
export function readReport(text: string | undefined): GuestReport {
  if (text === undefined) return UNREADABLE;
  const { kind, name, message, denied, engine, ...rest } = JSON.parse(text) as Partial<GuestReport>;
  const code = shortText(rest.code, MAX_ERROR_LENGTH.code);
  const stack = shortText(rest.stack, MAX_ERROR_LENGTH.stack);
  const path = shortText(rest.path, MAX_PATH_LENGTH);
  return {
    kind: kind === "defect" || kind === "null" || kind === "value" ? kind : "error",
    name: shortText(name, MAX_ERROR_LENGTH.name) ?? "Error",
    message: shortText(message, MAX_ERROR_LENGTH.message) ?? "",
    denied: denied === true,
    engine: engine === true,
    ...(code === undefined ? {} : { code }),
    ...(stack === undefined ? {} : { stack }),
    ...(path === undefined ? {} : { path }),
  };
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

/** The error with frames and excerpt in the program's own source. */
export function toExecutionError(report: GuestReport, program: Program): ExecutionError {
  const frames = parseFrames(report.stack ?? "", program.file, program.code);
  const top = frames[0];
  const excerpt = top === undefined ? undefined : sourceExcerpt(program.code, top.line, top.column);
  return {
    name: report.name,
    message: report.message,
    ...(report.code === undefined ? {} : { code: report.code }),
    ...(top === undefined ? {} : { line: top.line, column: top.column }),
    ...(frames.length === 0 ? {} : { frames }),
    ...(excerpt === undefined ? {} : { excerpt }),
  };
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
  };
}
