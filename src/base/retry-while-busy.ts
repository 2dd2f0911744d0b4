/**
 * Waiting for another process without blocking this one. SQLite's own busy handler sleeps inside
 * the call, which stops the event loop and starves whoever waits longest; so it is switched off,
 * and a busy attempt is repeated after a short random pause until a deadline. The pauses become
 * shorter with the time waited, so that whoever has waited longer is likelier to come next.
 */
import { sleep } from "./abort.ts";
import type { Clock } from "./clock.ts";
import { inTurn } from "./loop-turns.ts";

const MAX_PAUSE_MS = 10;
const MIN_PAUSE_MS = 2;
/** Time waited that takes a millisecond off the longest pause. */
const AGEING_MS = 10;

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
  /** Since when it is being tried (default: the first attempt that was in somebody's way). */
  readonly sinceMs?: () => number;
  /** Ends the waiting, between two attempts, with `CANCELLED`. */
  readonly signal?: AbortSignal;
}

/**
 * The result of `attempt`, which must be repeatable as a whole and is made in turns of the event loop;
 * rejects with its error, or with that of `giveUp`.
 */
export async function retryWhileBusy<T>(attempt: () => T, policy: BusyPolicy): Promise<T> {
  let startedMs: number | undefined;
  for (;;) {
    let waitedMs: number;
    try {
      const result = inTurn(attempt);
      return result instanceof Promise ? await result : result;
    } catch (error) {
      if (!policy.isBusy(error)) throw error;
      const nowMs = policy.clock.monotonicMs();
      startedMs ??= policy.sinceMs?.() ?? nowMs;
      waitedMs = nowMs - startedMs;
      if (waitedMs >= policy.busyMs) throw policy.giveUp(error);
    }
    const longestMs = policy.maxPauseMs ?? MAX_PAUSE_MS;
    const pauseMs = Math.random() * Math.max(MIN_PAUSE_MS, longestMs - waitedMs / AGEING_MS);
    await sleep(pauseMs, policy.signal);
  }
}
