/**
 * The rows of the locks and the rules for them: who is next, and what counts. Synchronous; what
 * writes is to be called within a transaction.
 *
 * Somebody is let in when nobody holds the key, or waits for it before them, whom they may not be
 * with: a writer may be with nobody, and a reader with readers. So all are served in the order they
 * came, and readers next to each other together. A waiter takes its own turn when it sees that it
 * has come; one that died is passed over as soon as its sign of life is too old.
 */
import type { MachineClock } from "../../base/machine-clock.ts";
import type { LockHolder, LockMode } from "../lock-driver.ts";
import type { LockFile } from "./lock-file.ts";

/** How long a waiter counts after its last sign of life. */
const WAITER_MS = 2_000;
/** How old a sign of life may become before it is renewed. */
const SIGN_EVERY_MS = 500;
/** Those at the front of a line that are looked at: the next ones are let in after them. */
const FRONT = 64;

const NUMBER = "UPDATE lock_state SET last = last + 1 RETURNING last";
const PURGE = "DELETE FROM locks WHERE key = ? AND (until_ms <= ? OR since_ms > ?)";
const PURGE_ALL = "DELETE FROM locks WHERE until_ms <= ? OR since_ms > ?";
const IN_THE_WAY = "SELECT 1 FROM locks WHERE key = ? AND (mode = 'write' OR ?) LIMIT 1";
const ENTER = `INSERT INTO locks (ticket, key, mode, token, since_ms, until_ms, holder)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;
const SIGN = `${ENTER} ON CONFLICT (ticket) DO UPDATE SET until_ms = excluded.until_ms`;
const GRANT = "UPDATE locks SET token = ?, since_ms = ?, until_ms = ? WHERE ticket = ?";
const LIVE = "since_ms <= ? AND until_ms > ?";
const HELD = `SELECT count(*) AS count, max(mode = 'write') AS writing, min(until_ms) AS untilMs
  FROM locks WHERE key = ? AND token IS NOT NULL AND ${LIVE}`;
const LINE = `SELECT ticket, mode, until_ms AS untilMs FROM locks
  WHERE key = ? AND token IS NULL AND ${LIVE} ORDER BY ticket LIMIT ${FRONT}`;
const RENEW = `UPDATE locks SET until_ms = ? WHERE key = ? AND token = ? AND ${LIVE}`;
const FIND = `SELECT mode, since_ms AS sinceMs, until_ms AS untilMs FROM locks
  WHERE key = ? AND token = ? AND ${LIVE}`;
const RELEASE = "DELETE FROM locks WHERE key = ? AND token = ?";
const REVOKE = "DELETE FROM locks WHERE key = ? AND token IS NOT NULL";
const LEAVE = "DELETE FROM locks WHERE ticket = ? AND token IS NULL";
const LEAVE_ALL = `DELETE FROM locks WHERE ticket IN (SELECT value FROM json_each(?))
  OR token IN (SELECT value FROM json_each(?))`;
const STILL_HELD = `SELECT token FROM locks WHERE token IN (SELECT value FROM json_each(?))`;
const HOLDERS = `SELECT key, mode, token, since_ms AS sinceMs, until_ms AS untilMs, holder
  FROM locks WHERE key >= ? AND key < ? AND token IS NOT NULL AND ${LIVE} ORDER BY key, token`;

/** Who asks for a lock. */
export interface Visitor {
  readonly key: string;
  readonly mode: LockMode;
  readonly ttlMs: number;
  readonly by: string;
  readonly note: string | undefined;
}

/** A visitor in line, in this process. */
export interface InLine extends Visitor {
  readonly ticket: number;
  /** Until when its last sign of life counts. */
  countsUntilMs: number;
}

export interface Granted {
  readonly token: bigint;
  readonly untilMs: number;
}

export interface Front {
  /** Tickets of this process whose turn it is. */
  readonly next: readonly number[];
  /** How many of other processes are before the first of this one. */
  readonly place: number;
  /** When the line moves by itself: somebody's time is over. */
  readonly movesAtMs: number;
}

export type LockTable = ReturnType<typeof lockTable>;

export function lockTable(file: LockFile, machine: MachineClock) {
  const { statement } = file;
  const nowMs = (): number => machine.nowMs();

  function nextNumber(): number {
    return Number(statement(NUMBER).get()?.["last"]);
  }

  function front(key: string, mine: ReadonlyMap<number, InLine>): Front {
    const now = nowMs();
    const held = statement(HELD).get(key, now, now) as unknown as {
      readonly count: number;
      readonly writing: number | null;
      readonly untilMs: number | null;
    };
    const line = statement(LINE).all(key, now, now) as unknown as readonly {
      readonly ticket: number;
      readonly mode: LockMode;
      readonly untilMs: number;
    }[];
    let movesAtMs = held.untilMs ?? Number.POSITIVE_INFINITY;
    let isFree = held.count === 0;
    let admitsReaders = held.writing !== 1;
    const first = line.findIndex(({ ticket }) => mine.has(ticket));
    const next: number[] = [];
    for (const { ticket, mode, untilMs } of line) {
      const isMine = mine.has(ticket);
      if (isMine && (mode === "read" ? admitsReaders : isFree)) next.push(ticket);
      if (!isMine) movesAtMs = Math.min(movesAtMs, untilMs);
      isFree = false;
      if (mode === "write") admitsReaders = false;
      if (!admitsReaders) break;
    }
    return { next, place: first < 0 ? line.length : first, movesAtMs };
  }

  function purge(key: string, now: number): void {
    statement(PURGE).run(key, now, now);
  }

  return {
    nowMs,
    front,

    /** Lets a visitor in, or else gives it a place in line unless it would not wait. */
    enter(visitor: Visitor, waits: boolean): Granted | InLine | undefined {
      const { key, mode, ttlMs } = visitor;
      const now = nowMs();
      purge(key, now);
      const isFree = statement(IN_THE_WAY).get(key, mode === "write" ? 1 : 0) === undefined;
      if (!isFree && !waits) return undefined;
      const number = nextNumber();
      const untilMs = now + (isFree ? ttlMs : WAITER_MS);
      const token = isFree ? number : null;
      statement(ENTER).run(number, key, mode, token, now, untilMs, holderJson(visitor));
      return isFree
        ? { token: BigInt(number), untilMs }
        : { ...visitor, ticket: number, countsUntilMs: untilMs };
    },

    /** Lets in everyone of this process whose turn it is, and says that the others are alive. */
    admit(key: string, mine: ReadonlyMap<number, InLine>): ReadonlyMap<number, Granted> {
      const granted = new Map<number, Granted>();
      if (mine.size === 0) return granted;
      const now = nowMs();
      // Before what is too old is removed: one that was late has its old place again.
      for (const waiter of mine.values()) {
        if (!isDue(waiter, now)) continue;
        const { ticket, mode } = waiter;
        const untilMs = now + WAITER_MS;
        statement(SIGN).run(ticket, key, mode, null, now, untilMs, holderJson(waiter));
        waiter.countsUntilMs = untilMs;
      }
      purge(key, now);
      for (let { next } = front(key, mine); next.length > 0; { next } = front(key, mine)) {
        for (const ticket of next) {
          const number = nextNumber();
          const untilMs = now + (mine.get(ticket)?.ttlMs ?? 0);
          statement(GRANT).run(number, now, untilMs, ticket);
          granted.set(ticket, { token: BigInt(number), untilMs });
        }
      }
      return granted;
    },

    /** The new end, unless the lease has ended. */
    renew(key: string, token: bigint, ttlMs: number): number | undefined {
      const now = nowMs();
      const { changes } = statement(RENEW).run(now + ttlMs, key, token, now, now);
      return Number(changes) === 0 ? undefined : now + ttlMs;
    },

    find(key: string, token: bigint) {
      const now = nowMs();
      return statement(FIND).get(key, token, now, now) as
        | { readonly mode: LockMode; readonly sinceMs: number; readonly untilMs: number }
        | undefined;
    },

    release: (key: string, token: bigint): void => void statement(RELEASE).run(key, token),

    revoke(key: string): number {
      purge(key, nowMs());
      return Number(statement(REVOKE).run(key).changes);
    },

    leave: (ticket: number): void => void statement(LEAVE).run(ticket),

    leaveAll(tickets: readonly number[], tokens: readonly bigint[]): void {
      statement(LEAVE_ALL).run(JSON.stringify(tickets), JSON.stringify(tokens.map(Number)));
    },

    /** Rows of keys that nobody asks for any more. */
    purgeAll(): void {
      const now = nowMs();
      statement(PURGE_ALL).run(now, now);
    },

    stillHeld(tokens: readonly bigint[]): ReadonlySet<bigint> {
      const rows = statement(STILL_HELD).all(JSON.stringify(tokens.map(Number)));
      return new Set(rows.map((row) => BigInt(row["token"] as number)));
    },

    holders(from: string, before: string): readonly LockHolder[] {
      const now = nowMs();
      return statement(HOLDERS)
        .all(from, before, now, now)
        .map((row) => ({
          key: row["key"] as string,
          mode: row["mode"] as LockMode,
          token: BigInt(row["token"] as number),
          ...(JSON.parse(row["holder"] as string) as { by: string; note?: string }),
          heldMs: now - (row["sinceMs"] as number),
          remainingMs: (row["untilMs"] as number) - now,
        }));
    },
  };
}

/** When the next of these has to say that it is alive. */
export function signDueAtMs(mine: ReadonlyMap<number, InLine>): number {
  let countsUntilMs = Number.POSITIVE_INFINITY;
  for (const each of mine.values()) countsUntilMs = Math.min(countsUntilMs, each.countsUntilMs);
  return countsUntilMs - (WAITER_MS - SIGN_EVERY_MS);
}

function isDue(waiter: InLine, now: number): boolean {
  return now >= waiter.countsUntilMs - (WAITER_MS - SIGN_EVERY_MS);
}

function holderJson({ by, note }: Visitor): string {
  return JSON.stringify({ by, note });
}
