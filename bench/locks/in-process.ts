/** What taking and giving up a lock costs inside one process, beside other packages. */
import { Bench } from "tinybench";
import { memoryLocks } from "../../src/lock/memory-locks.ts";
import { AsyncRWLock } from "../../src/lock/rw-lock.ts";
import { peerLocks } from "./peers.ts";
import type { InProcessLock } from "./peers.ts";

const ROUNDS = 7;
const ROUND_MS = 60;
const ACQUISITIONS = 1_000;
const TASKS = 20;
const WRITER_EVERY = 10;

/** The simplest mutex there is: no readers, no timeout and no way to leave the line. */
function promiseChain(): InProcessLock {
  let last: Promise<void> = Promise.resolve();
  const acquire = (): Promise<() => void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const turn = last.then(() => resolve);
    last = promise;
    return turn;
  };
  return { name: "promise chain (a mutex)", read: acquire, write: acquire };
}

function ownLock(): InProcessLock {
  const lock = new AsyncRWLock();
  const take = async (mode: "read" | "write"): Promise<() => void> => {
    const hold = await lock.acquire(mode);
    return () => hold.release();
  };
  return { name: "AsyncRWLock", read: () => take("read"), write: () => take("write") };
}

function ownLeases(): InProcessLock {
  const locks = memoryLocks();
  const take = async (mode: "read" | "write"): Promise<() => void> => {
    const lease = await locks.acquire("k", { mode });
    return () => void lease.release();
  };
  return { name: "memoryLocks (leases)", read: () => take("read"), write: () => take("write") };
}

async function alone(take: () => Promise<() => void>): Promise<void> {
  for (let index = 0; index < ACQUISITIONS; index++) (await take())();
}

/** Tasks that hold the lock over a turn of the microtask queue, so that they get in each other's way. */
async function together(lock: InProcessLock): Promise<void> {
  const task = async (number: number): Promise<void> => {
    for (let index = number; index < ACQUISITIONS; index += TASKS) {
      const isWriter = Math.floor(index / TASKS) % WRITER_EVERY === index % WRITER_EVERY;
      const release = await (isWriter ? lock.write() : lock.read());
      await Promise.resolve();
      release();
    }
  };
  await Promise.all(Array.from({ length: TASKS }, (_, number) => task(number)));
}

export async function benchInProcess(): Promise<void> {
  const locks = [promiseChain(), ownLock(), ownLeases(), ...peerLocks()];
  const cases = locks.flatMap((lock) => [
    { lock, column: "read alone", run: () => alone(lock.read) },
    { lock, column: "write alone", run: () => alone(lock.write) },
    { lock, column: `${TASKS} tasks, 1 in ${WRITER_EVERY} writes`, run: () => together(lock) },
  ]);
  const times = cases.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    const bench = new Bench({ time: ROUND_MS, warmupTime: round === 0 ? ROUND_MS : 0 });
    for (const [at, { run }] of cases.entries()) bench.add(String(at), run);
    for (const [at, task] of (await bench.run()).entries()) {
      if (!("latency" in task.result)) throw new Error(`${task.name} did not run`);
      times[at]?.push((task.result.latency.p50 * 1e6) / ACQUISITIONS);
    }
  }
  console.log(
    `\nInside one process: ns for each acquisition and release, and its ratio to AsyncRWLock; median of ${ROUNDS} rounds of ${ROUND_MS} ms`,
  );
  const medians = times.map(median);
  const rows = new Map<string, Record<string, string>>();
  for (const [at, { lock, column }] of cases.entries()) {
    const own =
      medians[cases.findIndex((each) => each.lock === locks[1] && each.column === column)];
    const ns = medians[at] ?? Number.NaN;
    const row = rows.get(lock.name) ?? {};
    row[column] = `${Math.round(ns)} (${(ns / (own ?? Number.NaN)).toFixed(2)})`;
    rows.set(lock.name, row);
  }
  console.table(Object.fromEntries(rows));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
