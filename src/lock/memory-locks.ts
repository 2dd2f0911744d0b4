/**
 * Locks for the tasks of one process, by key.
 *
 * Each key in use has a lock of its own, first come first served; it is dropped once nobody holds
 * it and nobody waits for it, so keys that are no longer used cost nothing.
 *
 * A lease ends by itself after its time to live, counted by a timer of this process: a task that
 * blocks the event loop keeps its lease until it lets go of the loop. The end of a lease does not
 * stop the work done under it; listen to its signal, and guard writes by its token.
 */
import { type Clock, systemClock } from "../base/clock.ts";
import { RepertoireError } from "../base/errors.ts";
import { preview } from "../base/json.ts";
import { type ResolvedAcquireOptions, resolveAcquireOptions } from "./acquire-options.ts";
import type { AcquireOptions, Lease, LockDriver } from "./lock-driver.ts";
import { LockMeter } from "./lock-meter.ts";
import { MemoryLease } from "./memory-lease.ts";
import { AsyncRWLock } from "./rw-lock.ts";

export interface MemoryLocksOptions {
  /** Measures the times in the statistics, and starts the tokens (default: the system's clock). */
  readonly clock?: Clock;
}

export interface MemoryLocks extends LockDriver {
  /** Keys that are held or waited for now. */
  readonly keyCount: number;
}

/** Tokens a millisecond leaves room for. */
const TOKENS_PER_MS = 1_000_000n;

export function memoryLocks(options: MemoryLocksOptions = {}): MemoryLocks {
  const { clock = systemClock } = options;
  const meter = new LockMeter();
  const locks = new Map<string, AsyncRWLock>();
  const leases = new Set<MemoryLease>();
  let closed = false;

  // A token may be stored with what it guarded. Counting on from the time of day keeps it greater
  // than those of an earlier process, as long as the clock was not set back.
  const firstToken = BigInt(Math.trunc(clock.now())) * TOKENS_PER_MS;

  function lockOf(key: string): AsyncRWLock {
    let lock = locks.get(key);
    if (lock === undefined) {
      lock = new AsyncRWLock({ name: `lock ${preview(key)}`, clock, meter });
      locks.set(key, lock);
    }
    return lock;
  }

  // Safe at any time: an idle lock has no waiter that could be left behind on it.
  function dropIdle(key: string, lock: AsyncRWLock): void {
    if (lock.isIdle && locks.get(key) === lock) locks.delete(key);
  }

  async function acquireLease(key: string, asked: ResolvedAcquireOptions): Promise<Lease> {
    const { mode, ttlMs, waitMs, signal } = asked;
    const lock = lockOf(key);
    try {
      const hold = await lock.acquire(mode, signal ? { waitMs, signal } : { waitMs });
      const lease = new MemoryLease({
        key,
        mode,
        ttlMs,
        token: firstToken + BigInt(hold.sequence),
        onEnd: (lease) => {
          leases.delete(lease);
          hold.release();
          dropIdle(key, lock);
        },
      });
      leases.add(lease);
      // Closed between the grant and now.
      if (closed) {
        lease.lose("the locks were closed");
        throw closedError(key);
      }
      return lease;
    } finally {
      dropIdle(key, lock);
    }
  }

  return {
    get keyCount() {
      return locks.size;
    },
    async acquire(key: string, acquireOptions?: AcquireOptions): Promise<Lease> {
      const asked = resolveAcquireOptions(key, acquireOptions);
      if (closed) throw closedError(key);
      return acquireLease(key, asked);
    },
    stats: () => meter.snapshot(),
    async close(): Promise<void> {
      closed = true;
      // Waiters first: otherwise the leases that end would be passed on to them.
      for (const lock of locks.values()) lock.close();
      for (const lease of leases) lease.lose("the locks were closed");
    },
  };
}

function closedError(key: string): RepertoireError {
  return new RepertoireError("CLOSED", `Can not acquire lock ${preview(key)}: it was closed`);
}
