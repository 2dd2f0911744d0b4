/**
 * One sandbox process with the runs it has, and the watch over them. The pool of threads inside it
 * keeps every deadline; this is for the process that does not: a run that is not over although the
 * process says it must be, a cancellation that changes nothing, a process that says nothing at all.
 * Each of them ends the process.
 */
import { crashEnding, stopEnding } from "../run/run-ending.ts";
import { outcomeOf } from "../run/run.ts";
import { monotonicMs } from "../run/monotonic.ts";
import { retainedBytesLimit } from "../run/retained-bytes.ts";
import type { Ending } from "../run/run-ending.ts";
import type { Run } from "../run/run.ts";
import type { SandboxIsolation } from "../sandbox.ts";
import type { LaunchCommand } from "../hardening/launch-hardened.ts";
import { startProcess } from "./child-process.ts";
import { MessageError } from "./field.ts";
import type { ChildCounts } from "./messages.ts";
import type { ReadMessage } from "./read-message.ts";
import { readOutcome } from "./read-outcome.ts";

/** Time a process has to be ready, in milliseconds. */
const START_MS = 30_000;
/** Time beyond a run's deadline after which its process must have ended it, in milliseconds. */
const GRACE_MS = 2000;
/** Time a process has to tell the deadline of a run that should be over, in milliseconds. */
const ANSWER_MS = 3000;
/** Most attempts of one run within a process: it repeats few, and moves some from worker to worker. */
const MAX_INNER_ATTEMPTS = 1000;
/** Most time a process may say that a run was held up by others, in milliseconds. */
const MAX_HELD_UP_MS = 120_000;
/** How often a process that has runs is asked whether it lives, in milliseconds. */
const ASK_MS = 2000;
/** Time it may be silent although it was asked, in milliseconds. */
const SILENT_MS = 20_000;
const NO_COUNTS: ChildCounts = { workers: 0, kills: 0, retries: 0 };

interface Placement {
  readonly id: number;
  readonly run: Run;
  /** Attempt within the process; 0 while it waits there. */
  attempt: number;
  begunMs: number;
  deadlineMs: number;
  /** Set when it was told to stop: how it ends if the process does not end it. */
  stopping: Ending | undefined;
  timer: NodeJS.Timeout | undefined;
}

export interface ProcessMember {
  readonly ready: boolean;
  readonly runs: number;
  /** Runs of depth 0. */
  readonly topRuns: number;
  readonly begunRuns: number;
  readonly counts: ChildCounts;
  /** Kept for runs that must be alone. */
  readonly alone: boolean;
  start(run: Run): void;
  /** Tells a run to stop if it has it, and makes it. */
  cancel(run: Run): boolean;
  setRef(ref: boolean): void;
  /** Ends it; its runs are returned and not reported as lost. */
  terminate(): { readonly runs: readonly Run[]; readonly gone: Promise<void> };
}

export interface ProcessMemberEvents {
  onReady(isolation: SandboxIsolation): void;
  onFree(): void;
  /** It is gone; `begun` are the runs it may have been executing, `waiting` the others. */
  onLost(lost: {
    readonly begun: readonly Run[];
    readonly waiting: readonly Run[];
    readonly wasReady: boolean;
    readonly killed: boolean;
    readonly reason: string;
  }): void;
}

let ids = 0;

