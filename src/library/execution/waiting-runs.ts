/**
 * Who waits for the sandbox, and who comes first: runs come by priority, and each priority by turns
 * of its callers, so that one caller with a thousand runs does not hold up one with a single run.
 * Waiting makes up for priority: a run counts as asked for later the lower it ranks (`normal` by 2 s,
 * `batch` by 20 s), and what counts as oldest comes first, so none starves.
 */
import { countByKey } from "./count-by-key.ts";
import type { CountByKey } from "./count-by-key.ts";

export type RunPriority = "interactive" | "normal" | "batch";

export const RUN_PRIORITIES: readonly RunPriority[] = ["interactive", "normal", "batch"];

const COUNTS_AS_LATER_MS: Readonly<Record<RunPriority, number>> = {
  interactive: 0,
  normal: 2000,
  batch: 20_000,
};

/** Whoever names no caller stands in line together. */
export type CallerName = string | undefined;

export interface WaitingRun {
  readonly caller: CallerName;
  readonly priority: RunPriority;
  readonly sinceMs: number;
  /** Whether its place in line is one that its batch has taken. */
  readonly isReserved: boolean;
}

/** Those of one priority: by caller, whoever is to be served next first. */
type Line<Run> = Map<CallerName, Run[]>;
type MayBegin = (caller: CallerName) => boolean;

/** Since when a run counts as waiting. */
export function rankOf(priority: RunPriority, sinceMs: number): number {
  return sinceMs + COUNTS_AS_LATER_MS[priority];
}

export class WaitingRuns<Run extends WaitingRun> {
  readonly #lines: Readonly<Record<RunPriority, Line<Run>>> = {
    interactive: new Map(),
    normal: new Map(),
    batch: new Map(),
  };
  readonly #alone = countByKey<CallerName>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Runs that wait in places of their own. */
  get alone(): Pick<CountByKey<CallerName>, "total" | "of"> {
    return this.#alone;
  }

  sizes(): Readonly<Record<RunPriority, number>> {
    const sizeOf = (priority: RunPriority): number =>
      [...this.#lines[priority].values()].reduce((sum, queue) => sum + queue.length, 0);
    return {
      interactive: sizeOf("interactive"),
      normal: sizeOf("normal"),
      batch: sizeOf("batch"),
    };
  }

  /** Those who wait, once for each priority they wait with. */
  callers(): readonly CallerName[] {
    return RUN_PRIORITIES.flatMap((priority) => [...this.#lines[priority].keys()]);
  }

  add(run: Run): void {
    const line = this.#lines[run.priority];
    const queue = line.get(run.caller);
    if (queue === undefined) line.set(run.caller, [run]);
    else queue.push(run);
    this.#size += 1;
    if (!run.isReserved) this.#alone.add(run.caller, 1);
  }

  remove(run: Run): void {
    const line = this.#lines[run.priority];
    const queue = line.get(run.caller) ?? [];
    queue.splice(queue.indexOf(run), 1);
    if (queue.length === 0) line.delete(run.caller);
    this.#size -= 1;
    if (!run.isReserved) this.#alone.add(run.caller, -1);
  }

  /** The priority whose oldest run counts as oldest of those that may begin. */
  best(
    mayBegin: MayBegin,
  ): { readonly priority: RunPriority; readonly rankMs: number } | undefined {
    if (this.#size === 0) return undefined;
    const ranked = RUN_PRIORITIES.map((priority) => ({
      priority,
      rankMs: rankOf(priority, oldestOf(this.#lines[priority], mayBegin)),
    }));
    const best = ranked.reduce((a, b) => (b.rankMs < a.rankMs ? b : a));
    return best.rankMs === Number.POSITIVE_INFINITY ? undefined : best;
  }

  /** Takes the first run of a priority that may begin. */
  take(priority: RunPriority, mayBegin: MayBegin): Run | undefined {
    const line = this.#lines[priority];
    for (const [caller, queue] of line) {
      if (!mayBegin(caller)) continue;
      const next = queue[0] as Run;
      this.remove(next);
      // To the end: everybody else of this priority comes before its next one.
      line.delete(caller);
      if (queue.length > 0) line.set(caller, queue);
      return next;
    }
    return undefined;
  }
}

/** Since when the first of those that may begin has waited. */
function oldestOf(line: Line<WaitingRun>, mayBegin: MayBegin): number {
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const [caller, queue] of line) {
    const sinceMs = queue[0]?.sinceMs ?? Number.POSITIVE_INFINITY;
    if (sinceMs < oldestMs && mayBegin(caller)) oldestMs = sinceMs;
  }
  return oldestMs;
}
