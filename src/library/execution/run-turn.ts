/** A run's turn in the line in front of the sandbox, within the time that whoever asks for it has. */
import type { Clock } from "../../base/clock.ts";
import { neverBegan } from "./failed-executions.ts";
import type { Ending } from "./failed-executions.ts";
import type { Reservation, RunQueue } from "./run-queue.ts";
import type { RunPriority } from "./waiting-runs.ts";

/** What a batch or workflow lays down for all of its runs. */
export interface RunScope {
  readonly reservation: Reservation;
  /** When all of it must have ended, on the monotonic clock (default: never). */
  readonly deadlineMs?: number;
}

/** Longest time for a batch or workflow: more than timers can wait is none. */
export const MAX_TOTAL_MS = 2 ** 31 - 1;

export function runScope(
  reservation: Reservation,
  totalTimeoutMs: number | undefined,
  clock: Clock,
): RunScope {
  if (totalTimeoutMs === undefined) return { reservation };
  return { reservation, deadlineMs: clock.monotonicMs() + totalTimeoutMs };
}

/** How much time a run has. */
export interface RunTime {
  /** Left of what whoever asks for it has (default: as much as its limits say). */
  readonly remainingMs: number | undefined;
  /** Aborts when that is over, wherever the run is; later than its own limit, which tells more. */
  readonly late?: AbortSignal;
}

/** A run whose turn it is, or how it ended without one. */
export type RunTurn =
  | { readonly time: RunTime; readonly leave: () => void }
  | { readonly ending: Ending };

/** By how much the end of a run that began in time is left to the sandbox. */
const GRACE_MS = 1000;

export interface TurnRequest {
  readonly caller: string | undefined;
  readonly priority: RunPriority;
  readonly signal: AbortSignal;
  readonly timeoutMs: number | undefined;
  readonly scope: RunScope | undefined;
}

/**
 * Waits for the turn of a run. The time waited is part of the caller's `timeoutMs`; of a run of a
 * batch or workflow it is part of the time that all of it has.
 *
 * @throws {LIMIT_EXCEEDED} when the line is full, or a quota of the caller is used up
 */
export async function runTurn(
  { queue, clock }: { readonly queue: RunQueue; readonly clock: Clock },
  { caller, priority, signal, timeoutMs, scope }: TurnRequest,
): Promise<RunTurn> {
  const askedMs = clock.monotonicMs();
  const own = scope === undefined ? timeoutMs : undefined;
  const deadlineMs = scope === undefined ? own && askedMs + own : scope.deadlineMs;
  const place = await queue.enter({
    caller,
    priority,
    signal,
    deadlineMs,
    reservation: scope?.reservation,
  });
  if (typeof place === "string")
    return { ending: neverBegan(place, Math.round(clock.monotonicMs() - askedMs)) };
  // One that did not have to wait has all of its own time, to the digit.
  const isWhole = own !== undefined && place.waitedMs === 0;
  if (deadlineMs === undefined)
    return { time: { remainingMs: undefined }, leave: () => place.leave() };
  const leftMs = Math.max(1, Math.round(deadlineMs - clock.monotonicMs()));
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), leftMs + GRACE_MS);
  return {
    time: { remainingMs: isWhole ? undefined : leftMs, late: late.signal },
    leave() {
      clearTimeout(timer);
      place.leave();
    },
  };
}

/** How a run ended: one that was ended because its time was over was not cancelled. */
export function endingInTime(ending: Ending, { late }: RunTime): Ending {
  if (late?.aborted !== true || ending.status !== "cancelled") return ending;
  return {
    ...ending,
    status: "timeout",
    error: {
      name: "Timeout",
      message:
        "The run did not finish within the time it had, the wait for its turn included; allow it more, or ask for fewer runs at once",
      limit: "timeoutMs",
    },
  };
}
