/**
 * How long the event loop was held up: the longest of its rounds while some work went on. A callback
 * that asks for another round in every round sees where each begins and ends, so a round is what was
 * done before anybody else could get a turn. Its processor time is that of this thread alone and does
 * not grow when other processes want the processor; its wall-clock time also has what the thread waited
 * for, such as the disk, and what others took.
 */

/** The longest of the rounds, which need not be the same one. */
export interface HeldUp {
  readonly cpuMs: number;
  readonly wallMs: number;
  /** Rounds of more than 10 ms of processor time. */
  readonly long: number;
  /** When the round of the most processor time began, as `process.hrtime` has it, for finding it in a profile. */
  readonly atMs: number;
  readonly tookMs: number;
}

/** What is called long. */
const LONG_MS = 10;

export async function heldUp(work: () => Promise<unknown>): Promise<HeldUp> {
  const seen = { cpuMs: 0, wallMs: 0, long: 0, atMs: 0 };
  let isOver = false;
  let cpu = threadCpuMs();
  let wall = hrtimeMs();
  const begun = wall;
  const { promise, resolve } = Promise.withResolvers<void>();

  function round(): void {
    const [cpuNow, wallNow] = [threadCpuMs(), hrtimeMs()];
    const cpuMs = cpuNow - cpu;
    seen.wallMs = Math.max(seen.wallMs, wallNow - wall);
    if (cpuMs > LONG_MS) seen.long += 1;
    if (cpuMs > seen.cpuMs) Object.assign(seen, { cpuMs, atMs: wall });
    if (isOver) return resolve();
    [cpu, wall] = [threadCpuMs(), hrtimeMs()];
    setImmediate(round);
  }

  setImmediate(round);
  try {
    // In a round of its own, or what was done before would count.
    await new Promise((begin) => setImmediate(begin));
    await work();
  } finally {
    isOver = true;
    await promise;
  }
  return { ...seen, tookMs: hrtimeMs() - begun };
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function hrtimeMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
