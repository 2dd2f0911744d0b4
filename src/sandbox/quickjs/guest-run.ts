/**
 * Drives one program through an engine: context in, module, default export, result out. It knows
 * nothing of threads and messages; its slot calls it inside a time slice and catches traps.
 */
import {
  defectError,
  isOutOfMemory,
  MAX_REPORT_BYTES,
  oversizeError,
  reachedLimit,
  readReport,
  toExecutionError,
} from "../run/guest-report.ts";
import { outOfMemoryEnding, stackOverflowEnding, STILL } from "../run/run-ending.ts";
import { COLUMN_SHIFT } from "../run/stack-frames.ts";
import type { GuestReport } from "../run/guest-report.ts";
import type { Box } from "./quickjs-exports.ts";
import type { QuickJsInstance } from "./quickjs-instance.ts";
import { randomState } from "../guest/random-state.ts";
import { retainedBytesLimit } from "../run/retained-bytes.ts";
import type { Ending } from "../run/run-ending.ts";
import type { LooseEnds } from "../run/run-warnings.ts";
import type { Job, WireReply } from "../run/job.ts";
import type { ExecutionError } from "../../skill/execution.ts";

/** Memory on top of the limit for encoding a result or an error, so that a full heap can report. */
const REPORT_RESERVE_BYTES = 8 * 1024 * 1024;

/** Jobs between two looks at the clock. */
const JOBS_PER_CHECK = 32;

export interface GuestRun {
  /** Takes the context in and begins to load the module. */
  load(): Ending | undefined;
  /** Delivers the answer to a host call. */
  settle(callId: number, reply: WireReply): void;
  /** Runs jobs until the run ended, waits for its host, or `untilMs` has passed. */
  advance(timeIsUp: () => boolean): Ending | "waiting" | "unfinished";
  /** What the program started and did not see to, once the run ended by itself. */
  looseEnds(): Omit<LooseEnds, "calls">;
}

export interface GuestRunWatch {
  /** How the run ends when it must stop now; `still` tells what it is about. */
  stopped(still: () => string): Ending | undefined;
  /** Whether a denied answer was really sent to the guest. */
  wasDenied(): boolean;
  /** Whether a call was really refused for this limit. */
  hasReached(limit: NonNullable<ExecutionError["limit"]>): boolean;
}

