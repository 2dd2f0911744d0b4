/**
 * The default engine in processes of its own: the pool of worker threads of `quickjsSandbox` runs
 * inside child processes that gave up their permissions, behind whatever the machine offers beyond.
 *
 * What it adds: a program that gets out of the engine is in a process with no files, no network and
 * no environment; the death of that process ends no run of anybody else. The host calls of a run are
 * answered, journaled and replayed here, never in the child.
 */
import { availableParallelism } from "node:os";
import type { Clock } from "../../base/clock.ts";
import { positiveInteger, sandboxOver } from "../quickjs/quickjs-sandbox.ts";
import type { HardeningPart, Sandbox, SandboxIsolation } from "../sandbox.ts";
import { checkRequired, unmetHardening } from "./required-hardening.ts";
import { launchCommand } from "./launch-command.ts";
import { createProcessPool } from "./process-pool.ts";

/** Options of {@link quickjsProcessSandbox}. */
export interface QuickjsProcessSandboxOptions {
  /** Processes (default: 1). Runs of one process could harm each other if its engine were broken. */
  readonly processes?: number;
  /** Worker threads of each process (default: the cores available, at most 8). */
  readonly workers?: number;
  /** Runs a worker holds at once; runs that wait for their host share it (default: 4). */
  readonly slotsPerWorker?: number;
  /** Where a run's `Date` starts when the request does not say (default: the system clock). */
  readonly clock?: Clock;
  /** Parts without which nothing is run; `true` is all of them (default: none). */
  readonly requireHardening?: boolean | readonly HardeningPart[];
}

export interface ProcessSandbox extends Sandbox {
  /**
   * Starts a process before the first run needs it.
   *
   * @throws {SANDBOX_UNAVAILABLE} when a required part is missing
   */
  prepare(): Promise<void>;
}

const MAX_DEFAULT_WORKERS = 8;
const DEFAULT_SLOTS = 4;

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
 * A sandbox on QuickJS in hardened processes. They start with the first run and do not keep this
 * process alive while nothing runs.
 */
export function quickjsProcessSandbox(options: QuickjsProcessSandboxOptions = {}): ProcessSandbox {
  const processes = positiveInteger("processes", options.processes ?? 1);
  const workers = positiveInteger(
    "workers",
    options.workers ?? Math.min(MAX_DEFAULT_WORKERS, availableParallelism()),
  );
  const slotsPerWorker = positiveInteger("slotsPerWorker", options.slotsPerWorker ?? DEFAULT_SLOTS);
  const required = checkRequired(options.requireHardening ?? false);
  const pool = createProcessPool({
    processes,
    runsPerProcess: 2 * workers * slotsPerWorker,
    command: (fallback) => launchCommand({ workers, slotsPerWorker }, fallback),
    refuse: (isolation) => unmetHardening(isolation, required),
  });
  return {
    ...sandboxOver(pool, options.clock, () => pool.isolation ?? NOT_STARTED),
    prepare: () => pool.prepare(),
  };
}
