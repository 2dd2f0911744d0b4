/**
 * The default sandbox: QuickJS-ng in WebAssembly inside supervised worker threads.
 *
 * What it guarantees, and where: a pristine realm for every run (`quickjs-instance.ts`), deadlines
 * (`slot.ts` inside the worker, `member.ts` outside it), effects exactly once when a run must be
 * repeated (`journal.ts`), and no deadlock between runs that wait for runs (`pool.ts`).
 * The host thread never executes guest code and handles what workers say as data.
 */
import type { Clock } from "../../base/clock.ts";
import type { Sandbox, SandboxIsolation } from "../sandbox.ts";
import { positiveInteger, sandboxOver, workerCount } from "../run/sandbox-over.ts";
import { ENGINE_NAME } from "./engine-binary.ts";
import { createPool } from "./pool.ts";

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

const DEFAULT_SLOTS = 4;

/**
 * A sandbox on QuickJS in worker threads. Workers start with the first run and do not keep the
 * process alive while nothing runs.
 */
export function quickjsSandbox(options: QuickjsSandboxOptions = {}): Sandbox {
  const workers = workerCount(options.workers);
  const slots = positiveInteger("slotsPerWorker", options.slotsPerWorker ?? DEFAULT_SLOTS);
  return sandboxOver({
    engine: ENGINE_NAME,
    pool: createPool(workers, slots),
    clock: options.clock,
    capacity: workers * slots,
    isolation: () => THREAD_ISOLATION,
  });
}
