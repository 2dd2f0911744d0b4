/**
 * The default engine in processes of its own: the pool of worker threads of `quickjsSandbox` runs
 * inside child processes that gave up their permissions, behind whatever the machine offers beyond.
 *
 * What it adds: a program that gets out of the engine is in a process with no files, no network and
 * no environment; the death of that process ends no run of anybody else. The host calls of a run are
 * answered, journaled and replayed here, never in the child.
 */
import type { Clock } from "../../base/clock.ts";
import { ENGINE_NAME } from "../quickjs/engine-binary.ts";
import { positiveInteger, processSandboxOver, workerCount } from "../run/sandbox-over.ts";
import type { PreparedSandbox } from "../run/sandbox-over.ts";
import type { HardeningPart } from "../sandbox.ts";
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

const DEFAULT_SLOTS = 4;

/**
 * A sandbox on QuickJS in hardened processes. They start with the first run and do not keep this
 * process alive while nothing runs.
 */
export function quickjsProcessSandbox(options: QuickjsProcessSandboxOptions = {}): PreparedSandbox {
  const processes = positiveInteger("processes", options.processes ?? 1);
  const workers = workerCount(options.workers);
  const slotsPerWorker = positiveInteger("slotsPerWorker", options.slotsPerWorker ?? DEFAULT_SLOTS);
  const required = checkRequired(options.requireHardening ?? false);
  const pool = createProcessPool({
    processes,
    runsPerProcess: 2 * workers * slotsPerWorker,
    command: (fallback) => launchCommand({ workers, slotsPerWorker }, fallback),
    refuse: (isolation) => unmetHardening(isolation, required),
  });
  return processSandboxOver({
    engine: ENGINE_NAME,
    pool,
    clock: options.clock,
    capacity: processes * workers * slotsPerWorker,
  });
}
