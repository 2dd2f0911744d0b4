/** Attackers and innocents side by side in one sandbox, for as long as is asked. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { mainOf, runProgram } from "../../src/sandbox/contract/program-runner.contract.ts";
import { ATTACK_FAMILIES } from "../../src/sandbox/contract/attacks/families.contract.ts";
import { runInnocent } from "./innocents.ts";
import type { Attack } from "../../src/sandbox/contract/attacks/attack.contract.ts";
import type { AttackGaps } from "../../src/sandbox/contract/attacks/attacks.contract.ts";
import type { Sandbox, SandboxStats } from "../../src/sandbox/sandbox.ts";

export interface SoakOptions {
  readonly sandbox: Sandbox;
  readonly durationMs: number;
  /** Attacks under way at any time. */
  readonly attackers: number;
  readonly innocents: number;
  /** Attacks that the engine is known to end otherwise, whichever way. */
  readonly gaps?: AttackGaps;
}

export interface SoakReport {
  readonly attacks: number;
  readonly attacksByFamily: Readonly<Record<string, number>>;
  /** Attacks that ended in a way they must not. */
  readonly attackFaults: readonly string[];
  readonly innocents: number;
  readonly innocentFaults: readonly string[];
  /** In milliseconds, from the call to its end. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly worst: number };
  /** Of the host's event loop, in milliseconds. */
  readonly eventLoopDelay: { readonly p50: number; readonly p99: number; readonly worst: number };
  /** Means of the twelfths of the time, in order, in bytes. */
  readonly memory: { readonly resident: readonly number[]; readonly hostHeap: readonly number[] };
  /** Of resident memory over the later half, by least squares; in bytes a minute. */
  readonly growth: number;
  /** Unhandled rejections and uncaught exceptions. */
  readonly hostFaults: readonly string[];
  readonly stats: SandboxStats;
  readonly durationMs: number;
}

/** Longest deadline of an attack, so that there are many; memory attacks end sooner or are stopped. */
const ATTACK_MS = 400;
const MEMORY_EVERY_MS = 250;
const MEMORY_PARTS = 12;
const KEPT_FAULTS = 20;

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { sandbox, durationMs } = options;
  const byFamily: Record<string, number> = {};
  const attackFaults: string[] = [];
  const innocentFaults: string[] = [];
  const hostFaults: string[] = [];
  const latencies: number[] = [];
  const resident: number[] = [];
  const hostHeap: number[] = [];
  let attacks = 0;
  const hostFault = (error: unknown): void => note(hostFaults, String(error));
  process.on("unhandledRejection", hostFault);
  process.on("uncaughtExceptionMonitor", hostFault);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  // Workers start and code is compiled before anything is measured.
  await Promise.all(Array.from({ length: 14 }, (_, n) => runInnocent(sandbox, n)));
  delay.enable();
  const begunMs = performance.now();
  const timer = setInterval(() => {
    const { rss, heapUsed } = process.memoryUsage();
    resident.push(rss);
    hostHeap.push(heapUsed);
  }, MEMORY_EVERY_MS);
  const isOver = (): boolean => performance.now() - begunMs >= durationMs;

  async function attack(): Promise<void> {
    while (!isOver()) {
      // Family after family, so that the great ones do not crowd out the small.
      const at = attacks++;
      const family = ATTACK_FAMILIES[at % ATTACK_FAMILIES.length];
      if (family === undefined) return;
      byFamily[family.name] = (byFamily[family.name] ?? 0) + 1;
      const chosen = family.attacks[Math.floor(Math.random() * family.attacks.length)] as Attack;
      const fault = await attackOnce(sandbox, chosen);
      if (fault !== undefined && options.gaps?.[chosen.name] === undefined)
        note(attackFaults, `${family.name}: ${fault}`);
    }
  }

  async function work(first: number): Promise<void> {
    for (let n = first; !isOver(); n += options.innocents) {
      const { latencyMs, fault } = await runInnocent(sandbox, n);
      latencies.push(latencyMs);
      if (fault !== undefined) innocentFaults.push(fault);
    }
  }

  await Promise.all([
    ...Array.from({ length: options.attackers }, attack),
    ...Array.from({ length: options.innocents }, (_, n) => work(n)),
  ]);
  clearInterval(timer);
  delay.disable();
  process.off("unhandledRejection", hostFault);
  process.off("uncaughtExceptionMonitor", hostFault);
  const ms = (percentile: number): number => delay.percentile(percentile) / 1e6;
  return {
    attacks,
    attacksByFamily: byFamily,
    attackFaults,
    innocents: latencies.length,
    innocentFaults,
    latency: quantiles(latencies),
    eventLoopDelay: { p50: ms(50), p99: ms(99), worst: delay.max / 1e6 },
    memory: { resident: overTime(resident), hostHeap: overTime(hostHeap) },
    growth: (slope(resident.slice(resident.length / 2)) * 60_000) / MEMORY_EVERY_MS,
    hostFaults,
    stats: sandbox.stats(),
    durationMs: performance.now() - begunMs,
  };
}

/** What was wrong with how it ended. */
async function attackOnce(sandbox: Sandbox, attack: Attack): Promise<string | undefined> {
  const { code, module, limits, answer } = attack;
  const timeoutMs = Math.min(limits?.timeoutMs ?? ATTACK_MS, ATTACK_MS);
  const outcome = await runProgram(sandbox, module ? code : mainOf(code), {
    ...attack,
    limits: { ...limits, timeoutMs },
    now: 1_700_000_000_000,
    onHostCall: async (call) =>
      answer?.(call) ?? { ok: true, value: { name: call.name, args: call.args } },
  });
  const { status, valueJson, error } = outcome;
  // With a short deadline and busy neighbours, every attack may run out of time.
  if (![attack.expect, "timeout"].flat().includes(status)) {
    return `"${attack.name}" ended with ${status}: ${error?.message ?? valueJson}`;
  }
  if (status !== "ok" || attack.value === undefined) return undefined;
  if (valueJson === JSON.stringify(attack.value)) return undefined;
  return `"${attack.name}" gave ${valueJson}`;
}

function note(faults: string[], fault: string): void {
  if (faults.length < KEPT_FAULTS) faults.push(fault);
}

function quantiles(values: readonly number[]): SoakReport["latency"] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), worst: at(1) };
}

/** Means of equal parts of the samples, fewer when there are few samples. */
function overTime(samples: readonly number[]): readonly number[] {
  const parts = Math.min(MEMORY_PARTS, samples.length);
  const bound = (part: number): number => Math.floor((part * samples.length) / parts);
  return Array.from({ length: parts }, (_, part) => {
    const within = samples.slice(bound(part), bound(part + 1));
    return within.reduce((sum, value) => sum + value, 0) / within.length;
  });
}

/** Of the line that fits the samples best, per sample. */
function slope(samples: readonly number[]): number {
  const middle = (samples.length - 1) / 2;
  let products = 0;
  let squares = 0;
  for (const [index, value] of samples.entries()) {
    products += (index - middle) * value;
    squares += (index - middle) ** 2;
  }
  return squares === 0 ? 0 : products / squares;
}
