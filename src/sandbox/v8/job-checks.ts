/**
 * The checks around a run in a V8 process. They run on its main thread, which nothing but its parent
 * could interrupt otherwise, so they have a time limit of their own: a process whose parent is gone
 * must notice.
 */
import { Script } from "node:vm";
import type { Issue } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import { checkContext, checkResult } from "../quickjs/job-checks.ts";
import type { Job } from "../run/job.ts";
import { monotonicMs } from "../run/monotonic.ts";
import { stopEnding } from "../run/run-ending.ts";
import type { Ending } from "../run/run-ending.ts";
import { SchemaError } from "../run/schema-checker.ts";
import type { SchemaChecker } from "../run/schema-checker.ts";
import { parseFrames } from "../run/stack-frames.ts";
import type { GuestIsolate } from "./guest-isolate.ts";
import { reportOf } from "./guest-endings.ts";

export interface JobChecks {
  /** How the run ends when its context does not match. */
  context(job: Job, deadlineMs: number): Ending | undefined;
  /** The ending itself, or how the run ends when its result does not match. */
  result(ending: Ending | undefined, job: Job, deadlineMs: number): Ending | undefined;
  /** What is wrong with a program before it runs. */
  program(job: Job, guest: GuestIsolate): Promise<readonly Issue[]>;
}

export function createJobChecks(schemas: SchemaChecker): JobChecks {
  async function program(job: Job, guest: GuestIsolate): Promise<readonly Issue[]> {
    const issues: Issue[] = [];
    const error = await guest.compile(job.program.code, job.program.file);
    if (error !== undefined) issues.push(syntaxIssue(error, job));
    for (const [path, schema] of [
      ["input", job.program.inputSchema],
      ["output", job.program.outputSchema],
    ] as const) {
      if (schema === undefined) continue;
      try {
        schemas.compile(schema);
      } catch (cause) {
        if (!(cause instanceof SchemaError)) throw cause;
        issues.push({
          path,
          message: `is not a usable JSON Schema: ${cause.message}`,
          expected: "a JSON Schema 2020-12",
          received: preview(schema),
        });
      }
    }
    return issues;
  }

  return {
    context: (job, deadlineMs) =>
      job.program.inputSchema === undefined
        ? checkContext(job, schemas)
        : bounded(() => checkContext(job, schemas), job, deadlineMs),
    result: (ending, job, deadlineMs) =>
      ending === undefined || job.program.outputSchema === undefined
        ? ending
        : bounded(() => checkResult(ending, job, schemas), job, deadlineMs),
    program,
  };
}

const WORK = Symbol.for("repertoire.bounded-work");
const run = new Script(`globalThis[Symbol.for("repertoire.bounded-work")]()`);

/** The only way to interrupt synchronous code of this thread from within; no guest is near it. */
function bounded(work: () => Ending | undefined, job: Job, deadlineMs: number): Ending | undefined {
  Object.defineProperty(globalThis, WORK, { value: work, configurable: true });
  try {
    const timeout = Math.max(1, Math.ceil(deadlineMs - monotonicMs()));
    return run.runInThisContext({ timeout }) as Ending | undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    return stopEnding("timeout", job.limits.timeoutMs);
  }
}

function syntaxIssue(error: unknown, { program: { code, file } }: Job): Issue {
  const report = reportOf(error);
  const top = parseFrames(report.stack ?? "", file, code, "utf16")[0];
  return {
    path: "code",
    message: `${report.name}: ${report.message}`,
    expected: "a JavaScript module",
    received: preview(code.split("\n")[(top?.line ?? 1) - 1]?.trim()),
    ...(top === undefined ? {} : { line: top.line, column: top.column }),
  };
}
