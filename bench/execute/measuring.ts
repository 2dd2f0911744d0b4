/** Times of single runs, and what the processors did for them. */
import { readdirSync, readFileSync } from "node:fs";
import { runChecked } from "./engine.ts";
import type { OpenEngine } from "./engine.ts";
import type { BenchSkill } from "./skills.ts";

/** What the runs of one engine and skill took, over all rounds. */
export interface Samples {
  readonly timesUs: number[];
  /** Median of each round. */
  readonly roundsUs: number[];
  cpuUs: number;
}

/** Runs one after the other for `ms` milliseconds, but at least once. */
export async function measureRound(
  engine: OpenEngine,
  skill: BenchSkill,
  ms: number,
  samples: Samples,
): Promise<void> {
  const timesUs: number[] = [];
  const cpuBefore = cpuMicroseconds();
  const end = performance.now() + ms;
  do {
    const start = performance.now();
    await runChecked(engine, skill);
    timesUs.push((performance.now() - start) * 1000);
  } while (performance.now() < end);
  samples.cpuUs += cpuMicroseconds() - cpuBefore;
  samples.roundsUs.push(quantile(timesUs, 0.5));
  for (const time of timesUs) samples.timesUs.push(time);
}

/** Runs per second with `concurrency` runs under way, and processor time of each. */
export async function measureThroughput(
  engine: OpenEngine,
  skill: BenchSkill,
  concurrency: number,
  ms: number,
): Promise<{ readonly perSecond: number; readonly cpuUs: number }> {
  let runs = 0;
  const cpuBefore = cpuMicroseconds();
  const start = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (performance.now() - start < ms) {
        await runChecked(engine, skill);
        runs++;
      }
    }),
  );
  const tookMs = performance.now() - start;
  return { perSecond: (runs / tookMs) * 1000, cpuUs: (cpuMicroseconds() - cpuBefore) / runs };
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

const TICK_US = 10_000;

/** Time on processors of this process with all its threads and, on Linux, of all its children. */
function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system + childrenUs();
}

function childrenUs(): number {
  if (process.platform !== "linux") return 0;
  const processes = new Map<number, readonly number[]>();
  for (const entry of readdirSync("/proc")) {
    const stat = /^\d+$/.test(entry) ? statOf(entry) : undefined;
    if (stat !== undefined) processes.set(Number(entry), stat);
  }
  let ticks = (processes.get(process.pid) ?? []).slice(3).reduce((sum, part) => sum + part, 0);
  const counted = new Set([process.pid]);
  for (let before = 0; before !== counted.size;) {
    before = counted.size;
    for (const [id, [parent = 0, ...times]] of processes) {
      if (counted.has(id) || !counted.has(parent)) continue;
      counted.add(id);
      for (const time of times) ticks += time;
    }
  }
  return ticks * TICK_US;
}

/** Parent, own user and system time, and those of children that ended; see proc(5). */
function statOf(id: string): readonly number[] | undefined {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return [fields[1], fields[11], fields[12], fields[13], fields[14]].map(Number);
  } catch {
    // It ended between the two looks.
    return undefined;
  }
}
