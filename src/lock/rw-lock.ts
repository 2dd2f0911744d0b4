/**
 * A lock held by many readers or by one writer, inside one process.
 *
 * Whoever comes first is served first: a reader that arrives while a writer waits stands behind
 * it, so writers do not starve, and a writer that arrives while readers wait stands behind them, so
 * readers do not either. Readers next to each other in line are let in together. Somebody who gives
 * up leaves the line at once, and those it held up go on.
 *
 * It is not re-entrant: a task that holds it and asks again waits for itself, even reader for
 * reader as soon as a writer stands between the two. Give such a call `waitMs`.
 */
import { cancelledError } from "../base/abort.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { RepertoireError } from "../base/errors.ts";
import { checkMode, checkWait } from "./acquire-options.ts";
import type { LockMode, LockStats } from "./lock-driver.ts";
import { LockMeter } from "./lock-meter.ts";
import { WaiterQueue } from "./waiter-queue.ts";

export interface AsyncRWLockOptions {
  /** What error messages call it (default: "the lock"). */
  readonly name?: string;
  /** Measures the times in the statistics (default: the system's clock). */
  readonly clock?: Clock;
  /** Counts for several locks together (default: one of its own). */
  readonly meter?: LockMeter;
}

export interface RWLockAcquireOptions {
  /** Gives up the place in line when it aborts. */
  readonly signal?: AbortSignal;
  /** How long to wait, in milliseconds; 0 does not wait (default: until granted). */
  readonly waitMs?: number;
}

/** The lock, granted. Ends with {@link LockHold.release}, `using` or `await using`. */
export interface LockHold extends Disposable, AsyncDisposable {
  readonly mode: LockMode;
  /** Position among all grants counted together: greater than that of every earlier one. */
  readonly sequence: number;
  /** Gives the lock up; a second call does nothing. */
  release(): void;
}

interface Waiter {
  readonly mode: LockMode;
  readonly grant: (hold: LockHold) => void;
  readonly refuse: (error: RepertoireError) => void;
  readonly sinceMs: number;
  /** Takes back its timer and its listener. */
  stopWatching: () => void;
}

export class AsyncRWLock {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #meter: LockMeter;
  readonly #queue = new WaiterQueue<Waiter>();
  #readers = 0;
  #writing = false;
  #closed = false;

  constructor(options: AsyncRWLockOptions = {}) {
    this.#name = options.name ?? "the lock";
    this.#clock = options.clock ?? systemClock;
    this.#meter = options.meter ?? new LockMeter();
  }

  /** Whether nobody holds it and nobody waits for it. */
  get isIdle(): boolean {
    return this.#readers === 0 && !this.#writing && this.#queue.isEmpty;
  }

