/** A run's turn in the line in front of the sandbox, within the time that whoever asks for it has. */
import type { Clock } from "../base/clock.ts";
import { neverBegan } from "./failed-executions.ts";
import type { Ending } from "./failed-executions.ts";
import type { Reservation, RunPlace, RunPriority, RunQueue } from "./run-queue.ts";

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

/** A run whose turn it is, or how it ended without one. */
export type RunTurn =
  | { readonly place: RunPlace; readonly remainingMs: number | undefined }
  | { readonly ending: Ending };

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
  const isWhole = deadlineMs === undefined || (own !== undefined && place.waitedMs === 0);
  const remainingMs = isWhole
    ? undefined
    : Math.max(1, Math.round(deadlineMs - clock.monotonicMs()));
  return { place, remainingMs };
}
