/** Bounds the writes under way in this process: beyond it they are refused, and told when to come again. */
import type { Clock } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";

/** What a write is taken to last until some have ended. */
const FIRST_GUESS_MS = 10;
/** Weight of the newest write in the average time that writes last. */
const NEWEST_WEIGHT = 0.1;

export interface WriteLimitStats {
  /** Writes under way; a batch is one. */
  readonly underWay: number;
  readonly max: number;
  readonly refused: number;
}

export interface WriteLimit {
  /**
   * Counts a write until it is disposed of.
   *
   * @throws {LIMIT_EXCEEDED} when there are as many as may be
   */
  enter(): Disposable;
  stats(): WriteLimitStats;
}

export function writeLimit(max: number, clock: Clock): WriteLimit {
  let underWay = 0;
  let refused = 0;
  let averageMs = FIRST_GUESS_MS;

  return {
    enter() {
      if (underWay >= max) {
        refused += 1;
        // They go on side by side: by then as many as there are now will have ended.
        const retryAfterMs = Math.max(1, Math.ceil(averageMs));
        throw new RepertoireError(
          "LIMIT_EXCEEDED",
          `The write was refused: ${underWay} are under way, and at most ${max} may be; try again in about ${retryAfterMs} ms, write many drafts with addMany, or raise limits.queuedWrites`,
          { details: { limit: "queuedWrites", max, queued: underWay, retryAfterMs } },
        );
      }
      underWay += 1;
      const beganMs = clock.monotonicMs();
      let isOpen = true;
      return {
        [Symbol.dispose]() {
          if (!isOpen) return;
          isOpen = false;
          underWay -= 1;
          averageMs += (clock.monotonicMs() - beganMs - averageMs) * NEWEST_WEIGHT;
        },
      };
    },
    stats: () => ({ underWay, max, refused }),
  };
}
