import type { LockStats } from "./lock-driver.ts";

/** Counts what happens to one lock, or to many that share it. */
export class LockMeter {
  #acquired = 0;
  #waited = 0;
  #abandoned = 0;
  #waitMs = 0;
  #maxWaitMs = 0;
  #heldMs = 0;
  #maxHeldMs = 0;
  #held = 0;
  #waiting = 0;

  /** @returns how many were granted before this one and with it: 1, 2, 3 … */
  grant(): number {
    this.#held += 1;
    this.#acquired += 1;
    return this.#acquired;
  }

  end(heldMs: number): void {
    this.#held -= 1;
    this.#heldMs += heldMs;
    if (heldMs > this.#maxHeldMs) this.#maxHeldMs = heldMs;
  }

  enqueue(): void {
    this.#waiting += 1;
  }

  /** A wait that ended in a grant. */
  dequeue(waitMs: number): void {
    this.#waiting -= 1;
    this.#waited += 1;
    this.#waitMs += waitMs;
    if (waitMs > this.#maxWaitMs) this.#maxWaitMs = waitMs;
  }

  /** A wait that ended because everything did. */
  dismiss(): void {
    this.#waiting -= 1;
  }

  /** A wait that its caller gave up. */
  abandon(): void {
    this.#waiting -= 1;
    this.#abandoned += 1;
  }

  /** A caller that would not wait at all, and went away with nothing. */
  refuse(): void {
    this.#abandoned += 1;
  }

  snapshot(): LockStats {
    return {
      acquired: this.#acquired,
      waited: this.#waited,
      abandoned: this.#abandoned,
      waitMs: this.#waitMs,
      maxWaitMs: this.#maxWaitMs,
      heldMs: this.#heldMs,
      maxHeldMs: this.#maxHeldMs,
      held: this.#held,
      waiting: this.#waiting,
    };
  }
}
