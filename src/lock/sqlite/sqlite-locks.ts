/**
 * Locks for the tasks of every process of one machine, as rows of a SQLite file.
 *
 * A key is served first come first served, whichever process asks: see `lock-table.ts`. A lease ends
 * by the machine's clock, which nobody can set; a process that was suspended, or too busy to look,
 * may only learn late that its lease is over. What stops it then is its token: a write that is
 * guarded by the lease is checked against these rows in the transaction that makes it.
 */
import { cancelledError, throwIfAborted } from "../../base/abort.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import { preview } from "../../base/json.ts";
import { machineClock as systemMachineClock } from "../../base/machine-clock.ts";
import type { MachineClock } from "../../base/machine-clock.ts";
import {
  checkKey,
  checkPrefix,
  checkToken,
  checkTtl,
  type ResolvedAcquireOptions,
  resolveAcquireOptions,
} from "../acquire-options.ts";
import type { Lease, LockDriver, LockMode } from "../lock-driver.ts";
import { lockClosedError, lockTimeoutError, noSuchLeaseError } from "../lock-errors.ts";
import { LockMeter } from "../lock-meter.ts";
import { TimedLease } from "../timed-lease.ts";
import { openLockFile } from "./lock-file.ts";
import { isBusy } from "./lock-file-error.ts";
import { lockTable } from "./lock-table.ts";
import type { Granted, InLine, Visitor } from "./lock-table.ts";
import { lockWatch } from "./lock-watch.ts";
import { waitingLines } from "./waiting-lines.ts";
import type { Waiter } from "./waiting-lines.ts";

export interface SqliteLocksOptions {
  /** The database file; that of the skills, where leases are to guard writes. Created when absent. */
  readonly path: string;
  /** How long to wait for other processes, in milliseconds (default: `LIMITS.storeBusyMs`). */
  readonly busyMs?: number;
  /** Measures waits, and tells others until when a lock is held (default: the system's clock). */
  readonly clock?: Clock;
  /** Times leases; must be the same for all processes (default: the system's). */
  readonly machineClock?: MachineClock;
}

/** A holder takes its lease for lost so much before others do, in time to stop what it does. */
const MARGIN_MS = 100;
const MARGIN_SHARE = 0.1;

/** Rows of keys nobody asks for any more are looked for once in so many acquisitions. */
const PURGE_EVERY = 1_000;

/** A file is busy for that long now and then; who would not wait for the lock waits for this. */
const LEAST_BUSY_MS = 1_000;
/** Who gives up a wait is told so after that at the latest, out of line or not. */
const LEAVING_MS = 100;

const CLOSED = "the locks were closed";
const LAST_CHARACTER = "\u{10FFFF}";

/**
 * @throws {STORE_UNAVAILABLE} when the file is out of reach or stays busy
 * @throws {STORE_CORRUPT} when it is damaged or no SQLite database
 */