  /**
   * @throws {LOCK_TIMEOUT} when it is not granted within `waitMs`
   * @throws {CANCELLED} when the signal aborts first
   * @throws {CLOSED} when the lock is closed, now or while waiting
   * @throws {INVALID_INPUT} for a mode or a time that is none
   */
  acquire(mode: LockMode = "write", options?: RWLockAcquireOptions): Promise<LockHold> {
    const refusal = this.#refusal(mode, options);
    if (refusal !== undefined) return Promise.reject(refusal);
    if (this.#queue.isEmpty && this.#admits(mode)) return Promise.resolve(this.#enter(mode));
    if (options?.waitMs === 0) {
      this.#meter.refuse();
      return Promise.reject(this.#timeoutError(mode, 0));
    }
    return this.#wait(mode, options);
  }

  stats(): LockStats {
    return this.#meter.snapshot();
  }

  /** Rejects every waiter with `CLOSED`, and every later call; who holds it may finish. */
  close(): void {
    this.#closed = true;
    for (let waiter = this.#queue.shift(); waiter !== undefined; waiter = this.#queue.shift()) {
      this.#meter.dismiss();
      waiter.stopWatching();
      waiter.refuse(this.#closedError());
    }
  }

  #refusal(mode: LockMode, options: RWLockAcquireOptions | undefined): unknown {
    try {
      checkMode(mode);
      if (options?.waitMs !== undefined) checkWait(options.waitMs);
    } catch (error) {
      return error;
    }
    if (this.#closed) return this.#closedError();
    return options?.signal?.aborted ? this.#cancelledError(options.signal) : undefined;
  }

  #admits(mode: LockMode): boolean {
    return !this.#writing && (mode === "read" || this.#readers === 0);
  }

  #enter(mode: LockMode): LockHold {
    if (mode === "read") this.#readers += 1;
    else this.#writing = true;
    return new Hold(mode, this.#meter.grant(), this.#clock.monotonicMs(), this.#leave);
  }

  // A property, so that a hold needs no closure of its own.
  readonly #leave = (hold: Hold): void => {
    if (hold.mode === "read") this.#readers -= 1;
    else this.#writing = false;
    this.#meter.end(this.#clock.monotonicMs() - hold.sinceMs);
    this.#admitNext();
  };

  #admitNext(): void {
    for (let next = this.#queue.first; next !== undefined; next = this.#queue.first) {
      if (!this.#admits(next.mode)) return;
      this.#queue.shift();
      next.stopWatching();
      this.#meter.dequeue(this.#clock.monotonicMs() - next.sinceMs);
      next.grant(this.#enter(next.mode));
    }
  }

  #wait(mode: LockMode, options: RWLockAcquireOptions | undefined): Promise<LockHold> {
    const { promise, resolve, reject } = Promise.withResolvers<LockHold>();
    const sinceMs = this.#clock.monotonicMs();
    const waiter: Waiter = { mode, grant: resolve, refuse: reject, sinceMs, stopWatching: ignore };
    const place = this.#queue.push(waiter);
    this.#meter.enqueue();

    // Called once at most, and never after a grant: both take the timer and the listener back.
    const abandon = (error: RepertoireError): void => {
      this.#queue.leave(place);
      this.#meter.abandon();
      waiter.stopWatching();
      reject(error);
      // Those behind it may have waited for nobody else.
      this.#admitNext();
    };
    waiter.stopWatching = watch(
      options,
      (waitMs) => abandon(this.#timeoutError(mode, waitMs)),
      (signal) => abandon(this.#cancelledError(signal)),
    );
    return promise;
  }

  #timeoutError(mode: LockMode, waitMs: number): RepertoireError {
    return new RepertoireError(
      "LOCK_TIMEOUT",
      `Could not ${mode === "read" ? "share" : "take"} ${this.#name} within ${waitMs} ms; hold it for less time or wait for longer`,
      { details: { mode, waitMs } },
    );
  }

  #cancelledError(signal: AbortSignal): RepertoireError {
    return cancelledError(signal, `Waiting for ${this.#name}`);
  }

  #closedError(): RepertoireError {
    return new RepertoireError("CLOSED", `Can not acquire ${this.#name}: it was closed`);
  }
}

class Hold implements LockHold {
  readonly mode: LockMode;
  readonly sequence: number;
  readonly sinceMs: number;
  #leave: ((hold: Hold) => void) | undefined;

  constructor(mode: LockMode, sequence: number, sinceMs: number, leave: (hold: Hold) => void) {
    this.mode = mode;
    this.sequence = sequence;
    this.sinceMs = sinceMs;
    this.#leave = leave;
  }

  release(): void {
    const leave = this.#leave;
    this.#leave = undefined;
    leave?.(this);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.release();
    return Promise.resolve();
  }
}

/** @returns what takes the timer and the listener back */
function watch(
  options: RWLockAcquireOptions | undefined,
  onTimeout: (waitMs: number) => void,
  onAbort: (signal: AbortSignal) => void,
): () => void {
  const { waitMs, signal } = options ?? {};
  if (waitMs === undefined && signal === undefined) return ignore;
  const timer = waitMs === undefined ? undefined : setTimeout(onTimeout, waitMs, waitMs).unref();
  const listener = signal && ((): void => onAbort(signal));
  if (listener) signal.addEventListener("abort", listener, { once: true });
  return () => {
    clearTimeout(timer);
    if (listener) signal.removeEventListener("abort", listener);
  };
}

function ignore(): void {
  // Without a timer or a signal there is nothing to take back.
}
