/**
 * Writing in turns with other processes. SQLite gives its write lock to whoever asks at the right
 * moment, so a process that writes in a loop asks again before those that wait, and keeps it for
 * seconds. Three rules make it fair, without any of the processes knowing of the others:
 *
 * - The writes of one process stand in one line, and the first alone asks, so that a process with
 *   many writes is no likelier to be served than one with a single write.
 * - A process that has written without a pause for the length of a turn pauses for long enough that
 *   somebody who waits will ask. Turns are short while others write too, and become longer as pauses
 *   turn out to serve nobody; one that writes alone loses some percent.
 * - Whoever has waited longer asks more often.
 */
import { cancelledError, sleep, throwIfAborted } from "./abort.ts";
import { retryWhileBusy } from "./retry-while-busy.ts";
import type { BusyPolicy } from "./retry-while-busy.ts";

/** How long a process writes without a pause: while others are known to write, and at most. */
const SHORT_TURN_MS = 6;
const LONG_TURN_MS = 128;
/** A pause within which those that wait will have asked, most of them having waited for some time. */
const LEAST_PAUSE_MS = 2;
const MORE_PAUSE_MS = 3;
/** Whoever did not write for so long has let the others in already. */
const IDLE_MS = 4;

const WRITING = "Waiting to write";

export interface WriteTurnsParts extends BusyPolicy {
  /** Changes whenever another process has written. */
  readonly othersVersion: () => number;
}

export interface WriteTurns {
  /**
   * The result of `attempt`, once it is its turn; it must be repeatable as a whole.
   *
   * Rejects with its error, or with that of `giveUp` when neither this write nor one before it got
   * through for `busyMs`, or with `CANCELLED` when the signal aborts before it is this write's turn.
   */
  write<T>(attempt: () => T, signal?: AbortSignal): Promise<T>;
}

export function writeTurns(parts: WriteTurnsParts): WriteTurns {
  const { clock, isBusy, giveUp, busyMs, othersVersion } = parts;
  const waiting: (() => void)[] = [];
  let isTaken = false;
  let turnMs = SHORT_TURN_MS;
  let turnSinceMs = Number.NEGATIVE_INFINITY;
  let lastWriteMs = Number.NEGATIVE_INFINITY;
  /** Whether somebody else was seen to write, or to be about to, since the last pause. */
  let sawOthers = false;
  let version: number | undefined;
  /** Since when nothing got through. */
  let heldSinceMs: number | undefined;

  async function letOthersIn(): Promise<void> {
    await sleep(LEAST_PAUSE_MS + Math.random() * MORE_PAUSE_MS);
    turnMs = sawOthers ? SHORT_TURN_MS : Math.min(LONG_TURN_MS, turnMs * 2);
    sawOthers = false;
    turnSinceMs = clock.monotonicMs();
  }

  function noteWritten(): void {
    const nowMs = clock.monotonicMs();
    // A shorter wait was for one write of another: two that alternate so would let nobody else in.
    if (heldSinceMs !== undefined && nowMs - heldSinceMs > IDLE_MS) turnSinceMs = nowMs;
    heldSinceMs = undefined;
    lastWriteMs = nowMs;
    const found = currentVersion();
    if (version !== undefined && found !== version) sawOthers = true;
    version = found;
  }

  function currentVersion(): number | undefined {
    try {
      return othersVersion();
    } catch {
      // What has just been written stays written, whatever is wrong now; the next one will tell.
      return undefined;
    }
  }

  /** Handed on by whoever was before, so that nobody comes between. */
  function myTurn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        waiting.splice(waiting.indexOf(enter), 1);
        reject(cancelledError(signal!, WRITING));
      };
      waiting.push(enter);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  async function writeNow<T>(
    attempt: () => T,
    enteredMs: number,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const nowMs = clock.monotonicMs();
    if (nowMs - lastWriteMs > IDLE_MS) turnSinceMs = nowMs;
    else if (nowMs - turnSinceMs >= turnMs) await letOthersIn();
    throwIfAborted(signal, WRITING);
    const result = await retryWhileBusy(attempt, {
      clock,
      giveUp,
      busyMs,
      isBusy(error) {
        if (!isBusy(error)) {
          heldSinceMs = undefined;
          return false;
        }
        heldSinceMs ??= clock.monotonicMs();
        sawOthers = true;
        turnMs = SHORT_TURN_MS;
        return true;
      },
      // Those behind one that gave up have waited as long: they do not begin to wait anew.
      sinceMs: () => Math.max(enteredMs, heldSinceMs ?? enteredMs),
      ...(signal === undefined ? {} : { signal }),
    });
    noteWritten();
    return result;
  }

  return {
    async write(attempt, signal) {
      throwIfAborted(signal, WRITING);
      const enteredMs = clock.monotonicMs();
      if (isTaken) await myTurn(signal);
      isTaken = true;
      try {
        return await writeNow(attempt, enteredMs, signal);
      } finally {
        const next = waiting.shift();
        if (next === undefined) isTaken = false;
        else next();
      }
    },
  };
}
