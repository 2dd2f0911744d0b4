/**
 * The line in front of the sandbox, for runs that callers ask for; runs that a run starts do not
 * stand in it, or their parents would wait for themselves.
 *
 * It lets in as many runs as the sandbox can have under way, and of the higher priorities some more,
 * so that those need not wait for runs that hold on. Those that wait come by priority, and each
 * priority by turns of its callers, so that one caller with a thousand runs does not hold up one with
 * a single run. Waiting makes up for priority: a run counts as asked for later the lower it ranks
 * (`normal` by 2 s, `batch` by 20 s), and what counts as oldest comes first, so none starves.
 *
 * The line is bounded. Beyond its limit a run is refused with `LIMIT_EXCEEDED` and is told when to
 * try again; a batch or workflow takes its places in line at once, before it begins, and its own runs
 * are never refused: where a rate of its caller is used up, they wait.
 */
import type { Clock } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";
import type { QuotaRefusal, RunQuotas } from "./run-quotas.ts";

export type RunPriority = "interactive" | "normal" | "batch";

export const RUN_PRIORITIES: readonly RunPriority[] = ["interactive", "normal", "batch"];

const COUNTS_AS_LATER_MS: Readonly<Record<RunPriority, number>> = {
  interactive: 0,
  normal: 2000,
  batch: 20_000,
};
/** Runs let in, as a multiple of what the sandbox can have under way. */
const ROOM: Readonly<Record<RunPriority, number>> = { interactive: 2, normal: 1.5, batch: 1 };
/** What a run is taken to last until some have ended. */
const FIRST_GUESS_MS = 50;
/** Weight of the newest run in the average time that runs last. */
const NEWEST_WEIGHT = 0.1;

/** Places in line that a batch or workflow has taken. */
export interface Reservation extends Disposable {
  readonly places: number;
}

export interface RunRequest {
  readonly caller: string | undefined;
  readonly priority: RunPriority;
  readonly signal: AbortSignal;
  /** On the monotonic clock; who still waits then is told so. */
  readonly deadlineMs: number | undefined;
  /** The batch it is part of. */
  readonly reservation: Reservation | undefined;
}

/** Let in. */
export interface RunPlace {
  readonly waitedMs: number;
  /** The run ended. */
  leave(): void;
}

/** How waiting ended without a place. */
export type NoPlace = "cancelled" | "timeout";

export interface RunQueueStats {
  /** Runs let in, not counting those that they start. */
  readonly running: number;
  readonly waiting: Readonly<Record<RunPriority, number>>;
  /** Places taken by batches and workflows under way. */
  readonly reserved: number;
  readonly capacity: number;
  readonly maxWaiting: number;
  /** Runs refused because the line was full, or a quota used up. */
  readonly refused: { readonly full: number; readonly quota: number };
  /** Runs that reached their deadline while they waited. */
  readonly timedOut: number;
  /** The longest that any run has waited. */
  readonly longestWaitMs: number;
}

export interface RunQueue {
  /**
   * @throws {LIMIT_EXCEEDED} when the line is full, or a rate of the caller is used up
   */
  enter(request: RunRequest): RunPlace | NoPlace | Promise<RunPlace | NoPlace>;
  /** Counts processor time that a run of the caller, or one that it called, has used. */
  noteCpu(caller: string | undefined, cpuMs: number): void;
  /** @throws {LIMIT_EXCEEDED} when the line is full */
  reserve(places: number): Reservation;
  stats(): RunQueueStats;
}

export interface RunQueueParts {
  readonly quotas: RunQuotas;
  /** Runs let in at once. */
  readonly capacity: number;
  /** Runs that may wait. */
  readonly maxWaiting: number;
  readonly clock: Clock;
}

interface Waiter {
  readonly request: RunRequest;
  readonly sinceMs: number;
  settle(end: RunPlace | NoPlace): void;
}

/** Those of one priority: by caller, whoever is to be served next first. */
type Line = Map<string | undefined, Waiter[]>;

