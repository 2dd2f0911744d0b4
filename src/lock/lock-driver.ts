/** The socket for locks: a key held by many readers or one writer, for a bounded time. */

export type LockMode = "read" | "write";

export interface AcquireOptions {
  /** (default: "write") */
  readonly mode?: LockMode;
  /** How long the lease lasts unless it is released sooner, in milliseconds (default: 30,000). */
  readonly ttlMs?: number;
  /** How long to wait for it, in milliseconds (default: 10,000); 0 does not wait. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/** A lock held for a bounded time. */
export interface Lease extends AsyncDisposable {
  readonly key: string;
  readonly mode: LockMode;
  /** Fencing token: greater than the token of every lease granted on this key before it. */
  readonly token: bigint;
  /** Aborts with `LEASE_LOST` when the lease ends without being released. */
  readonly signal: AbortSignal;
  /** Gives the lock up; a second call does nothing. */
  release(): Promise<void>;
}

export interface LockStats {
  /** Leases granted. */
  readonly acquired: number;
  /** Leases that had to wait first. */
  readonly waited: number;
  /** Waits that ended in a timeout or were cancelled. */
  readonly abandoned: number;
  /** Total and longest wait of granted leases, in milliseconds. */
  readonly waitMs: number;
  readonly maxWaitMs: number;
  /** Total and longest time held, of leases that have ended, in milliseconds. */
  readonly heldMs: number;
  readonly maxHeldMs: number;
  /** Leases held now. */
  readonly held: number;
  /** Callers waiting now. */
  readonly waiting: number;
}

export interface LockDriver {
  /**
   * @throws {LOCK_TIMEOUT} when it is not granted within `waitMs`
   * @throws {CANCELLED} when the signal aborts first; the place in the queue is given up
   * @throws {INVALID_INPUT} for an empty or over-long key, or a time that is not a number
   */
  acquire(key: string, options?: AcquireOptions): Promise<Lease>;
  stats(): LockStats;
  /** Rejects every waiter with `CLOSED` and ends every lease. */
  close(): Promise<void>;
}
