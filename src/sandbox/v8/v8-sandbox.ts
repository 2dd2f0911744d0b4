/**
 * The second sandbox: V8 isolates of `isolated-vm`, for programs that compute a lot. V8 can not be
 * stopped inside its native functions, and a hole in it is a hole in its process, so it runs in
 * processes of its own that may do nothing and are killed when they must be. It is never loaded here.
 *
 * What it guarantees, and where: a fresh isolate for every run (`guest-isolate.ts`), deadlines
 * (`child-run.ts` inside the process, `member.ts` outside it), effects exactly once when a run must
 * be repeated (`journal.ts`), no deadlock between runs that wait for runs (`pool.ts`), and that what
 * a process says is data (`read-message.ts`).
 */
import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { RepertoireError } from "../../base/errors.ts";
import type { Issue } from "../../base/errors.ts";
import { systemClock } from "../../base/clock.ts";
import type { Clock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Job } from "../run/job.ts";
import { stopEnding } from "../run/run-ending.ts";
import { createRun, outcomeOf } from "../run/run.ts";
import type { RunResult } from "../run/run.ts";
import type {
  Program,
  Sandbox,
  SandboxIsolation,
  SandboxOutcome,
  SandboxRequest,
} from "../sandbox.ts";
import { childCommand } from "./child-command.ts";
import { findIsolatedVm } from "./find-isolated-vm.ts";
import { createV8Pool } from "./pool.ts";

/** Options of {@link v8Sandbox}. */
export interface V8SandboxOptions {
  /** Processes, each with one run at a time (default: the cores available, at most 8). */
  readonly workers?: number;
  /** Where a run's `Date` starts when the request does not say (default: the system clock). */
  readonly clock?: Clock;
}

const MAX_DEFAULT_WORKERS = 8;
const MAX_NESTING = 64;
/** Time a program may take to compile; far more than the largest one needs. */
const CHECK_TIMEOUT_MS = 5000;

const NOT_STARTED: SandboxIsolation = {
  boundary: "process",
  permissionModel: false,
  permissionsDropped: false,
  seccomp: false,
  landlock: false,
  network: "open",
  missing: ["no process has started yet: what holds is known from the first run on"],
};

/**
 * A sandbox on V8 in processes of its own. They start with the first run and do not keep this
 * process alive while nothing runs.
 *
 * @throws {SANDBOX_UNAVAILABLE} when `isolated-vm` is not installed, has a known hole, or has no build for
 * this version of Node
 */
export function v8Sandbox(options: V8SandboxOptions = {}): Sandbox {
  const workers = options.workers ?? Math.min(MAX_DEFAULT_WORKERS, availableParallelism());
  if (!Number.isInteger(workers) || workers < 1) {
    throw invalid("workers", "a positive integer", workers);
  }
  const clock = options.clock ?? systemClock;
  const installed = findIsolatedVm();
  const engine = `isolated-vm@${installed.version}`;
  const pool = createV8Pool((fallback) => childCommand(installed, fallback), workers);
  let runs = 0;
  let closed = false;

  async function submit(job: Job, request: SandboxRequest): Promise<RunResult> {
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
    const outcome = await result;
    return run.attempts === 0 ? outcome : { ...outcome, engine };
  }

  function assertOpen(): void {
    if (closed) throw new RepertoireError("CLOSED", "The sandbox is closed; open a new one");
  }

  return {
    async run(request): Promise<SandboxOutcome> {
      assertOpen();
      const { program, contextJson, limits, depth = 0 } = request;
      positiveNumber("limits.timeoutMs", limits.timeoutMs);
      positiveNumber("limits.memoryBytes", limits.memoryBytes);
      positiveNumber("limits.cpuMs", limits.cpuMs);
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

    stats: () => ({
      engine,
      isolation: pool.isolation ?? NOT_STARTED,
      runs,
      ...pool.counts(),
    }),

    async prepare() {
      assertOpen();
      await pool.prepare();
    },

    close() {
      closed = true;
      return pool.close();
    },
  };
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
