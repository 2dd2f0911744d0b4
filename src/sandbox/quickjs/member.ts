/**
 * One worker of the pool as the host thread sees it: which runs it has, and the watch over their
 * deadlines and their processor time. A run that does not stop by itself within the grace time is stopped from here: by
 * terminating the worker when it is the one executing, else by giving up on it. A run that has to
 * be repeated on another worker has its whole time again: what it lost was not its own doing.
 */
import { cpuTimeoutEnding, crashEnding, stopEnding } from "../run/run-ending.ts";
import { outcomeOf } from "../run/run.ts";
import { monotonicMs } from "../run/monotonic.ts";
import { startThread } from "./thread.ts";
import type { StartWorker } from "./thread.ts";
import type { Ending, StopReason } from "../run/run-ending.ts";
import type { Run } from "../run/run.ts";
import type { SharedState } from "./shared-state.ts";
import type { WasmModule } from "./web-assembly.ts";
import type { FromWorker } from "./wire.ts";

/** Time a run has to stop by itself before its worker is terminated, in milliseconds. */
const GRACE_MS = 25;
/** Time a given-up slot has to become free before its worker is replaced, in milliseconds. */
const ABANDONED_MS = 1000;
/** A killed run ends when its worker is gone, but after this time at the latest, in milliseconds. */
const KILL_REPORT_MS = 40;

/** A run on a slot. */
export interface Placement {
  readonly run: Run;
  readonly slot: number;
  readonly attempt: number;
  /** The run left; the slot is not free until the worker says so. */
  abandoned: boolean;
  timer: NodeJS.Timeout | undefined;
  /** When the first of the answers was sent that its worker has not read. */
  unreadSinceMs: number;
}

export interface Member {
  readonly shared: SharedState;
  readonly placements: ReadonlyMap<number, Placement>;
  readonly ready: boolean;
  /** Memory of engines it gave up since it started; much of it stays with the thread. */
  readonly droppedBytes: number;
  /** Held by one run that must be alone. */
  reserved: boolean;
  start(run: Run, slot: number): void;
  /** Tells a run to stop, and makes it. */
  stop(placement: Placement, reason: StopReason): void;
  /** Takes a run off its slot so that it can be executed elsewhere. */
  detach(placement: Placement): void;
  setRef(ref: boolean): void;
  /** Stops the thread; its runs must have been settled or moved. */
  terminate(): Promise<void>;
}

export interface MemberEvents {
  onReady(): void;
  /** A slot became free. */
  onFree(): void;
  /** The worker was terminated for `culprit`, or died; `runs` are those it still had. */
  onLost(
    runs: readonly Run[],
    how: { readonly killed: boolean; readonly wasReady: boolean; readonly reason: string },
  ): void;
  /** The thread is gone. */
  onGone(): void;
}

let attempts = 0;