export async function sqliteLocks(options: SqliteLocksOptions): Promise<LockDriver> {
  const { path, busyMs = LIMITS.storeBusyMs, clock = systemClock } = options;
  const machine = options.machineClock ?? systemMachineClock;
  const file = await openLockFile(path, machine, busyMs);
  const table = lockTable(file, machine);
  const lines = waitingLines(file, table);
  const meter = new LockMeter();
  /** With when each was granted, by the clock of the meter. */
  const leases = new Map<TimedLease, number>();
  /** Released, while the file does not know it yet. */
  const passing = new Set<TimedLease>();
  const watch = lockWatch({
    path: file.path,
    dataVersion: file.dataVersion,
    place: () => lines.nearest,
    isHolding: () => leases.size > 0,
    look(hasChanged) {
      if (hasChanged) dropRevoked();
      lines.look(hasChanged);
    },
  });
  let acquisitions = 0;
  let closed = false;

  function dropRevoked(): void {
    if (leases.size === 0) return;
    try {
      const held = file.readNow(() =>
        table.stillHeld([...leases.keys()].map((each) => each.token)),
      );
      for (const lease of leases.keys())
        if (!held.has(lease.token)) lease.lose("it was revoked or another took over");
    } catch {
      // A busy file: the lease's own time is kept in any case.
    }
  }

  /** Its end in this process; what the file says of it is for the caller. */
  function forget(lease: TimedLease): void {
    const sinceMs = leases.get(lease);
    if (sinceMs !== undefined && leases.delete(lease)) meter.end(clock.monotonicMs() - sinceMs);
  }

  async function pass(lease: TimedLease): Promise<void> {
    forget(lease);
    if (closed) return;
    passing.add(lease);
    try {
      await file.transact(
        () => {
          table.release(lease.key, lease.token);
          return lines.admit(lease.key);
        },
        (granted) => lines.settle(lease.key, granted),
      );
    } catch (error) {
      // Closing has ended it as well.
      if (!closed) throw error;
    } finally {
      passing.delete(lease);
    }
  }

  function hold(
    { key, mode, ttlMs }: Pick<Visitor, "key" | "mode" | "ttlMs">,
    { token, untilMs }: Granted,
  ): TimedLease {
    const lease = new TimedLease({
      key,
      mode,
      ttlMs,
      token,
      nowMs: table.nowMs,
      endsAtMs: untilMs - marginMs(ttlMs),
      onRelease: pass,
      onLost: forget,
      async onRenew(_, renewedMs) {
        const work = (): number | undefined => table.renew(key, token, renewedMs);
        const renewedUntilMs = await file.transact(work, (until) => {
          // It may end sooner than those who wait were told; own commits tell them nothing.
          lines.lookAgain(key);
          return until;
        });
        return renewedUntilMs && renewedUntilMs - marginMs(renewedMs);
      },
    });
    meter.grant();
    leases.set(lease, clock.monotonicMs());
    watch.wake();
    return lease;
  }

  function wait(inLine: InLine, asked: ResolvedAcquireOptions, sinceMs: number): Promise<Lease> {
    const { promise, resolve, reject } = Promise.withResolvers<Lease>();
    const { key, mode } = inLine;
    const { waitMs, signal } = asked;
    const leftMs = Math.max(0, waitMs - (clock.monotonicMs() - sinceMs));
    const timer = setTimeout(() => void giveUp(() => timeoutError(key, mode, waitMs)), leftMs);
    const onAbort = (): void =>
      void giveUp(() => cancelledError(signal as AbortSignal, waitingFor(key)));
    signal?.addEventListener("abort", onAbort, { once: true });

    function stopWatching(): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }

    const waiter: Waiter = {
      ...inLine,
      grant(granted) {
        stopWatching();
        meter.dequeue(clock.monotonicMs() - sinceMs);
        resolve(hold(inLine, granted));
      },
      refuse(error) {
        stopWatching();
        meter.dismiss();
        reject(error);
      },
    };

    async function giveUp(reason: () => unknown): Promise<void> {
      if (!lines.drop(waiter)) return;
      stopWatching();
      meter.abandon();
      const error = await reason();
      await leaveLine(waiter);
      reject(error);
    }

    lines.add(waiter);
    meter.enqueue();
    watch.wake();
    return promise;
  }

  async function leaveLine({ key, ticket }: Waiter): Promise<void> {
    try {
      await file.transact(
        () => {
          table.leave(ticket);
          // Those behind it may have waited for nobody else.
          return lines.admit(key);
        },
        (granted) => lines.settle(key, granted),
        { busyMs: LEAVING_MS },
      );
    } catch {
      // Without signs of life it is passed over; why it gave up is what its caller must hear.
      lines.lookAgain(key);
    }
  }

  async function timeoutError(key: string, mode: LockMode, waitMs: number): Promise<unknown> {
    const nowMs = clock.now();
    try {
      const holders = await file.read(() => table.holders(key, `${key}\0`));
      return lockTimeoutError({ key, mode, waitMs, holders, nowMs });
    } catch {
      // Who holds it is a help and not the point.
      return lockTimeoutError({ key, mode, waitMs, holders: [], nowMs });
    }
  }

  function assertOpen(key: string): void {
    if (closed) throw lockClosedError(key);
  }

  return {
    async acquire(key, acquireOptions) {
      const asked = resolveAcquireOptions(key, acquireOptions);
      const { mode, ttlMs, waitMs, by, note, signal } = asked;
      const visitor: Visitor = { key, mode, ttlMs, by, note };
      const sinceMs = clock.monotonicMs();
      const patienceMs = Math.min(busyMs, Math.max(LEAST_BUSY_MS, waitMs));
      const entering = file.transact(
        () => {
          assertOpen(key);
          throwIfAborted(signal, waitingFor(key));
          if (acquisitions++ % PURGE_EVERY === 0) table.purgeAll();
          return table.enter(visitor, waitMs > 0);
        },
        (entered) => {
          if (entered === undefined) return "refused";
          if ("token" in entered) return hold(visitor, entered);
          return { granting: wait(entered, asked, sinceMs) };
        },
        { busyMs: patienceMs, signal },
      );
      const outcome = await entering.catch((error: unknown) => {
        throwIfAborted(signal, waitingFor(key));
        if (patienceMs === busyMs || !isBusy((error as Error).cause)) throw error;
        const refusal = { key, mode, waitMs, holders: [], nowMs: clock.now(), cause: error };
        throw lockTimeoutError(refusal);
      });
      if (outcome === "refused") {
        meter.refuse();
        throw await timeoutError(key, mode, waitMs);
      }
      return "granting" in outcome ? outcome.granting : outcome;
    },

    async resume(key, token, ttlMs) {
      checkKey(key);
      checkToken(token);
      if (ttlMs !== undefined) checkTtl(ttlMs);
      assertOpen(key);
      const known = [...leases.keys()].find((each) => each.key === key && each.token === token);
      if (known?.held()) {
        if (ttlMs !== undefined) await known.renew(ttlMs);
        known.attach();
        return known;
      }
      const lease = await file.transact(
        () => {
          assertOpen(key);
          if (ttlMs !== undefined) table.renew(key, token, ttlMs);
          return table.find(key, token);
        },
        (row) => {
          lines.lookAgain(key);
          if (row === undefined) return undefined;
          // Counted from now: what it was asked for first is not known.
          const leftMs = ttlMs ?? row.untilMs - table.nowMs();
          return hold({ key, mode: row.mode, ttlMs: leftMs }, { token, untilMs: row.untilMs });
        },
      );
      if (lease === undefined) throw noSuchLeaseError(key, token);
      return lease;
    },

    async revoke(key) {
      checkKey(key);
      assertOpen(key);
      return file.transact(
        () => ({ count: table.revoke(key), granted: lines.admit(key) }),
        ({ count, granted }) => {
          for (const lease of leases.keys()) if (lease.key === key) lease.lose("it was revoked");
          lines.settle(key, granted);
          return count;
        },
      );
    },

    holders(prefix) {
      checkPrefix(prefix);
      const read = () => table.holders(prefix, prefix + LAST_CHARACTER);
      try {
        return file.readNow(read);
      } catch {
        // Busy or broken: the asynchronous way waits, and reports what stays wrong.
        return file.read(read);
      }
    },

    stats: () => meter.snapshot(),

    async close() {
      if (closed) return;
      closed = true;
      watch.stop();
      const waiters = lines.clear();
      for (const waiter of waiters) waiter.refuse(lockClosedError(waiter.key));
      const ending = [...leases.keys()].filter((lease) => !lease.isDetached);
      for (const lease of leases.keys()) {
        if (lease.isDetached) lease.leave();
        else lease.lose(CLOSED);
        forget(lease);
      }
      const tickets = waiters.map(({ ticket }) => ticket);
      const tokens = [...ending, ...passing].map(({ token }) => token);
      try {
        if (tickets.length + tokens.length > 0)
          await file.transact(
            () => table.leaveAll(tickets, tokens),
            () => undefined,
          );
      } catch {
        // What can not be taken out runs out, and closing must not fail for it.
      } finally {
        file.close();
      }
    },
  };
}

function marginMs(ttlMs: number): number {
  return Math.min(MARGIN_MS, ttlMs * MARGIN_SHARE);
}

function waitingFor(key: string): string {
  return `Waiting for lock ${preview(key)}`;
}
