/** What all engines share on the host's side: requests are checked, become runs and can be cancelled. */
import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { RepertoireError } from "../../base/errors.ts";
import type { Issue } from "../../base/errors.ts";
import { systemClock } from "../../base/clock.ts";
import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import type {
  Program,
  Sandbox,
  SandboxIsolation,
  SandboxOutcome,
  SandboxRequest,
} from "../sandbox.ts";
import type { Job } from "./job.ts";
import { stopEnding } from "./run-ending.ts";
import { createRun, outcomeOf } from "./run.ts";
import type { Run, RunResult } from "./run.ts";

const MAX_DEFAULT_WORKERS = 8;
const MAX_NESTING = 64;
/** Time a program may take to compile; far more than the largest one needs. */
const CHECK_TIMEOUT_MS = 5000;

/** What queues runs and has them executed. */
export interface RunPool {
  /** Queues a run. */
  submit(run: Run): void;
  /** Ends a run as cancelled, wherever it is. */
  cancel(run: Run): void;
  counts(): { workers: number; running: number; queued: number; kills: number; retries: number };
  close(): Promise<void>;
}

/** A pool whose workers take long to start, and tell what protects them once they did. */
export interface PreparedPool extends RunPool {
  /** Starts one if there is none; resolves when one is ready for runs. */
  prepare(): Promise<void>;
  /** What the newest has achieved, once there was one. */
  readonly isolation: SandboxIsolation | undefined;
}

/** A sandbox that can be started before the first run needs it. */
export interface PreparedSandbox extends Sandbox {
  prepare(): Promise<void>;
}

export interface SandboxParts {
  /** Name and version. */
  readonly engine: string;
  readonly pool: RunPool;
  /** Where a run's `Date` starts when the request does not say (default: the system clock). */
  readonly clock?: Clock | undefined;
  /** Runs of depth 0 that are under way at once. */
  readonly capacity: number;
  /** What stands around runs at the moment. */
  readonly isolation: () => SandboxIsolation;
}

const NOT_STARTED: SandboxIsolation = {
  boundary: "process",
  permissionModel: false,
  permissionsDropped: false,
  seccomp: false,
  landlock: false,
  network: "open",
  missing: ["no process has started yet: what holds is known from the first run on"],
};

/** A sandbox over a pool of processes. */
export function processSandboxOver({
  pool,
  ...parts
}: Omit<SandboxParts, "isolation"> & { readonly pool: PreparedPool }): PreparedSandbox {
  const sandbox = sandboxOver({
    ...parts,
    pool,
    isolation: () => pool.isolation ?? NOT_STARTED,
  });
  let closed = false;
  return {
    ...sandbox,
    async prepare() {
      if (closed) throw closedError();
      await pool.prepare();
    },
    close() {
      closed = true;
      return sandbox.close();
    },
  };
}

/** A sandbox over what queues and runs. */
export function sandboxOver({
  engine,
  pool,
  clock = systemClock,
  capacity,
  isolation,
}: SandboxParts): Sandbox {
  let runs = 0;
  let closed = false;

  function submit(job: Job, request: SandboxRequest): Promise<RunResult> {
    const { signal } = request;
    const onAbort = (): void => pool.cancel(run);
    const { run, result } = createRun(job, request, {
      engine,
      onEnd: () => signal?.removeEventListener("abort", onAbort),
      stop: pool.cancel,
    });
    runs++;
    if (signal?.aborted) {
      run.end(outcomeOf(stopEnding("cancelled", 0), run, 0));
    } else {
      signal?.addEventListener("abort", onAbort, { once: true });
      pool.submit(run);
    }
    return result.then((outcome) => (run.attempts === 0 ? outcome : { ...outcome, engine }));
  }

  function assertOpen(): void {
    if (closed) throw closedError();
  }

  return {
    capacity,

    async run(request): Promise<SandboxOutcome> {
      assertOpen();
      const { program, contextJson, limits, depth = 0 } = request;
      positiveNumber("limits.timeoutMs", limits.timeoutMs);
      positiveNumber("limits.cpuMs", limits.cpuMs);
      positiveNumber("limits.memoryBytes", limits.memoryBytes);
      if (!Number.isInteger(depth) || depth < 0 || depth > MAX_NESTING) {
        throw invalid("depth", `an integer from 0 to ${MAX_NESTING}`, depth);
      }
      const now = request.now ?? clock.now();
      if (!Number.isFinite(now)) throw invalid("now", "a time in milliseconds", now);
      const seed = request.seed ?? randomInt(2 ** 47);
      return submit({ kind: "run", program, contextJson, limits, seed, now }, request);
    },

    async check(program: Program): Promise<readonly Issue[]> {
      assertOpen();
      const limits = { ...LIMITS, timeoutMs: CHECK_TIMEOUT_MS };
      const job: Job = { kind: "check", program, contextJson: "null", limits, seed: 0, now: 0 };
      const refuse = { ok: false, error: { name: "Error", message: "not running" } } as const;
      const { status, issues, error } = await submit(job, {
        program,
        contextJson: job.contextJson,
        limits,
        onHostCall: async () => refuse,
      });
      if (status === "ok") return issues ?? [];
      if (status === "cancelled") throw new RepertoireError("CLOSED", "The sandbox was closed");
      return [
        {
          path: "code",
          message: `can not be compiled: ${error?.message ?? status}`,
          expected: "a program that compiles quickly",
          received: status,
        },
      ];
    },

    stats: () => ({ engine, isolation: isolation(), runs, ...pool.counts() }),

    close() {
      closed = true;
      return pool.close();
    },
  };
}

/**
 * How many workers there are: as asked, or one for each core available, at most 8.
 *
 * @throws {INVALID_INPUT} for a number that is none
 */
export function workerCount(asked: number | undefined): number {
  return positiveInteger("workers", asked ?? Math.min(MAX_DEFAULT_WORKERS, availableParallelism()));
}

/** @throws {INVALID_INPUT} for a size that is none */
export function positiveInteger(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) throw invalid(name, "a positive integer", value);
  return value;
}

function closedError(): RepertoireError {
  return new RepertoireError("CLOSED", "The sandbox is closed; open a new one");
}

function positiveNumber(name: string, value: number): void {
  if (!(value > 0)) throw invalid(name, "a positive number", value);
}

function invalid(name: string, expected: string, value: unknown): RepertoireError {
  return new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be ${expected}, got ${String(value)}`,
  );
}
