/** Those of this process who wait for locks: one line for each key, in the order of the file. */
import type { LockFile } from "./lock-file.ts";
import { signDueAtMs } from "./lock-table.ts";
import type { Granted, InLine, LockTable } from "./lock-table.ts";

export interface Waiter extends InLine {
  /** Both are called outside any transaction, once, and one of them alone. */
  readonly grant: (granted: Granted) => void;
  readonly refuse: (error: unknown) => void;
}

interface Line {
  readonly key: string;
  readonly waiters: Map<number, Waiter>;
  /** As last looked at: how many of other processes come first. */
  place: number;
  /** When to look although nothing was committed. */
  movesAtMs: number;
  signAtMs: number;
  isMoving: boolean;
}

export interface WaitingLines {
  /** How many others are before whoever of this process is nearest to its turn; none without waiters. */
  readonly nearest: number | undefined;
  add(waiter: Waiter): void;
  /** Takes it out of line; whether it was still in it. */
  drop(waiter: Waiter): boolean;
  /** Within a transaction: lets in whose turn it is in this process, if anybody. */
  admit(key: string): ReadonlyMap<number, Granted>;
  /** After that transaction: tells them. */
  settle(key: string, granted: ReadonlyMap<number, Granted>): void;
  /** To be called when this process changed when the line of a key moves. */
  lookAgain(key: string): void;
  /** Looks whose turn it is, where something may have moved. */
  look(hasChanged: boolean): void;
  /** Everybody in line, who is so no more. */
  clear(): readonly Waiter[];
}

const NOBODY: ReadonlyMap<number, Granted> = new Map();

export function waitingLines(file: LockFile, table: LockTable): WaitingLines {
  const lines = new Map<string, Line>();

  function drop(waiter: Waiter): boolean {
    const line = lines.get(waiter.key);
    if (line === undefined || !line.waiters.delete(waiter.ticket)) return false;
    if (line.waiters.size === 0) lines.delete(waiter.key);
    return true;
  }

  function admit(key: string): ReadonlyMap<number, Granted> {
    const line = lines.get(key);
    return line === undefined ? NOBODY : table.admit(key, line.waiters);
  }

  function settle(key: string, granted: ReadonlyMap<number, Granted>): void {
    const line = lines.get(key);
    if (line === undefined) return;
    line.movesAtMs = 0;
    const served = [...granted].flatMap(([ticket, lease]) => {
      const waiter = line.waiters.get(ticket);
      return waiter !== undefined && drop(waiter) ? [{ waiter, lease }] : [];
    });
    line.signAtMs = signDueAtMs(line.waiters);
    for (const { waiter, lease } of served) waiter.grant(lease);
  }

  async function move(line: Line): Promise<void> {
    line.isMoving = true;
    const { key } = line;
    try {
      await file.transact(
        () => admit(key),
        (granted) => settle(key, granted),
      );
    } catch (error) {
      // Nobody could be let in any more: better told than left to wait.
      for (const waiter of line.waiters.values()) if (drop(waiter)) waiter.refuse(error);
    } finally {
      line.isMoving = false;
    }
  }

  function lookAt(line: Line, hasChanged: boolean): void {
    const nowMs = table.nowMs();
    const isSignDue = nowMs >= line.signAtMs;
    if (line.isMoving || !(hasChanged || isSignDue || nowMs >= line.movesAtMs)) return;
    try {
      const { next, place, movesAtMs } = file.readNow(() => table.front(line.key, line.waiters));
      line.place = place;
      line.movesAtMs = movesAtMs;
      if (isSignDue || next.length > 0) void move(line);
    } catch {
      // A busy file is looked at again after the next pause; a broken one fails the next move.
      line.movesAtMs = 0;
      if (isSignDue) void move(line);
    }
  }

  return {
    get nearest() {
      let nearest: number | undefined;
      for (const { place } of lines.values()) nearest = Math.min(nearest ?? place, place);
      return nearest;
    },
    add(waiter) {
      let line = lines.get(waiter.key);
      if (line === undefined) {
        line = {
          key: waiter.key,
          waiters: new Map(),
          place: 0,
          movesAtMs: 0,
          signAtMs: Number.POSITIVE_INFINITY,
          isMoving: false,
        };
        lines.set(waiter.key, line);
      }
      line.waiters.set(waiter.ticket, waiter);
      line.signAtMs = Math.min(line.signAtMs, signDueAtMs(new Map([[waiter.ticket, waiter]])));
    },
    drop,
    admit,
    settle,
    lookAgain(key) {
      const line = lines.get(key);
      if (line !== undefined) line.movesAtMs = 0;
    },
    look(hasChanged) {
      for (const line of lines.values()) lookAt(line, hasChanged);
    },
    clear() {
      const everybody = [...lines.values()].flatMap((line) => [...line.waiters.values()]);
      lines.clear();
      return everybody;
    },
  };
}