export function createGuestRun(engine: QuickJsInstance, job: Job, watch: GuestRunWatch): GuestRun {
  const { program, limits } = job;
  let phase: "loading" | "running" | "encoding" = "loading";
  let promise: Box = 0;

  function stopped(): Ending | undefined {
    return watch.stopped(() => (hasReturned() ? STILL.forking : STILL.busy));
  }

  function hasReturned(): boolean {
    return phase === "running" && engine.promiseState(promise) !== "pending";
  }

  function load(): Ending | undefined {
    engine.limit(limits.memoryBytes, limits.stackBytes);
    const { hostCalls, pendingHostCalls, resultBytes, logBytes } = limits;
    const room = limits.logLines === 0 ? 0 : logBytes;
    const json = wellFormedJson(job.contextJson);
    const begun = engine.call(
      "begin",
      ...randomState(job.seed),
      hostCalls,
      pendingHostCalls,
      resultBytes,
      retainedBytesLimit(limits),
      room,
      json,
    );
    if (engine.isException(begun)) return contextEnding();
    promise = engine.evaluateModule(sourceOf(program.code), program.file);
    if (engine.isException(promise)) return thrown(engine.takeException());
    engine.markHandled(promise);
    return undefined;
  }

  function contextEnding(): Ending {
    const ending = thrown(engine.takeException());
    if (ending.status !== "error") return ending;
    const message = `The context is not JSON text: ${ending.error?.message ?? "it can not be read"}`;
    return { status: "invalid-context", error: { name: "InvalidContextError", message } };
  }

  function settle(callId: number, reply: WireReply): void {
    const json = reply.ok ? wellFormedJson(reply.json) : JSON.stringify(reply.error);
    const done = engine.call("settle", callId, reply.ok ? 1 : 0, json);
    // Only an interrupt or a full heap can throw here; either shows again in `advance`.
    if (engine.isException(done)) engine.free(engine.takeException());
  }

  function advance(timeIsUp: () => boolean): Ending | "waiting" | "unfinished" {
    for (let jobs = 1; ; jobs++) {
      if (!engine.hasJobs()) {
        const next = stopped() ?? step();
        if (next !== "again") return next;
      } else {
        engine.runJob();
      }
      if (jobs % JOBS_PER_CHECK === 0) {
        const ending = stopped();
        if (ending) return ending;
        if (timeIsUp()) return "unfinished";
      }
    }
  }

  /** Looks at what the run is about once nothing is left to do. */
  function step(): Ending | "waiting" | "again" {
    const state = engine.promiseState(promise);
    if (state === "pending") return "waiting";
    const value = engine.promiseResult(promise);
    if (state === "rejected") return thrown(value);
    if (phase === "running") return finish(value);
    const result = engine.call("invoke", { box: value });
    if (engine.isException(result)) return thrown(engine.takeException());
    promise = engine.isPromise(result) ? result : engine.call("adopt", { box: result });
    phase = "running";
    if (engine.isException(promise)) return thrown(engine.takeException());
    engine.markHandled(promise);
    return "again";
  }

  function finish(value: Box): Ending {
    phase = "encoding";
    const encoded = engine.call("encode", { box: value });
    if (engine.isException(encoded)) return thrown(engine.takeException());
    engine.limit(limits.memoryBytes + 4 * limits.resultBytes, limits.stackBytes);
    const valueJson = engine.text(encoded, limits.resultBytes);
    if (valueJson !== undefined) return stopped() ?? { status: "ok", valueJson };
    return { status: "invalid-result", error: oversizeError(limits.resultBytes) };
  }

  function thrown(error: Box): Ending {
    const ending = stopped();
    if (ending) return ending;
    const report = reportOf(error);
    return stopped() ?? classify(report);
  }

  function reportOf(error: Box): GuestReport {
    engine.limit(limits.memoryBytes + REPORT_RESERVE_BYTES, limits.stackBytes);
    const text = engine.call("report", { box: error });
    // When it threw, it is no text, and the report says that nothing could be read.
    return readReport(engine.text(text, MAX_REPORT_BYTES));
  }

  function classify(report: GuestReport): Ending {
    if (report.kind === "defect") return { status: "invalid-result", error: defectError(report) };
    const error = toExecutionError(report, program);
    if (report.denied && watch.wasDenied()) return { status: "denied", error };
    if (isOutOfMemory(report, engine.grownBytes, limits.memoryBytes)) {
      return outOfMemoryEnding(limits, error);
    }
    const limit = reachedLimit(report, error, program);
    if (limit === "stackBytes") {
      return report.name === "RangeError"
        ? stackOverflowEnding(limits, error)
        : { status: "error", error: { ...error, limit } };
    }
    const isReal = limit !== undefined && watch.hasReached(limit);
    return { status: "error", error: isReal ? { ...error, limit } : error };
  }

  function looseEnds(): Omit<LooseEnds, "calls"> {
    const hasJobs = engine.hasJobs();
    const { count, reasons } = engine.unhandledRejections();
    const errors = reasons.map((reason) => toExecutionError(reportOf(reason), program));
    return { hasJobs, rejections: count, errors };
  }

  return { load, settle, advance, looseEnds };
}

/** The text to evaluate; a first line that starts with `#!` must stay first. */
export function sourceOf(code: string): string {
  return code.startsWith("#!") ? code : COLUMN_SHIFT + code;
}

/** JSON text in which lone surrogates, which UTF-8 can not carry, are written as escapes. */
function wellFormedJson(json: string): string {
  if (json.isWellFormed()) return json;
  return json.replaceAll(
    /\p{Surrogate}/gu,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
