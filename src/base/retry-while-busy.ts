/**
 * Waiting for another process without blocking this one. SQLite's own busy handler sleeps inside
 * the call, which stops the event loop and starves whoever waits longest; so it is switched off,
 * and a busy attempt is repeated after a short random pause until a deadline.
 */
import { sleep } from "./abort.ts";
import type { Clock } from "./clock.ts";

const MAX_PAUSE_MS = 10;

export interface BusyPolicy {
  /** Whether the attempt failed only because another process was in the way. */
  readonly isBusy: (error: unknown) => boolean;
  /** What to throw when it still is after `busyMs`. */
  readonly giveUp: (error: unknown) => Error;
  /** How long to go on trying. */
  readonly busyMs: number;
  /** Longest pause between two attempts (default: 10 ms). */
  readonly maxPauseMs?: number;
  readonly clock: Clock;
}

/** The result of `attempt`, which must be repeatable as a whole; rejects with its error, or with that of `giveUp`. */
export async function retryWhileBusy<T>(attempt: () => T, policy: BusyPolicy): Promise<T> {
  let startedMs: number | undefined;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!policy.isBusy(error)) throw error;
      const nowMs = policy.clock.monotonicMs();
      startedMs ??= nowMs;
      if (nowMs - startedMs >= policy.busyMs) throw policy.giveUp(error);
    }
    await sleep(Math.random() * (policy.maxPauseMs ?? MAX_PAUSE_MS));
  }
}
