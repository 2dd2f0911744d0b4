/**
 * The default sandbox: QuickJS-ng in WebAssembly inside supervised worker threads.
 *
 * What it guarantees, and where: a pristine realm for every run (`quickjs-instance.ts`), deadlines
 * (`slot.ts` inside the worker, `member.ts` outside it), effects exactly once when a run must be
 * repeated (`journal.ts`), and no deadlock between runs that wait for runs (`pool.ts`).
 * The host thread never executes guest code and handles what workers say as data.
 */
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
import { ENGINE_NAME } from "./engine-binary.ts";
import { createPool } from "./pool.ts";
import type { Pool } from "./pool.ts";
import { stopEnding } from "../run/run-ending.ts";
import { createRun, outcomeOf } from "../run/run.ts";
import type { RunResult } from "../run/run.ts";
import type { Job } from "../run/job.ts";

/** Options of {@link quickjsSandbox}. */
export interface QuickjsSandboxOptions {
  /** Worker threads (default: the cores available, at most 8). */
  readonly workers?: number;
  /** Runs a worker holds at once; runs that wait for their host share it (default: 4). */
  readonly slotsPerWorker?: number;
  /** Where a run's `Date` starts when the request does not say (default: the system clock). */
  readonly clock?: Clock;
}

/** The engine's memory is the boundary; behind it is the host's own process. */
const THREAD_ISOLATION: SandboxIsolation = {
  boundary: "thread",
  permissionModel: false,
  permissionsDropped: false,
  seccomp: false,
  landlock: false,
  network: "open",
  missing: ["a process of its own: open the library with sandbox engine quickjs-process"],
};

const MAX_DEFAULT_WORKERS = 8;
const DEFAULT_SLOTS = 4;
const MAX_NESTING = 64;
/** Time a program may take to compile; far more than the largest one needs. */
const CHECK_TIMEOUT_MS = 5000;

/**
 * A sandbox on QuickJS in worker threads. Workers start with the first run and do not keep the
 * process alive while nothing runs.
 */
export function quickjsSandbox(options: QuickjsSandboxOptions = {}): Sandbox {
  const workers = positiveInteger(
    "workers",
    options.workers ?? Math.min(MAX_DEFAULT_WORKERS, availableParallelism()),
  );
  const slots = positiveInteger("slotsPerWorker", options.slotsPerWorker ?? DEFAULT_SLOTS);
  return sandboxOver(createPool(workers, slots), options.clock, () => THREAD_ISOLATION);
}

/** A sandbox over what queues and runs; `isolation` tells what stands around it at the moment. */
export function sandboxOver(
  pool: Pool,
  clock: Clock = systemClock,
  isolation: () => SandboxIsolation,
): Sandbox {
  let runs = 0;
  let closed = false;

  function submit(job: Job, request: SandboxRequest): Promise<RunResult> {
    const { signal } = request;
    const onAbort = (): void => pool.cancel(run);
    const { run, result } = createRun(job, request, {
      engine: ENGINE_NAME,
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
    return result.then((outcome) =>
      run.attempts === 0 ? outcome : { ...outcome, engine: ENGINE_NAME },
    );
  }

  function assertOpen(): void {
    if (closed) throw new RepertoireError("CLOSED", "The sandbox is closed; open a new one");
  }

  return {
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

    stats: () => ({ engine: ENGINE_NAME, isolation: isolation(), runs, ...pool.counts() }),

    close() {
      closed = true;
      return pool.close();
    },
  };
}

/** @throws {INVALID_INPUT} for a size that is none */
export function positiveInteger(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) throw invalid(name, "a positive integer", value);
  return value;
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
