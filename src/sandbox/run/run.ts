/** One requested run on the host thread, from the queue to its one outcome. */
import { createJournal } from "./journal.ts";
import { createJournalRecorder } from "./journal-recorder.ts";
import { createReplay } from "./replay.ts";
import type { Journal } from "./journal.ts";
import type { Job } from "./job.ts";
import type { Issue } from "../../base/errors.ts";
import type { LogLine } from "../../skill/execution.ts";
import type { SandboxOutcome, SandboxRequest } from "../sandbox.ts";
import type { Ending } from "./run-ending.ts";

/** An outcome as pool and workers make it; the run adds its logs. */
export type RunOutcome = Omit<SandboxOutcome, "logs"> & { readonly issues?: readonly Issue[] };

export interface Run {
  readonly job: Job;
  readonly depth: number;
  readonly journal: Journal;
  /** Lines of the current attempt. */
  logs: LogLine[];
  /** Attempts begun so far. */
  attempts: number;
  /** Whether it must be alone on its worker, because it lost one to another run. */
  exclusive: boolean;
  readonly ended: boolean;
  /** Settles the run; only the first ending counts. */
  end(outcome: RunOutcome): void;
  /** Settles the run as a failure of the sandbox itself. */
  fail(error: Error): void;
}

export interface RunResult extends SandboxOutcome {
  readonly issues?: readonly Issue[];
}

/** What a run needs of the driver that executes it. */
export interface RunDriver {
  /** Name and version of the engine. */
  readonly engine: string;
  /** The run has ended. */
  onEnd(run: Run): void;
  /** Ends the run as cancelled, wherever it is: a replay that left its journal has no way on. */
  stop(run: Run): void;
}

/** A run, and the promise of how it ends. */
export function createRun(
  job: Job,
  request: SandboxRequest,
  driver: RunDriver,
): { readonly run: Run; readonly result: Promise<RunResult> } {
  const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
  let ended = false;

  function close(): boolean {
    if (ended) return false;
    ended = true;
    run.journal.end();
    driver.onEnd(run);
    return true;
  }

  function journalOf(): Journal {
    if (request.replay !== undefined) return createReplay(request.replay, () => driver.stop(run));
    const { journalBytes } = request.limits;
    if (journalBytes === undefined) return createJournal(request);
    return createJournal(request, createJournalRecorder(job, driver.engine, journalBytes));
  }

  const run: Run = {
    job,
    depth: request.depth ?? 0,
    journal: journalOf(),
    logs: [],
    attempts: 0,
    exclusive: false,
    get ended() {
      return ended;
    },
    end(outcome) {
      if (!close()) return;
      const concluded = run.attempts === 0 ? outcome : run.journal.conclude(outcome);
      const issues = outcome.issues === undefined ? {} : { issues: outcome.issues };
      resolve({ ...concluded, ...issues, logs: run.logs });
    },
    fail(error) {
      if (close()) reject(error);
    },
  };
  return { run, result: promise };
}

/** The outcome of a run that its worker could not report. */
export function outcomeOf(ending: Ending, run: Run, durationMs: number, cpuMs = 0): RunOutcome {
  return {
    ...ending,
    logsDropped: 0,
    durationMs,
    cpuMs,
    hostCalls: run.journal.count,
  };
}
