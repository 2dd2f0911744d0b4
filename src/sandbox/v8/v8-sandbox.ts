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
import type { Clock } from "../../base/clock.ts";
import { processSandboxOver, workerCount } from "../run/sandbox-over.ts";
import type { Sandbox } from "../sandbox.ts";
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

/**
 * A sandbox on V8 in processes of its own. They start with the first run and do not keep this
 * process alive while nothing runs.
 *
 * @throws {SANDBOX_UNAVAILABLE} when `isolated-vm` is not installed, has a known hole, or has no build for
 * this version of Node
 */
export function v8Sandbox(options: V8SandboxOptions = {}): Sandbox {
  const workers = workerCount(options.workers);
  const installed = findIsolatedVm();
  const pool = createV8Pool((fallback) => childCommand(installed, fallback), workers);
  return processSandboxOver({
    engine: `isolated-vm@${installed.version}`,
    pool,
    clock: options.clock,
    capacity: workers,
  });
}
