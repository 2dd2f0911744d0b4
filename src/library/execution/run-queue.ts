/**
 * The line in front of the sandbox, for runs that callers ask for; runs that a run starts do not
 * stand in it, or their parents would wait for themselves.
 *
 * It lets in as many runs as the sandbox can have under way, and of the higher priorities some more,
 * so that those need not wait for runs that hold on. Who comes first of those that wait is told in
 * `waiting-runs.ts`.
 *
 * The line is bounded. Beyond its limit a run is refused with `LIMIT_EXCEEDED` and is told when to
 * try again; a batch or workflow takes its places in line at once, before it begins, and its own runs
 * are never refused: where a rate of its caller is used up, they wait.
 */
import type { Clock } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";
import { countByKey } from "./count-by-key.ts";
import type { QuotaRefusal, RunQuotas } from "./run-quotas.ts";
import { rankOf, WaitingRuns } from "./waiting-runs.ts";
import type { CallerName, RunPriority, WaitingRun } from "./waiting-runs.ts";

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

interface Waiter extends WaitingRun {
  settle(end: RunPlace | NoPlace): void;
}

export function runQueue({ quotas, capacity, maxWaiting, clock }: RunQueueParts): RunQueue {
  const waiting = new WaitingRuns<Waiter>();
  const running = countByKey<CallerName>();
  let reserved = 0;
  let averageMs = FIRST_GUESS_MS;
  let longestWaitMs = 0;
  const counts = { full: 0, quota: 0, timedOut: 0 };
  let wakeTimer: NodeJS.Timeout | undefined;

  /** Whether a run of the caller could begin now, if it were its turn. */
  function mayBegin(caller: CallerName): boolean {
    if (running.of(caller) >= quotas.concurrencyOf(caller)) return false;
    return quotas.refusalOf(caller) === undefined;
  }

  function begin(caller: CallerName, sinceMs: number): RunPlace {
    const beganMs = clock.monotonicMs();
    running.add(caller, 1);
    quotas.noteBegun(caller);
    const waitedMs = beganMs - sinceMs;
    longestWaitMs = Math.max(longestWaitMs, waitedMs);
    let isOpen = true;
    return {
      waitedMs,
      leave() {
        if (!isOpen) return;
        isOpen = false;
        running.add(caller, -1);
        averageMs += (clock.monotonicMs() - beganMs - averageMs) * NEWEST_WEIGHT;
        letIn();
      },
    };
  }

  function hasRoom(priority: RunPriority): boolean {
    return running.total < Math.ceil(capacity * ROOM[priority]);
  }

  function letIn(): void {
    for (;;) {
      const next = takeNext();
      if (next === undefined) break;
      next.settle(begin(next.caller, next.sinceMs));
    }
    wakeWhenRatesAllow();
  }

  /** None while there is no room for the best: a lower priority would wait for ever behind others. */
  function takeNext(): Waiter | undefined {
    const best = waiting.best(mayBegin);
    if (best === undefined || !hasRoom(best.priority)) return undefined;
    return waiting.take(best.priority, mayBegin);
  }

  /** Nothing else happens when the rate of somebody who waits allows for a run again. */
  function wakeWhenRatesAllow(): void {
    clearTimeout(wakeTimer);
    let soonestMs = Number.POSITIVE_INFINITY;
    for (const caller of waiting.callers())
      soonestMs = Math.min(soonestMs, quotas.refusalOf(caller)?.retryAfterMs ?? soonestMs);
    if (soonestMs !== Number.POSITIVE_INFINITY) wakeTimer = setTimeout(letIn, soonestMs);
  }

  function wait({
    caller,
    priority,
    signal,
    deadlineMs,
    reservation,
  }: RunRequest): Promise<RunPlace | NoPlace> {
    const sinceMs = clock.monotonicMs();
    return new Promise((resolve) => {
      const waiter: Waiter = {
        caller,
        priority,
        sinceMs,
        isReserved: reservation !== undefined,
        settle(end) {
          clearTimeout(timer);
          signal.removeEventListener("abort", onAbort);
          resolve(end);
        },
      };
      const giveUp = (why: NoPlace): void => {
        waiting.remove(waiter);
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
      waiting.add(waiter);
      letIn();
    });
  }

  function checkRoom(what: string): void {
    const taken = waiting.alone.total + reserved;
    if (taken < maxWaiting) return;
    counts.full += 1;
    const retryAfterMs = Math.max(1, Math.ceil((taken * averageMs) / capacity));
    throw new RepertoireError(
      "LIMIT_EXCEEDED",
      `${what} was refused: ${taken} runs wait already, and at most ${maxWaiting} may; try again in about ${retryAfterMs} ms, or raise limits.queuedRuns`,
      { details: { limit: "queuedRuns", max: maxWaiting, queued: taken, retryAfterMs } },
    );
  }

  function checkOwnRoom(caller: CallerName): void {
    const max = quotas.queueOf(caller);
    const actual = waiting.alone.of(caller);
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
          queued: waiting.size,
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
      const bestMs = waiting.best(mayBegin)?.rankMs ?? Number.POSITIVE_INFINITY;
      const isNext = rankOf(priority, nowMs) < bestMs;
      if (isNext && hasRoom(priority) && mayBegin(caller)) return begin(caller, nowMs);
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
      running: running.total,
      waiting: waiting.sizes(),
      reserved,
      capacity,
      maxWaiting,
      refused: { full: counts.full, quota: counts.quota },
      timedOut: counts.timedOut,
      longestWaitMs,
    }),
  };
}