export function createProcessMember(
  command: LaunchCommand,
  alone: boolean,
  events: ProcessMemberEvents,
): ProcessMember {
  const placements = new Map<number, Placement>();
  let ready = false;
  let dead = false;
  let killed = false;
  let counts = NO_COUNTS;
  let heardMs = monotonicMs();
  let askTimer: NodeJS.Timeout | undefined;
  const child = startProcess(command, { onMessage, onExit });
  const startTimer = setTimeout(() => void kill(`it was not ready after ${START_MS} ms`), START_MS);
  startTimer.unref();

  function kill(reason: string): Promise<void> {
    killed = ready;
    return child.kill(reason);
  }

  function onExit(reason: string): void {
    clearTimeout(startTimer);
    clearTimeout(askTimer);
    if (dead) return;
    const wasReady = ready;
    const lost = retire();
    if (lost.every(({ attempt }) => attempt === 0)) {
      // Not even told that one began: only counting them ends a chain of such ends.
      for (const placement of lost) {
        placement.attempt = 1;
        placement.run.attempts++;
      }
    }
    events.onLost({
      begun: lost.filter(({ attempt }) => attempt > 0).map(({ run }) => run),
      waiting: lost.filter(({ attempt }) => attempt === 0).map(({ run }) => run),
      wasReady,
      killed,
      reason,
    });
  }

  function retire(): readonly Placement[] {
    dead = true;
    clearTimeout(startTimer);
    clearTimeout(askTimer);
    const left = [...placements.values()].filter(({ run }) => !run.ended);
    for (const { timer } of placements.values()) clearTimeout(timer);
    placements.clear();
    return left;
  }

  function onMessage(message: ReadMessage, text: string): void {
    if (dead) return;
    heardMs = monotonicMs();
    if (message.kind === "ready") {
      if (ready) throw new MessageError("it is ready twice");
      ready = true;
      clearTimeout(startTimer);
      ({ counts } = message);
      return events.onReady(message.isolation);
    }
    if (message.kind === "unable") return void kill(`it can not be used: ${message.reason}`);
    const placement = placements.get(message.id);
    // It may be about a run that has ended meanwhile.
    if (placement === undefined) return;
    const { run } = placement;
    switch (message.kind) {
      case "attempt":
        return beginAttempt(placement, message.attempt);
      case "call": {
        if (message.attempt !== placement.attempt) return;
        checkCall(run, message.callId, text);
        placement.deadlineMs = message.deadlineMs;
        const { callId, call: kind, name, cpuMs } = message;
        const used = cpuMs === undefined ? {} : { cpuMs };
        return run.journal.call({ callId, kind, name, args: text, ...used });
      }
      case "progress":
        if (message.attempt !== placement.attempt) return;
        checkCall(run, message.callId, "");
        return run.journal.progress(message.callId, message.fraction, message.message);
      case "deadline":
        placement.deadlineMs = message.deadlineMs;
        return checkOverdue(placement);
      case "done": {
        const { logs, ...outcome } = readOutcome(message.outcome, text, run.job.limits);
        ({ counts } = message);
        free(placement);
        run.logs = [...logs];
        run.end(outcome);
        return events.onFree();
      }
      case "failed":
        free(placement);
        run.fail(new Error(message.reason));
        return events.onFree();
    }
  }

  function checkCall(run: Run, callId: number, args: string): void {
    const { limits } = run.job;
    if (callId >= limits.hostCalls) throw new MessageError("a run calls more than it may");
    if (args.length > retainedBytesLimit(limits)) {
      throw new MessageError("the arguments of a call are larger than they may be");
    }
  }

  function beginAttempt(placement: Placement, attempt: number): void {
    const { id, run } = placement;
    if (attempt <= placement.attempt || attempt > MAX_INNER_ATTEMPTS) {
      throw new MessageError(`attempt ${attempt} follows attempt ${placement.attempt}`);
    }
    if (placement.attempt === 0) run.attempts++;
    placement.attempt = attempt;
    placement.begunMs = monotonicMs();
    placement.deadlineMs = placement.begunMs + run.job.limits.timeoutMs;
    run.journal.beginAttempt(
      (callId, reply) => {
        if (dead) return;
        const json = reply.ok ? reply.json : "";
        const sent = reply.ok ? { ...reply, json: "" } : reply;
        child.post({ kind: "reply", id, attempt, callId, reply: sent }, json);
      },
      () => placement.deadlineMs,
    );
    if (placement.stopping === undefined) watch(placement, run.job.limits.timeoutMs + GRACE_MS);
  }

  function watch(placement: Placement, delayMs: number): void {
    const { timeoutMs } = placement.run.job.limits;
    clearTimeout(placement.timer);
    placement.timer = setTimeout(() => {
      child.post({ kind: "ask", id: placement.id });
      const end = (): void => enforce(placement, stopEnding("timeout", timeoutMs));
      placement.timer = setTimeout(end, ANSWER_MS);
    }, delayMs);
  }

  /** The process has told the deadline of a run that should be over. */
  function checkOverdue(placement: Placement): void {
    if (placement.attempt === 0 || placement.stopping !== undefined) return;
    const { timeoutMs } = placement.run.job.limits;
    const latestMs = placement.begunMs + timeoutMs + MAX_HELD_UP_MS;
    const leftMs = Math.min(placement.deadlineMs, latestMs) + GRACE_MS - monotonicMs();
    if (leftMs > 0) return watch(placement, leftMs);
    enforce(placement, stopEnding("timeout", timeoutMs));
  }

  /** Ends a run that its process did not end, and the process. */
  function enforce(placement: Placement, ending: Ending): void {
    const { run } = placement;
    free(placement);
    const outcome = outcomeOf(ending, run, monotonicMs() - placement.begunMs);
    void kill("a run in it did not stop").then(() => run.end(outcome));
  }

  function free(placement: Placement): void {
    clearTimeout(placement.timer);
    placements.delete(placement.id);
    if (placements.size > 0) return;
    clearTimeout(askTimer);
    askTimer = undefined;
  }

  function askSoon(): void {
    askTimer ??= setTimeout(() => {
      askTimer = undefined;
      if (monotonicMs() - heardMs > SILENT_MS)
        return void kill(`it was silent for ${SILENT_MS} ms`);
      const first = placements.keys().next().value;
      if (first === undefined) return;
      child.post({ kind: "ask", id: first });
      askSoon();
    }, ASK_MS);
  }

  return {
    alone,
    get ready() {
      return ready && !dead;
    },
    get runs() {
      return placements.size;
    },
    get topRuns() {
      return [...placements.values()].filter(({ run }) => run.depth === 0).length;
    },
    get begunRuns() {
      return [...placements.values()].filter(({ attempt }) => attempt > 0).length;
    },
    get counts() {
      return counts;
    },
    start(run) {
      const id = ++ids;
      const { contextJson } = run.job;
      if (placements.size === 0) heardMs = monotonicMs();
      placements.set(id, {
        id,
        run,
        attempt: 0,
        begunMs: monotonicMs(),
        deadlineMs: Infinity,
        stopping: undefined,
        timer: undefined,
      });
      const job = { ...run.job, contextJson: "" };
      child.post({ kind: "start", id, depth: run.depth, job }, contextJson);
      askSoon();
    },
    cancel(run) {
      const placement = [...placements.values()].find((placed) => placed.run === run);
      if (placement === undefined) return false;
      const ending = stopEnding("cancelled", run.job.limits.timeoutMs);
      clearTimeout(placement.timer);
      placement.stopping = ending;
      placement.timer = setTimeout(() => enforce(placement, ending), GRACE_MS);
      child.post({ kind: "cancel", id: placement.id });
      return true;
    },
    setRef: (ref) => child.setRef(ref),
    terminate() {
      const runs = retire().map(({ run }) => run);
      return { runs, gone: child.kill("it was closed") };
    },
  };
}

/** How a run ends that lost its process too often. */
export function lostEnding(run: Run, reason: string): Ending {
  return crashEnding(`The run lost its sandbox process ${run.attempts} times: ${reason}`);
}
