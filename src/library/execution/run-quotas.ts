/**
 * What one caller may use of the library: runs at once, runs in a second or a minute, and processor
 * time in a minute. Rates are counted by sliding window over the last second or minute, exactly for
 * runs; processor time is known when a run ends, so that a run begun in time may go beyond it once.
 *
 * They hold for each process by itself. Callers without an entry of their own are counted one by one
 * under that of `"*"`; runs that name no caller are together one caller.
 */
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { Clock } from "../../base/clock.ts";
import { checkInteger, checkKnownOptions, isPlainObject } from "../check-options.ts";

/** Most a caller may use; what is left out is not bounded. */
export interface CallerQuota {
  /** Runs under way at once; more wait. */
  readonly concurrentRuns?: number;
  /** Runs that wait at once; more are refused. Those of batches and workflows are not counted. */
  readonly queuedRuns?: number;
  /** Runs begun within a second; more are refused. */
  readonly runsPerSecond?: number;
  /** Runs begun within a minute; more are refused. */
  readonly runsPerMinute?: number;
  /** Processor time of its runs, and of those they call, within a minute; then runs are refused. */
  readonly cpuMsPerMinute?: number;
}

export type QuotaName = keyof CallerQuota;

/** Why a caller must wait, and for how long. */
export interface QuotaRefusal {
  readonly limit: QuotaName;
  readonly max: number;
  /** What was used within the window. */
  readonly actual: number;
  readonly retryAfterMs: number;
}

export interface RunQuotas {
  /** How many runs of the caller may be under way at once. */
  concurrencyOf(caller: string | undefined): number;
  /** How many runs of the caller may wait at once. */
  queueOf(caller: string | undefined): number;
  /** Why the caller may not begin a run now, if it may not; nothing is counted. */
  refusalOf(caller: string | undefined): QuotaRefusal | undefined;
  /** Counts a run that begins. */
  noteBegun(caller: string | undefined): void;
  noteCpu(caller: string | undefined, cpuMs: number): void;
}

const EVERYONE_ELSE = "*";
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
/** Callers whose use is remembered; beyond it those that have used nothing lately are forgotten. */
const MAX_CALLERS = 10_000;
const MAX = 1_000_000_000;
const NAMES: readonly QuotaName[] = [
  "concurrentRuns",
  "queuedRuns",
  "runsPerSecond",
  "runsPerMinute",
  "cpuMsPerMinute",
];

/** Amounts with their times, oldest first. */
class SlidingWindow {
  readonly #lengthMs: number;
  #entries: { readonly atMs: number; readonly amount: number }[] = [];
  #first = 0;
  #sum = 0;

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  add(amount: number, nowMs: number): void {
    this.#entries.push({ atMs: nowMs, amount });
    this.#sum += amount;
  }

  sum(nowMs: number): number {
    for (;;) {
      const oldest = this.#entries[this.#first];
      if (oldest === undefined || nowMs - oldest.atMs < this.#lengthMs) break;
      this.#sum -= oldest.amount;
      this.#first += 1;
    }
    if (this.#first > 1000 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    // Sums of fractions drift.
    if (this.#first === this.#entries.length) this.#sum = 0;
    return this.#sum;
  }

  /** How long until less than `max` is left in it. */
  freeAfterMs(max: number, nowMs: number): number {
    let left = this.sum(nowMs);
    for (let at = this.#first; at < this.#entries.length; at++) {
      const { atMs, amount } = this.#entries[at] as { atMs: number; amount: number };
      left -= amount;
      if (left < max) return Math.max(1, Math.ceil(atMs + this.#lengthMs - nowMs));
    }
    return 1;
  }
}

type RateName = Exclude<QuotaName, "concurrentRuns" | "queuedRuns">;
type Use = Readonly<Record<RateName, SlidingWindow>>;

const LENGTH_MS: Readonly<Record<RateName, number>> = {
  runsPerSecond: SECOND_MS,
  runsPerMinute: MINUTE_MS,
  cpuMsPerMinute: MINUTE_MS,
};
const RATES = Object.keys(LENGTH_MS) as RateName[];

export function runQuotas(
  quotas: Readonly<Record<string, CallerQuota>> | undefined,
  clock: Clock,
): RunQuotas {
  const byCaller = new Map(Object.entries(quotas ?? {}));
  const uses = new Map<string, Use>();

  function quotaOf(caller: string | undefined): CallerQuota | undefined {
    return (caller === undefined ? undefined : byCaller.get(caller)) ?? byCaller.get(EVERYONE_ELSE);
  }

  function useOf(caller: string | undefined): Use {
    const key = caller ?? "";
    let use = uses.get(key);
    if (use === undefined) {
      if (uses.size >= MAX_CALLERS) forgetIdle();
      use = {
        runsPerSecond: new SlidingWindow(SECOND_MS),
        runsPerMinute: new SlidingWindow(MINUTE_MS),
        cpuMsPerMinute: new SlidingWindow(MINUTE_MS),
      };
      uses.set(key, use);
    }
    return use;
  }

  function forgetIdle(): void {
    const nowMs = clock.monotonicMs();
    for (const [key, use] of uses)
      if (RATES.every((name) => use[name].sum(nowMs) === 0)) uses.delete(key);
  }

  function note(caller: string | undefined, names: readonly RateName[], amount: number): void {
    const quota = quotaOf(caller);
    for (const name of names)
      if (quota?.[name] !== undefined) useOf(caller)[name].add(amount, clock.monotonicMs());
  }

  return {
    concurrencyOf: (caller) => quotaOf(caller)?.concurrentRuns ?? Number.POSITIVE_INFINITY,
    queueOf: (caller) => quotaOf(caller)?.queuedRuns ?? Number.POSITIVE_INFINITY,
    refusalOf(caller) {
      const quota = quotaOf(caller);
      const nowMs = clock.monotonicMs();
      for (const limit of RATES) {
        const max = quota?.[limit];
        if (max === undefined) continue;
        const window = useOf(caller)[limit];
        const actual = window.sum(nowMs);
        if (actual >= max)
          return { limit, max, actual, retryAfterMs: window.freeAfterMs(max, nowMs) };
      }
      return undefined;
    },
    noteBegun: (caller) => note(caller, ["runsPerSecond", "runsPerMinute"], 1),
    noteCpu: (caller, cpuMs) => note(caller, ["cpuMsPerMinute"], cpuMs),
  };
}

/** @throws {INVALID_INPUT} for quotas that are malformed, which would otherwise bound nothing */
export function checkQuotas(quotas: unknown): void {
  if (quotas === undefined) return;
  if (!isPlainObject(quotas)) {
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`policy.quotas\` to be an object of quotas by caller, got ${preview(quotas)}`,
      { details: { option: "policy.quotas" } },
    );
  }
  for (const [caller, quota] of Object.entries(quotas)) {
    const place = `policy.quotas[${JSON.stringify(caller)}]`;
    checkKnownOptions(place, quota, NAMES);
    for (const name of NAMES)
      checkInteger(`${place}.${name}`, (quota as CallerQuota)[name], 1, MAX);
  }
}