export function createMember(
  module: WasmModule,
  keptSlots: number,
  overflowSlots: number,
  events: MemberEvents,
  startWorker?: StartWorker,
): Member {
  const placements = new Map<number, Placement>();
  let ready = false;
  let dead = false;
  /** Until when runs that waited for a neighbour may still be about to get their turn. */
  let heldUpUntilMs = 0;
  let droppedBytes = 0;
  const threadEvents = {
    onMessage,
    onExit(reason: string): void {
      if (!dead) died(reason);
      events.onGone();
    },
  };
  const thread = startThread(module, keptSlots, overflowSlots, threadEvents, startWorker);
  const { shared } = thread;

  function onMessage(message: FromWorker): void {
    if (dead) return;
    if (message.kind === "ready") {
      ready = true;
      events.onReady();
      return;
    }
    const placement = placements.get(message.slot);
    if (placement === undefined || placement.attempt !== message.attempt) return;
    if (message.kind === "done") {
      free(placement);
      droppedBytes += message.droppedBytes;
      if (message.outcome !== undefined && !placement.abandoned) {
        placement.run.end(message.outcome);
      }
      events.onFree();
      return;
    }
    if (placement.abandoned || placement.run.ended) return;
    switch (message.kind) {
      case "call":
        return placement.run.journal.call(message.call);
      case "progress":
        return placement.run.journal.progress(message.callId, message.fraction, message.message);
      case "log":
        placement.run.logs.push(message.line);
    }
  }

  function free(placement: Placement): void {
    clearTimeout(placement.timer);
    placements.delete(placement.slot);
    shared.release(placement.slot);
  }

  function start(run: Run, slot: number): void {
    const attempt = ++attempts;
    const placement: Placement = {
      run,
      slot,
      attempt,
      abandoned: false,
      timer: undefined,
      unreadSinceMs: 0,
    };
    placements.set(slot, placement);
    run.attempts++;
    run.logs = [];
    const { timeoutMs, cpuMs } = run.job.limits;
    run.journal.beginAttempt(
      (callId, reply) => {
        const sentMs = monotonicMs();
        if (!shared.awaitsTurn(slot)) placement.unreadSinceMs = sentMs;
        shared.askTurn(slot);
        thread.post({ kind: "reply", slot, attempt, callId, reply, sentMs });
      },
      () => deadlineMs(placement),
    );
    shared.assign(slot);
    thread.post({ kind: "start", slot, attempt, job: run.job });
    watch(placement, Math.min(timeoutMs, cpuMs) + GRACE_MS);
  }

  /** When the run's time is over; its clock starts only when the worker begins it. */
  function deadlineMs({ run, slot }: Placement): number {
    const startedMs = shared.startedAtMs(slot) ?? monotonicMs();
    return startedMs + run.job.limits.timeoutMs + shared.creditMs(slot);
  }

  /** Looks at the run again after `delayMs`. */
  function watch(placement: Placement, delayMs: number): void {
    placement.timer = setTimeout(() => {
      const { slot, run } = placement;
      const { limits } = run.job;
      const timeLeftMs = deadlineMs(placement) + GRACE_MS - monotonicMs();
      // Processor time passes no faster than time.
      const cpuLeftMs = limits.cpuMs + GRACE_MS - shared.cpuMs(slot);
      const leftMs = Math.min(timeLeftMs, cpuLeftMs);
      if (leftMs > 0) return watch(placement, Math.ceil(leftMs));
      if (timeLeftMs > 0) {
        // One that is not executing has noticed by itself: its end is on the way.
        if (shared.executing()?.slot !== slot) return watch(placement, GRACE_MS);
        return kill(placement, cpuTimeoutEnding(limits));
      }
      if (isHeldUp(placement)) return watch(placement, GRACE_MS);
      enforce(placement, stopEnding("timeout", limits.timeoutMs));
    }, delayMs);
  }

  /** Whether it could go on, were another run not executing; its worker will credit that time. */
  function isHeldUp({ slot }: Placement): boolean {
    if (!shared.awaitsTurn(slot)) return false;
    const executing = shared.executing();
    if (executing !== undefined) {
      if (executing.slot !== slot) heldUpUntilMs = monotonicMs() + 2 * GRACE_MS;
      return executing.slot !== slot;
    }
    // Its neighbour has just let go, and its own turn is the next.
    return monotonicMs() < heldUpUntilMs;
  }

  function stop(placement: Placement, reason: StopReason): void {
    clearTimeout(placement.timer);
    cancel(placement);
    const ending = stopEnding(reason, placement.run.job.limits.timeoutMs);
    placement.timer = setTimeout(() => enforce(placement, ending), GRACE_MS);
  }

  function cancel({ slot, attempt }: Placement): void {
    shared.cancel(slot);
    thread.post({ kind: "cancel", slot, attempt });
  }

  function enforce(placement: Placement, ending: Ending): void {
    if (shared.executing()?.slot === placement.slot) return kill(placement, ending);
    // Another run keeps the worker busy; this one is not executing and never will again.
    const { run } = placement;
    detach(placement);
    run.end(outcomeOf(ending, run, elapsedMs(placement), shared.cpuMs(placement.slot)));
  }

  function detach(placement: Placement): void {
    clearTimeout(placement.timer);
    placement.abandoned = true;
    if (!shared.withdraw(placement.slot)) cancel(placement);
    placement.timer = setTimeout(() => watchAbandoned(placement), ABANDONED_MS);
  }

  function watchAbandoned(placement: Placement): void {
    const slot = shared.executing()?.slot;
    if (slot === undefined || slot === placement.slot) return kill(undefined, undefined);
    placement.timer = setTimeout(() => watchAbandoned(placement), ABANDONED_MS);
  }

  function elapsedMs({ slot }: Placement): number {
    const nowMs = monotonicMs();
    return nowMs - (shared.startedAtMs(slot) ?? nowMs);
  }

  function kill(culprit: Placement | undefined, ending: Ending | undefined): void {
    if (dead) return;
    const cpuMs = culprit === undefined ? 0 : shared.cpuMs(culprit.slot);
    const durationMs = culprit === undefined ? 0 : elapsedMs(culprit);
    const runs = retire(culprit, "killed");
    const gone = thread.terminate();
    if (culprit !== undefined && ending !== undefined) {
      const { run } = culprit;
      const end = (): void => run.end(outcomeOf(ending, run, durationMs, cpuMs));
      const timer = setTimeout(end, KILL_REPORT_MS);
      void gone.then(() => {
        clearTimeout(timer);
        end();
      });
    }
    events.onLost(runs, { killed: true, wasReady: true, reason: "it was terminated" });
  }

  function died(reason: string): void {
    const executing = shared.executing()?.slot;
    const culprit = executing === undefined ? undefined : placements.get(executing);
    const cpuMs = culprit === undefined ? 0 : shared.cpuMs(culprit.slot);
    const durationMs = culprit === undefined ? 0 : elapsedMs(culprit);
    const runs = retire(culprit, "died");
    if (culprit !== undefined && !culprit.abandoned) {
      const ending = crashEnding(`The run ended its sandbox worker: ${reason}`);
      culprit.run.end(outcomeOf(ending, culprit.run, durationMs, cpuMs));
    }
    events.onLost(runs, { killed: false, wasReady: ready, reason });
  }

  /** Marks the worker as lost and returns the runs that must go on elsewhere. */
  function retire(culprit: Placement | undefined, how: "killed" | "died"): readonly Run[] {
    dead = true;
    const left = [...placements.values()];
    for (const placement of left) clearTimeout(placement.timer);
    placements.clear();
    const moved = left.filter((placement) => placement !== culprit && !placement.abandoned);
    for (const { run, slot } of moved) {
      // One that had not begun lost nothing and can share a worker again; but when a worker died
      // by itself, any of its runs may be why, and only counting them ends a chain of deaths.
      if (how === "killed" && shared.startedAtMs(slot) === undefined) run.attempts--;
      else run.exclusive = true;
    }
    return moved.map((placement) => placement.run).filter((run) => !run.ended);
  }

  return {
    shared,
    placements,
    get ready() {
      return ready && !dead;
    },
    get droppedBytes() {
      return droppedBytes;
    },
    reserved: false,
    start,
    stop,
    detach,
    setRef: (ref) => thread.setRef(ref),
    terminate: () => {
      retire(undefined, "killed");
      return thread.terminate();
    },
  };
}
