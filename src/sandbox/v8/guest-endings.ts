/** How a run on V8 ends, out of what its prelude and its engine say. */
import {
  defectError,
  oversizeError,
  reachedLimit,
  readReport,
  toExecutionError,
} from "../run/guest-report.ts";
import type { GuestReport } from "../run/guest-report.ts";
import { utf8Bytes } from "../../base/json.ts";
import { outOfMemoryEnding, stackOverflowEnding } from "../run/run-ending.ts";
import type { Ending } from "../run/run-ending.ts";
import type { Job } from "../run/job.ts";
import type { ExecutionError } from "../../skill/execution.ts";
import type { Loaded } from "./guest-isolate.ts";
import { CONCLUSION } from "./v8-prelude.ts";

/** What the engine says of an object that a module threw while it loaded and that is no error. */
const OPAQUE = /^An object was thrown from supplied code within isolated-vm/;
/** The engine adds the place of a syntax error to its message. */
const PLACED = /^(.*) \[(.*):(\d+):(\d+)\]$/s;
const CONCLUDED = /^(\d+)([=!>])(.*)$/s;
/** What the engine throws when its memory limit leaves no room for an array buffer. */
const NO_BUFFER = "Array buffer allocation failed";

/** @param begun what `begin` gave: nothing, or a report of why the context can not be read */
export function startEnding(begun: unknown): Ending | undefined {
  if (typeof begun !== "string" || begun === "") return undefined;
  const { message } = readReport(begun);
  return {
    status: "invalid-context",
    error: {
      name: "InvalidContextError",
      message: `The context is not JSON text: ${message === "" ? "it can not be read" : message}`,
    },
  };
}

/** How the run ends when its module did not load. */
export function loadEnding(loaded: Loaded, job: Job): Ending | undefined {
  switch (loaded.kind) {
    case "running":
    case "pending":
      return undefined;
    case "imports": {
      const message = `could not load module '${loaded.specifier}'`;
      return { status: "error", error: { name: "ReferenceError", message } };
    }
    case "syntax":
    case "threw":
      return reportedEnding(reportOf(loaded.error), job, MET_NOTHING);
  }
}

/** What a run can be believed to have met, whatever its report says. */
export interface Met {
  /** Whether a denied answer was really sent to the guest. */
  readonly denied: boolean;
  /** Limits that a call was really refused for. */
  readonly reached: ReadonlySet<NonNullable<ExecutionError["limit"]>>;
}

export const MET_NOTHING: Met = { denied: false, reached: new Set() };

export interface Concluded {
  /** Nothing when the engine stopped it. */
  readonly ending: Ending | undefined;
  /** Log lines that the program dropped by itself. */
  readonly dropped: number;
}

/** @param concluded what `conclude` gave */
export function readConclusion(concluded: unknown, job: Job, met: Met): Concluded {
  const [, dropped = "0", mark = "", text = ""] =
    typeof concluded === "string" ? (CONCLUDED.exec(concluded) ?? []) : [];
  return { ending: concludedEnding(mark, text, job, met), dropped: Number(dropped) };
}

function concludedEnding(mark: string, text: string, job: Job, met: Met): Ending | undefined {
  if (mark === "") return undefined;
  if (mark === CONCLUSION.threw) return reportedEnding(readReport(text), job, met);
  const { resultBytes } = job.limits;
  if (mark === CONCLUSION.returned && utf8Bytes(text) <= resultBytes) {
    return { status: "ok", valueJson: text };
  }
  return { status: "invalid-result", error: oversizeError(resultBytes) };
}

/** An error of the engine, as it reached this process, in the form of the prelude's reports. */
export function reportOf(error: unknown): GuestReport {
  const report = { kind: "error", denied: false, engine: false } as const;
  if (!(error instanceof Error) || OPAQUE.test(error.message)) {
    const shown = error instanceof Error ? "an object" : String(error);
    const message = `The skill threw ${shown}, which is not an Error`;
    return readReport(
      JSON.stringify({ ...report, kind: "value", name: "NonErrorThrown", message }),
    );
  }
  const { name, message } = error;
  const [, text, file, line, column] = PLACED.exec(message) ?? [];
  return readReport(
    JSON.stringify(
      name === "SyntaxError" && text !== undefined
        ? { ...report, name, message: text, stack: `    at ${file}:${line}:${column}` }
        : { ...report, name, message, stack: framesOf(error) },
    ),
  );
}

/** The package puts the name and message before the first frame, on the same line. */
function framesOf({ name, message, stack = "" }: Error): string {
  const head = message === "" ? name : `${name}: ${message}`;
  return stack.startsWith(head) ? stack.slice(head.length) : stack;
}

function reportedEnding(report: GuestReport, job: Job, met: Met): Ending {
  if (report.kind === "defect") return { status: "invalid-result", error: defectError(report) };
  const error = toExecutionError(report, job.program, "utf16");
  if (report.denied && met.denied) return { status: "denied", error };
  if (report.name === "RangeError" && report.message === NO_BUFFER) {
    return outOfMemoryEnding(job.limits, error);
  }
  const limit = reachedLimit(report, error, job.program);
  if (limit === "stackBytes") {
    return report.name === "RangeError"
      ? stackOverflowEnding(job.limits, error)
      : { status: "error", error: { ...error, limit } };
  }
  const isReal = limit !== undefined && met.reached.has(limit);
  return { status: "error", error: isReal ? { ...error, limit } : error };
}
