/**
 * Who may send a request when: so many at once, so many a minute, and nobody while the other side
 * has asked for a pause. Queries, for which somebody waits, go before documents.
 */
import { sleep, throwIfAborted } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";

const MINUTE_MS = 60_000;

export interface RequestGate {
  /** Runs the work when its turn has come. */
  pass<T>(isUrgent: boolean, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
  /** Lets nothing new start for so long. */
  pause(durationMs: number): void;
}

interface Waiting {
  readonly isUrgent: boolean;
  readonly start: () => void;
}

export function requestGate(options: {
  readonly maxConcurrent: number;
  readonly requestsPerMinute: number | undefined;
  readonly clock: Clock;
}): RequestGate {
  const { maxConcurrent, requestsPerMinute, clock } = options;
  const waiting: Waiting[] = [];
  let running = 0;
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  /** When the requests of the last minute started, oldest first. */
  const started: number[] = [];

  function startNext(): void {
    if (running >= maxConcurrent || waiting.length === 0) return;
    const urgent = waiting.findIndex(({ isUrgent }) => isUrgent);
    const [next] = waiting.splice(Math.max(urgent, 0), 1);
    running += 1;
    next!.start();
  }

  function claimPlace(isUrgent: boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry: Waiting = {
        isUrgent,
        start() {
          signal.removeEventListener("abort", giveUp);
          resolve();
        },
      };
      function giveUp(): void {
        waiting.splice(waiting.indexOf(entry), 1);
        reject(signal.reason as Error);
      }
      signal.addEventListener("abort", giveUp, { once: true });
      waiting.push(entry);
      startNext();
    });
  }

  /** How long the next request has to wait; it is counted as started once that is 0. */
  function waitMs(): number {
    const nowMs = clock.monotonicMs();
    if (pausedUntilMs > nowMs) return pausedUntilMs - nowMs;
    if (requestsPerMinute === undefined) return 0;
    while (started.length > 0 && started[0]! <= nowMs - MINUTE_MS) started.shift();
    if (started.length >= requestsPerMinute) return started[0]! + MINUTE_MS - nowMs;
    started.push(nowMs);
    return 0;
  }

  return {
    async pass(isUrgent, signal, work) {
      throwIfAborted(signal, "Embedding");
      await claimPlace(isUrgent, signal);
      try {
        for (let pauseMs = waitMs(); pauseMs > 0; pauseMs = waitMs()) await sleep(pauseMs, signal);
        return await work();
      } finally {
        running -= 1;
        startNext();
      }
    },
    pause(durationMs) {
      pausedUntilMs = Math.max(pausedUntilMs, clock.monotonicMs() + durationMs);
    },
  };
}
