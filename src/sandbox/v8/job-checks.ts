/**
 * The checks around a run in a V8 process. They run on its main thread, which nothing but its parent
 * could interrupt otherwise, so they have a time limit of their own: a process whose parent is gone
 * must notice.
 */
import { Script } from "node:vm";
import type { Issue } from "../../base/errors.ts";
import { checkContext, checkResult, schemaIssues, syntaxIssue } from "../run/job-checks.ts";
import type { Job } from "../run/job.ts";
import { monotonicMs } from "../run/monotonic.ts";
import { stopEnding } from "../run/run-ending.ts";
import type { Ending } from "../run/run-ending.ts";
import type { SchemaChecker } from "../run/schema-checker.ts";
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
  async function program(
    { program: checked }: Job,
    guest: GuestIsolate,
  ): Promise<readonly Issue[]> {
    const error = await guest.compile(checked.code, checked.file);
    const issues = schemaIssues(checked, schemas);
    return error === undefined
      ? issues
      : [syntaxIssue(reportOf(error), checked, "utf16"), ...issues];
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
