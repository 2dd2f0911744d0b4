/**
 * What the host thread and one worker both see at any moment, even while the worker executes guest
 * code and reads no messages: whether a slot was told to stop, when its attempt began, whether it
 * waits for its turn, how much time it lost so, how much processor time it used, and which slot is
 * executing since when. Times are of `monotonicMs`.
 */

import { monotonicMs } from "../run/monotonic.ts";

const FREE = 0;
const ASSIGNED = 1;
const RUNNING = 2;
const CANCELLED = 3;
const WITHDRAWN = 4;

/** Bytes of one slot, and of the header: a 64-bit time and four 32-bit numbers. */
const RECORD_BYTES = 24;

/** Processor time is kept in tenths of a millisecond. */
const CPU_UNITS_PER_MS = 10;
const MAX_INT = 2 ** 31 - 1;
/** How much of the time since a slot executes is in its processor time already. */
const COUNTED_INDEX = 3;

export class SharedState {
  readonly buffer: SharedArrayBuffer;
  readonly #numbers: Int32Array;
  readonly #times: BigInt64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#numbers = new Int32Array(buffer);
    this.#times = new BigInt64Array(buffer);
  }

  static forSlots(slots: number): SharedState {
    return new SharedState(new SharedArrayBuffer(RECORD_BYTES * (slots + 1)));
  }

  // ---- written by the host thread

  /** A new attempt has the slot and has not begun. */
  assign(slot: number): void {
    this.#setTime(slot + 1, 0);
    Atomics.store(this.#numbers, this.#turnsIndex(slot), 0);
    Atomics.store(this.#numbers, this.#creditIndex(slot), 0);
    Atomics.store(this.#numbers, this.#cpuIndex(slot), 0);
    this.#setState(slot, ASSIGNED);
  }

  /** Tells the attempt to stop; guest code notices at its next branch. */
  cancel(slot: number): void {
    this.#setState(slot, CANCELLED);
  }

  /** Takes an attempt back before it begins; false when it has begun. */
  withdraw(slot: number): boolean {
    return this.#exchange(slot, ASSIGNED, WITHDRAWN) === ASSIGNED;
  }

  release(slot: number): void {
    this.#setState(slot, FREE);
  }

  // ---- written by the worker

  /** Begins an attempt; says why when it may not. */
  begin(slot: number): "begun" | "cancelled" | "withdrawn" {
    this.#setTime(slot + 1, monotonicMs());
    const before = this.#exchange(slot, ASSIGNED, RUNNING);
    return before === ASSIGNED ? "begun" : before === WITHDRAWN ? "withdrawn" : "cancelled";
  }

  /** Marks the slot as the one executing. */
  enter(slot: number): void {
    this.#setTime(0, monotonicMs());
    Atomics.store(this.#numbers, COUNTED_INDEX, 0);
    Atomics.store(this.#numbers, 2, slot + 1);
  }

  /**
   * Tells the processor time of the executing slot so far. What it does from now on counts as long
   * as it lasts, until it is told again.
   */
  tellCpu(slot: number, cpuMs: number): void {
    // In this order the host may see too little for a moment, but never too much.
    this.#storeCpu(COUNTED_INDEX, monotonicMs() - this.#time(0));
    this.#storeCpu(this.#cpuIndex(slot), cpuMs);
  }

  /** The executing slot stops, having used so much processor time in all. */
  leave(slot: number, cpuMs: number): void {
    Atomics.store(this.#numbers, COUNTED_INDEX, MAX_INT);
    this.#storeCpu(this.#cpuIndex(slot), cpuMs);
    Atomics.store(this.#numbers, 2, 0);
  }

  /** Gives the attempt back time it lost to a neighbour. */
  credit(slot: number, ms: number): void {
    Atomics.add(this.#numbers, this.#creditIndex(slot), Math.round(ms));
  }

  // ---- written by both

  /** The attempt has something to do: an answer to read, or work to go on with. */
  askTurn(slot: number): void {
    Atomics.add(this.#numbers, this.#turnsIndex(slot), 1);
  }

  /** What was asked for with {@link askTurn} has reached the attempt. */
  takeTurn(slot: number): void {
    Atomics.sub(this.#numbers, this.#turnsIndex(slot), 1);
  }

  // ---- read by both

  awaitsTurn(slot: number): boolean {
    return Atomics.load(this.#numbers, this.#turnsIndex(slot)) > 0;
  }

  /** Time the attempt was given back so far, in milliseconds. */
  creditMs(slot: number): number {
    return Atomics.load(this.#numbers, this.#creditIndex(slot));
  }

  /** Processor time the slot's attempt used so far, in milliseconds. */
  cpuMs(slot: number): number {
    const before = this.executing();
    const toldMs = this.#loadCpu(this.#cpuIndex(slot));
    const countedMs = this.#loadCpu(COUNTED_INDEX);
    const nowMs = monotonicMs();
    const after = this.executing();
    const executes = before?.slot === slot && after?.slot === slot;
    if (!executes || before.sinceMs !== after.sinceMs) return toldMs;
    return toldMs + Math.max(0, nowMs - before.sinceMs - countedMs);
  }

  isCancelled(slot: number): boolean {
    return Atomics.load(this.#numbers, this.#stateIndex(slot)) === CANCELLED;
  }

  /** When the slot's attempt began, if it has. */
  startedAtMs(slot: number): number | undefined {
    const time = this.#time(slot + 1);
    return time === 0 ? undefined : time;
  }

  /** The slot executing at this moment and since when, if any. */
  executing(): { readonly slot: number; readonly sinceMs: number } | undefined {
    const slot = Atomics.load(this.#numbers, 2) - 1;
    return slot < 0 ? undefined : { slot, sinceMs: this.#time(0) };
  }

  #stateIndex(slot: number): number {
    return (slot + 1) * 6 + 2;
  }

  #turnsIndex(slot: number): number {
    return (slot + 1) * 6 + 3;
  }

  #creditIndex(slot: number): number {
    return (slot + 1) * 6 + 4;
  }

  #cpuIndex(slot: number): number {
    return (slot + 1) * 6 + 5;
  }

  #storeCpu(index: number, ms: number): void {
    Atomics.store(this.#numbers, index, Math.min(MAX_INT, Math.round(ms * CPU_UNITS_PER_MS)));
  }

  #loadCpu(index: number): number {
    return Atomics.load(this.#numbers, index) / CPU_UNITS_PER_MS;
  }

  #setState(slot: number, state: number): void {
    Atomics.store(this.#numbers, this.#stateIndex(slot), state);
  }

  #exchange(slot: number, from: number, to: number): number {
    return Atomics.compareExchange(this.#numbers, this.#stateIndex(slot), from, to);
  }

  #time(record: number): number {
    return Number(Atomics.load(this.#times, record * 3)) / 1000;
  }

  #setTime(record: number, ms: number): void {
    Atomics.store(this.#times, record * 3, BigInt(Math.round(ms * 1000)));
  }
}