export function runQueue({ quotas, capacity, maxWaiting, clock }: RunQueueParts): RunQueue {
  const lines: Readonly<Record<RunPriority, Line>> = {
    interactive: new Map(),
    normal: new Map(),
    batch: new Map(),
  };
  const runningOf = new Map<string | undefined, number>();
  /** Runs that wait in places of their own. */
  const queued = new Map<string | undefined, number>();
  let running = 0;
  let waiting = 0;
  /** Sum of `queued`. */
  let alone = 0;
  let reserved = 0;
  let averageMs = FIRST_GUESS_MS;
  let longestWaitMs = 0;
  const counts = { full: 0, quota: 0, timedOut: 0 };
  let wakeTimer: NodeJS.Timeout | undefined;

  /** Whether a run of the caller could begin now, if it were its turn. */
  function mayBegin(caller: string | undefined): boolean {
    if ((runningOf.get(caller) ?? 0) >= quotas.concurrencyOf(caller)) return false;
    return quotas.refusalOf(caller) === undefined;
  }

  function begin({ caller }: RunRequest, sinceMs: number): RunPlace {
    const beganMs = clock.monotonicMs();
    running += 1;
    count(runningOf, caller, 1);
    quotas.noteBegun(caller);
    const waitedMs = beganMs - sinceMs;
    longestWaitMs = Math.max(longestWaitMs, waitedMs);
    let isOpen = true;
    return {
      waitedMs,
      leave() {
        if (!isOpen) return;
        isOpen = false;
        running -= 1;
        count(runningOf, caller, -1);
        averageMs += (clock.monotonicMs() - beganMs - averageMs) * NEWEST_WEIGHT;
        letIn();
      },
    };
  }

  function hasRoom(priority: RunPriority): boolean {
    return running < Math.ceil(capacity * ROOM[priority]);
  }

  function letIn(): void {
    for (;;) {
      const next = takeNext();
      if (next === undefined) break;
      next.settle(begin(next.request, next.sinceMs));
    }
    wakeWhenRatesAllow();
  }

  /** The priority whose oldest run counts as oldest of those that may begin. */
  function bestWaiting(): { readonly priority: RunPriority; readonly rankMs: number } | undefined {
    if (waiting === 0) return undefined;
    const ranked = RUN_PRIORITIES.map((priority) => ({
      priority,
      rankMs: oldestOf(lines[priority]) + COUNTS_AS_LATER_MS[priority],
    }));
    const best = ranked.reduce((a, b) => (b.rankMs < a.rankMs ? b : a));
    return best.rankMs === Number.POSITIVE_INFINITY ? undefined : best;
  }

  /** None while there is no room for the best: a lower priority would wait for ever behind others. */
  function takeNext(): Waiter | undefined {
    const best = bestWaiting();
    if (best === undefined || !hasRoom(best.priority)) return undefined;
    const line = lines[best.priority];
    for (const [caller, queue] of line) {
      if (!mayBegin(caller)) continue;
      const next = queue[0] as Waiter;
      takeOut(next);
      // To the end: everybody else of this priority comes before its next one.
      line.delete(caller);
      if (queue.length > 0) line.set(caller, queue);
      return next;
    }
    return undefined;
  }

  function takeOut(waiter: Waiter): void {
    const { caller, priority, reservation } = waiter.request;
    const line = lines[priority];
    const queue = line.get(caller) ?? [];
    queue.splice(queue.indexOf(waiter), 1);
    if (queue.length === 0) line.delete(caller);
    waiting -= 1;
    if (reservation === undefined) count(queued, caller, -1);
  }

  /** Since when the first of those that may begin has waited. */
  function oldestOf(line: Line): number {
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const [caller, queue] of line) {
      const sinceMs = queue[0]?.sinceMs ?? Number.POSITIVE_INFINITY;
      if (sinceMs < oldestMs && mayBegin(caller)) oldestMs = sinceMs;
    }
    return oldestMs;
  }

  /** Nothing else happens when the rate of somebody who waits allows for a run again. */
  function wakeWhenRatesAllow(): void {
    clearTimeout(wakeTimer);
    if (waiting === 0) return;
    let soonestMs = Number.POSITIVE_INFINITY;
    for (const line of Object.values(lines))
      for (const caller of line.keys())
        soonestMs = Math.min(soonestMs, quotas.refusalOf(caller)?.retryAfterMs ?? soonestMs);
    if (soonestMs !== Number.POSITIVE_INFINITY) wakeTimer = setTimeout(letIn, soonestMs);
  }

  function wait(request: RunRequest): Promise<RunPlace | NoPlace> {
    const { caller, priority, signal, deadlineMs, reservation } = request;
    const sinceMs = clock.monotonicMs();
    const line = lines[priority];
    return new Promise((resolve) => {
      const waiter: Waiter = {
        request,
        sinceMs,
        settle(end) {
          clearTimeout(timer);
          signal.removeEventListener("abort", onAbort);
          resolve(end);
        },
      };
      const giveUp = (why: NoPlace): void => {
        takeOut(waiter);
        longestWaitMs = Math.max(longestWaitMs, clock.monotonicMs() - sinceMs);
        if (why === "timeout") counts.timedOut += 1;
        waiter.settle(why);
        letIn();
      };
      const onAbort = (): void => giveUp("cancelled");
      const timer =
        deadlineMs === undefined
          ? undefined
          : setTimeout(() => giveUp("timeout"), Math.max(0, deadlineMs - sinceMs));
      signal.addEventListener("abort", onAbort, { once: true });
      const queue = line.get(caller);
      if (queue === undefined) line.set(caller, [waiter]);
      else queue.push(waiter);
      waiting += 1;
      if (reservation === undefined) count(queued, caller, 1);
      letIn();
    });
  }

  function checkRoom(what: string): void {
    const taken = alone + reserved;
    if (taken < maxWaiting) return;
    counts.full += 1;
    const retryAfterMs = Math.max(1, Math.ceil((taken * averageMs) / capacity));
    throw new RepertoireError(
      "LIMIT_EXCEEDED",
      `${what} was refused: ${taken} runs wait already, and at most ${maxWaiting} may; try again in about ${retryAfterMs} ms, or raise limits.queuedRuns`,
      { details: { limit: "queuedRuns", max: maxWaiting, queued: taken, retryAfterMs } },
    );
  }

  function checkOwnRoom(caller: string | undefined): void {
    const max = quotas.queueOf(caller);
    const actual = queued.get(caller) ?? 0;
    if (actual < max) return;
    const retryAfterMs = Math.max(1, Math.ceil((actual * averageMs) / capacity));
    refuse(caller, { limit: "queuedRuns", max, actual, retryAfterMs });
  }

  function refuse(caller: string | undefined, refusal: QuotaRefusal): never {
    counts.quota += 1;
    const { limit, max, actual, retryAfterMs } = refusal;
    const who =
      caller === undefined ? "Runs that name no caller" : `Caller ${JSON.stringify(caller)}`;
    throw new RepertoireError(
      "LIMIT_EXCEEDED",
      `${who} used up ${limit}: ${Math.round(actual)} of ${max}; try again in ${retryAfterMs} ms, or raise it in \`policy.quotas\``,
      {
        details: {
          limit,
          max,
          actual,
          retryAfterMs,
          queued: waiting,
          ...(caller === undefined ? {} : { caller }),
        },
      },
    );
  }

  return {
    enter(request) {
      const { caller, priority, signal, deadlineMs, reservation } = request;
      if (signal.aborted) return "cancelled";
      const nowMs = clock.monotonicMs();
      if (deadlineMs !== undefined && deadlineMs <= nowMs) {
        counts.timedOut += 1;
        return "timeout";
      }
      const refusal = reservation === undefined ? quotas.refusalOf(caller) : undefined;
      if (refusal !== undefined) refuse(caller, refusal);
      const rankMs = nowMs + COUNTS_AS_LATER_MS[priority];
      const isNext = rankMs < (bestWaiting()?.rankMs ?? Number.POSITIVE_INFINITY);
      if (isNext && hasRoom(priority) && mayBegin(caller)) return begin(request, nowMs);
      if (reservation === undefined) {
        checkRoom("A run");
        checkOwnRoom(caller);
      }
      return wait(request);
    },
    noteCpu: (caller, cpuMs) => quotas.noteCpu(caller, cpuMs),
    reserve(places) {
      checkRoom("A batch");
      reserved += places;
      let isHeld = true;
      return {
        places,
        [Symbol.dispose]() {
          if (isHeld) reserved -= places;
          isHeld = false;
        },
      };
    },
    stats: () => ({
      running,
      waiting: Object.fromEntries(
        RUN_PRIORITIES.map((priority) => [
          priority,
          [...lines[priority].values()].reduce((sum, queue) => sum + queue.length, 0),
        ]),
      ) as Record<RunPriority, number>,
      reserved,
      capacity,
      maxWaiting,
      refused: { full: counts.full, quota: counts.quota },
      timedOut: counts.timedOut,
      longestWaitMs,
    }),
  };

  function count(
    counted: Map<string | undefined, number>,
    caller: string | undefined,
    change: number,
  ): void {
    if (counted === queued) alone += change;
    const now = (counted.get(caller) ?? 0) + change;
    if (now === 0) counted.delete(caller);
    else counted.set(caller, now);
  }
}
