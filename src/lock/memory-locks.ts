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
import {
  checkKey,
  checkPrefix,
  checkToken,
  type ResolvedAcquireOptions,
  resolveAcquireOptions,
} from "./acquire-options.ts";
import type { Lease, LockDriver, LockHolder } from "./lock-driver.ts";
import { lockClosedError, lockTimeoutError, noSuchLeaseError } from "./lock-errors.ts";
import { LockMeter } from "./lock-meter.ts";
import { AsyncRWLock } from "./rw-lock.ts";
import { TimedLease } from "./timed-lease.ts";

export interface MemoryLocksOptions {
  /** Measures the times in the statistics, and starts the tokens (default: the system's clock). */
  readonly clock?: Clock;
}

export interface MemoryLocks extends LockDriver {
  /** Keys that are held or waited for now. */
  readonly keyCount: number;
}

const CLOSED = "the locks were closed";

/** Tokens a millisecond leaves room for. */
const TOKENS_PER_MS = 1_000_000n;

/** What is known of a lease besides the lease. */
interface Holding {
  readonly by: string;
  readonly note: string | undefined;
  readonly sinceMs: number;
}

export function memoryLocks(options: MemoryLocksOptions = {}): MemoryLocks {
  const { clock = systemClock } = options;
  const meter = new LockMeter();
  const locks = new Map<string, AsyncRWLock>();
  const leases = new Map<TimedLease, Holding>();
  const nowMs = (): number => clock.monotonicMs();
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
    const { mode, ttlMs, waitMs, by, note, signal } = asked;
    const lock = lockOf(key);
    try {
      const hold = await lock.acquire(mode, signal ? { waitMs, signal } : { waitMs });
      const end = (ended: TimedLease): void => {
        leases.delete(ended);
        hold.release();
        dropIdle(key, lock);
      };
      const lease = new TimedLease({
        key,
        mode,
        ttlMs,
        token: firstToken + BigInt(hold.sequence),
        nowMs,
        endsAtMs: nowMs() + ttlMs,
        onLost: end,
        onRelease: end,
        onRenew: (_, renewedMs) => nowMs() + renewedMs,
      });
      leases.set(lease, { by, note, sinceMs: nowMs() });
      // Closed between the grant and now.
      if (closed) {
        lease.lose(CLOSED);
        throw lockClosedError(key);
      }
      return lease;
    } catch (error) {
      if (!(error instanceof RepertoireError && error.code === "LOCK_TIMEOUT")) throw error;
      const holders = holdersWhere((held) => held === key);
      throw lockTimeoutError({ key, mode, waitMs, holders, nowMs: clock.now() });
    } finally {
      dropIdle(key, lock);
    }
  }

  function holdersWhere(isWanted: (key: string) => boolean): LockHolder[] {
    return [...leases]
      .filter(([{ key }]) => isWanted(key))
      .map(([lease, { by, note, sinceMs }]) => ({
        key: lease.key,
        mode: lease.mode,
        token: lease.token,
        by,
        ...(note === undefined ? {} : { note }),
        heldMs: nowMs() - sinceMs,
        remainingMs: lease.remainingMs,
      }));
  }

  return {
    get keyCount() {
      return locks.size;
    },
    async acquire(key, acquireOptions) {
      const asked = resolveAcquireOptions(key, acquireOptions);
      if (closed) throw lockClosedError(key);
      return acquireLease(key, asked);
    },
    async resume(key, token, ttlMs) {
      checkKey(key);
      checkToken(token);
      if (closed) throw lockClosedError(key);
      const lease = [...leases.keys()].find((each) => each.key === key && each.token === token);
      if (lease === undefined || !lease.held()) throw noSuchLeaseError(key, token);
      if (ttlMs !== undefined) await lease.renew(ttlMs);
      lease.attach();
      return lease;
    },
    async revoke(key) {
      checkKey(key);
      const revoked = [...leases.keys()].filter((lease) => lease.key === key);
      for (const lease of revoked) lease.lose("it was revoked");
      return revoked.length;
    },
    holders(prefix) {
      checkPrefix(prefix);
      return holdersWhere((key) => key.startsWith(prefix));
    },
    stats: () => meter.snapshot(),
    async close(): Promise<void> {
      closed = true;
      // Waiters first: otherwise the leases that end would be passed on to them.
      for (const lock of locks.values()) lock.close();
      for (const lease of leases.keys()) {
        if (lease.isDetached) lease.leave();
        else lease.lose(CLOSED);
      }
    },
  };
}
