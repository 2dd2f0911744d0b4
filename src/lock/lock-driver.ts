/** The socket for locks: a key held by many readers or one writer, for a bounded time. */

export type LockMode = "read" | "write";

export interface AcquireOptions {
  /** (default: "write") */
  readonly mode?: LockMode;
  /** How long the lease lasts unless it is renewed or released, in milliseconds (default: 30,000). */
  readonly ttlMs?: number;
  /** How long to wait for it, in milliseconds (default: 10,000); 0 does not wait. */
  readonly waitMs?: number;
  /** Who asks, as others are told, 1 to 256 characters (default: the process and its number). */
  readonly by?: string;
  /** What for, as others are told, 1 to 1,024 characters. */
  readonly note?: string;
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
  /** Whether it is still held, by a clock that nobody can set, and with a margin for its use. */
  held(): boolean;
  /**
   * Lets it last from now on for `ttlMs` (default: as long as it was asked for last).
   *
   * @throws {LEASE_LOST} when it has ended; it can not be brought back
   * @throws {INVALID_INPUT} for a time that is none
   */
  renew(ttlMs?: number): Promise<void>;
  /**
   * Leaves it to run its time: neither `release` nor closing the library ends it any more. Whoever
   * knows its key and token can take it up with {@link LockDriver.resume}.
   */
  detach(): void;
  /** Gives the lock up; a second call, or one after it was lost, does nothing. */
  release(): Promise<void>;
}

/** Who holds a lock, as others may know it. */
export interface LockHolder {
  readonly key: string;
  readonly mode: LockMode;
  readonly token: bigint;
  readonly by: string;
  readonly note?: string;
  /** How long it has been held, and how long it will be unless it is renewed or released. */
  readonly heldMs: number;
  readonly remainingMs: number;
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
   * @throws {LOCK_TIMEOUT} when it is not granted within `waitMs`; it tells who holds it, until when
   * @throws {CANCELLED} when the signal aborts first; the place in the queue is given up
   * @throws {CLOSED} when the locks are closed, now or while waiting
   * @throws {INVALID_INPUT} for an empty or over-long key, or a time that is not a number
   */
  acquire(key: string, options?: AcquireOptions): Promise<Lease>;

  /**
   * The lease with this key and token, which may have been granted to another process.
   *
   * @param ttlMs how long it lasts from now on (default: what is left of it)
   * @throws {LEASE_LOST} when it has ended
   */
  resume(key: string, token: bigint, ttlMs?: number): Promise<Lease>;

  /**
   * Ends every lease of a key, whoever holds it; their signals abort.
   *
   * @returns how many there were
   */
  revoke(key: string): Promise<number>;

  /**
   * Who holds locks whose key begins like this. Returns without a promise where that is cheap.
   *
   * @throws {INVALID_INPUT} when it is no string
   */
  holders(prefix: string): readonly LockHolder[] | Promise<readonly LockHolder[]>;

  stats(): LockStats;
  /** Rejects every waiter with `CLOSED` and ends every lease that was not detached. */
  close(): Promise<void>;
}
