/**
 * What taking and giving up a lock costs inside one process, beside the simplest mutex there is:
 * a chain of promises, which has no readers, no timeout and no way to leave the line.
 *
 * Run: `node bench/locks.ts`. Each sample is 1,000 acquisitions; the cases take turns for several
 * rounds, and the median of the rounds' medians is printed. Trust the ratios more than the
 * nanoseconds.
 */
import { availableParallelism, cpus, totalmem } from "node:os";
import { Bench } from "tinybench";
import { memoryLocks } from "../src/lock/memory-locks.ts";
import { AsyncRWLock } from "../src/lock/rw-lock.ts";

const ROUNDS = 9;
const ROUND_MS = 100;
const ACQUISITIONS = 1_000;
const TASKS = 20;
const WRITER_EVERY = 10;

interface Mutex {
  acquire(): Promise<() => void>;
}

function promiseChainMutex(): Mutex {
  let last: Promise<void> = Promise.resolve();
  return {
    acquire() {
      const { promise, resolve } = Promise.withResolvers<void>();
      const turn = last.then(() => resolve);
      last = promise;
      return turn;
    },
  };
}

const chain = promiseChainMutex();
const lock = new AsyncRWLock();
const locks = memoryLocks();
const waiting = { waitMs: 10_000 };

function oneByOne(visit: (index: number) => Promise<void>): () => Promise<void> {
  return async () => {
    for (let index = 0; index < ACQUISITIONS; index++) await visit(index);
  };
}

/** Tasks that hold the lock over a turn of the microtask queue, so that they get in each other's way. */
function allAtOnce(visit: (index: number) => Promise<void>): () => Promise<void> {
  const task = async (number: number): Promise<void> => {
    for (let index = number; index < ACQUISITIONS; index += TASKS) await visit(index);
  };
  return async () => {
    await Promise.all(Array.from({ length: TASKS }, (_, number) => task(number)));
  };
}

const modeOf = (index: number): "read" | "write" =>
  Math.floor(index / TASKS) % WRITER_EVERY === index % WRITER_EVERY ? "write" : "read";

async function visitChain(): Promise<void> {
  const release = await chain.acquire();
  release();
}

const UNCONTENDED = "promise chain, alone";
const CONTENDED = "promise chain, 20 tasks";
const cases: readonly (readonly [string, string, () => Promise<void>])[] = [
  [UNCONTENDED, UNCONTENDED, oneByOne(visitChain)],
  [
    "AsyncRWLock read, alone",
    UNCONTENDED,
    oneByOne(async () => (await lock.acquire("read")).release()),
  ],
  [
    "AsyncRWLock write, alone",
    UNCONTENDED,
    oneByOne(async () => (await lock.acquire("write")).release()),
  ],
  [
    "memoryLocks write, alone",
    UNCONTENDED,
    oneByOne(async () => (await locks.acquire("k")).release()),
  ],
  [
    CONTENDED,
    CONTENDED,
    allAtOnce(async () => {
      const release = await chain.acquire();
      await Promise.resolve();
      release();
    }),
  ],
  [
    "AsyncRWLock, 20 tasks, 10 % writers",
    CONTENDED,
    allAtOnce(async (index) => {
      const hold = await lock.acquire(modeOf(index));
      await Promise.resolve();
      hold.release();
    }),
  ],
  [
    "AsyncRWLock with waitMs, 20 tasks, 10 % writers",
    CONTENDED,
    allAtOnce(async (index) => {
      const hold = await lock.acquire(modeOf(index), waiting);
      await Promise.resolve();
      hold.release();
    }),
  ],
];

const medians = new Map<string, number[]>();
let samples = 0;
for (let round = 0; round < ROUNDS; round++) {
  const bench = new Bench({ time: ROUND_MS, warmupTime: round === 0 ? ROUND_MS : 0 });
  for (const [name, , run] of cases) bench.add(name, run);
  for (const task of await bench.run()) {
    if (!("latency" in task.result)) throw new Error(`${task.name} did not run`);
    samples += task.runs;
    const ns = (task.result.latency.p50 * 1e6) / ACQUISITIONS;
    medians.set(task.name, [...(medians.get(task.name) ?? []), ns]);
  }
}

function median(name: string): number {
  const values = medians.get(name) ?? [];
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

console.log(
  `${availableParallelism()} × ${cpus()[0]?.model ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.version}`,
);
console.log(
  `${samples} samples of ${ACQUISITIONS} acquisitions, ${ROUNDS} rounds of ${ROUND_MS} ms a case; ${lock.stats().waited} of ${lock.stats().acquired} grants had waited`,
);
console.table(
  cases.map(([name, baseline]) => ({
    case: name,
    "median ns": Math.round(median(name)),
    "slowest round": Math.round(Math.max(...(medians.get(name) ?? []))),
    "× promise chain": Number((median(name) / median(baseline)).toFixed(2)),
  })),
);
await locks.close();
