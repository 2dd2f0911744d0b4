/**
 * One process of the pool as its parent sees it: the run it has, and the watch over that run's
 * deadline. A run that does not stop by itself within the grace time ends with its process; nobody
 * else loses anything by that, because a process has one run at a time.
 */
import type { LaunchCommand } from "../hardening/launch-hardened.ts";
import { MessageError } from "../process/field.ts";
import type { Frame } from "../process/frame.ts";
import { monotonicMs } from "../run/monotonic.ts";
import { crashEnding, outOfMemoryEnding, stopEnding } from "../run/run-ending.ts";
import type { Ending } from "../run/run-ending.ts";
import { outcomeOf } from "../run/run.ts";
import type { Run } from "../run/run.ts";
import { processCpuMs } from "./process-cpu.ts";
import type { SandboxIsolation } from "../sandbox.ts";
import { startProcess } from "./child-process.ts";
import type { ProcessExit } from "./child-process.ts";
import { createAttemptReader, readMessage } from "./read-message.ts";
import type { AttemptMessage, AttemptReader } from "./read-message.ts";

/** Time a run has to stop by itself before its process is killed, in milliseconds. */
const GRACE_MS = 25;
/** A killed run ends when its process is gone, but after this time at the latest, in milliseconds. */
const KILL_REPORT_MS = 40;
/** Time a process has to start, and to begin a run it was given, in milliseconds. */
const START_MS = 30_000;

export interface Member {
  /** Started for a nested run, beyond the size of the pool. */
  readonly extra: boolean;
  readonly ready: boolean;
  readonly run: Run | undefined;
  start(run: Run): void;
  /** Tells its run to stop, and makes it. */
  cancel(): void;
  setRef(ref: boolean): void;
  /** Ends the process; its run must have been settled. */
  terminate(): Promise<void>;
}

export interface MemberEvents {
  onReady(isolation: SandboxIsolation): void;
  /** Its run ended and it can take another. */
  onFree(): void;
  /** It is or will be gone; `run` is what must go on elsewhere. */
  onLost(run: Run | undefined, how: MemberLoss): void;
  /** The process is gone. */
  onGone(): void;
}

export interface MemberLoss {
  /** It was killed because its run would not stop. */
  readonly killed: boolean;
  readonly wasReady: boolean;
  readonly reason: string;
}

/** A run in the process. */
interface Placement {
  readonly run: Run;
  readonly attempt: number;
  readonly reader: AttemptReader;
  /** Processor time of the process when it was given the run. */
  readonly cpuBeforeMs: number | undefined;
  startedMs: number | undefined;
  timer: NodeJS.Timeout | undefined;
}

let attempts = 0;

export function createMember(command: LaunchCommand, extra: boolean, events: MemberEvents): Member {
  let placement: Placement | undefined;
  let ready = false;
  let dead = false;
  const child = startProcess(command, { onFrame, onExit });
  const startTimer = setTimeout(() => void child.kill(), START_MS);

  function onFrame({ message, text }: Frame): void {
    if (dead) return;
    const read = readMessage(message);
    if (read.kind === "unable") throw new MessageError(read.reason);
    if (read.kind === "ready") {
      if (ready) throw new MessageError("it was ready before");
      clearTimeout(startTimer);
      ready = true;
      return events.onReady(read.isolation);
    }
    const current = placement;
    // What a run said that has ended since, or been given up.
    if (current === undefined || current.attempt !== read.attempt) return;
    act(current, current.reader.read(read.fields, text));
  }

  function act(current: Placement, message: AttemptMessage): void {
    const { run } = current;
    switch (message.kind) {
      case "begun":
        current.startedMs ??= monotonicMs();
        return watch(current);
      case "call":
        return run.journal.call(message.call);
      case "progress":
        return run.journal.progress(message.callId, message.fraction, message.message);
      case "log":
        run.logs.push(message.line);
        return;
      case "done":
        clearTimeout(current.timer);
        placement = undefined;
        if (message.stuck) void abandon("its run would not stop");
        run.end(message.outcome);
        if (!message.stuck) events.onFree();
    }
  }

  function start(run: Run): void {
    const attempt = ++attempts;
    const current: Placement = {
      run,
      attempt,
      reader: createAttemptReader(run.job.limits),
      cpuBeforeMs: processCpuMs(child.pid),
      startedMs: undefined,
      timer: undefined,
    };
    placement = current;
    run.attempts++;
    run.logs = [];
    run.journal.beginAttempt(
      (callId, reply) => {
        if (dead || placement !== current) return;
        if (reply.ok) {
          child.post({ kind: "reply", attempt, callId, reply: { ...reply, json: "" } }, reply.json);
        } else child.post({ kind: "reply", attempt, callId, reply });
      },
      () => (current.startedMs ?? monotonicMs()) + run.job.limits.timeoutMs,
    );
    const { contextJson, ...job } = run.job;
    child.post(
      { kind: "start", attempt, job: { ...job, contextJson: "" } },
      wellFormedJson(contextJson),
    );
    // A process that does not even begin is at fault, not its run.
    current.timer = setTimeout(() => lose(current, "it did not begin a run"), START_MS);
  }

  function watch(current: Placement): void {
    const { timeoutMs } = current.run.job.limits;
    clearTimeout(current.timer);
    current.timer = setTimeout(
      () => enforce(current, stopEnding("timeout", timeoutMs)),
      timeoutMs + GRACE_MS,
    );
  }

  function cancel(): void {
    const current = placement;
    if (current === undefined) return;
    clearTimeout(current.timer);
    child.post({ kind: "cancel", attempt: current.attempt });
    const ending = stopEnding("cancelled", current.run.job.limits.timeoutMs);
    current.timer = setTimeout(() => enforce(current, ending), GRACE_MS);
  }

  /** Ends a run together with its process. */
  function enforce(current: Placement, ending: Ending): void {
    if (dead || placement !== current) return;
    const { run } = current;
    placement = undefined;
    const [elapsedMs, cpuMs] = [elapsed(current), cpuOf(current)];
    const end = (): void => run.end(outcomeOf(ending, run, elapsedMs, cpuMs));
    const timer = setTimeout(end, KILL_REPORT_MS);
    void abandon("its run would not stop").then(() => {
      clearTimeout(timer);
      end();
    });
  }

  /** Kills the process for what its run did. */
  function abandon(reason: string): Promise<void> {
    dead = true;
    const gone = child.kill();
    events.onLost(undefined, { killed: true, wasReady: true, reason });
    return gone;
  }

  /** Kills the process for what it did itself; its run goes on elsewhere. */
  function lose({ run, timer }: Placement, reason: string): void {
    clearTimeout(timer);
    placement = undefined;
    dead = true;
    void child.kill();
    events.onLost(run.ended ? undefined : run, { killed: false, wasReady: ready, reason });
  }

  function onExit(exit: ProcessExit): void {
    clearTimeout(startTimer);
    if (!dead) died(exit);
    events.onGone();
  }

  function died({ reason, outOfMemory, brokeProtocol }: ProcessExit): void {
    dead = true;
    const current = placement;
    placement = undefined;
    clearTimeout(current?.timer);
    const run = current === undefined || current.run.ended ? undefined : current.run;
    const how = { killed: false, wasReady: ready, reason };
    if (current === undefined || run === undefined || (!outOfMemory && !brokeProtocol)) {
      return events.onLost(run, how);
    }
    const ending = outOfMemory
      ? outOfMemoryEnding(run.job.limits)
      : crashEnding(`The run ended its sandbox process: ${reason}`);
    run.end(outcomeOf(ending, run, elapsed(current), cpuOf(current)));
    events.onLost(undefined, how);
  }

  /** What its process used meanwhile: a run that waits, or is kept from running, uses nothing. */
  function cpuOf(current: Placement): number {
    const nowMs = processCpuMs(child.pid);
    const { cpuBeforeMs } = current;
    if (nowMs === undefined || cpuBeforeMs === undefined) return elapsed(current);
    return Math.min(elapsed(current), nowMs - cpuBeforeMs);
  }

  function elapsed({ startedMs }: Placement): number {
    return startedMs === undefined ? 0 : monotonicMs() - startedMs;
  }

  return {
    extra,
    get ready() {
      return ready && !dead;
    },
    get run() {
      return placement?.run;
    },
    start,
    cancel,
    setRef: (ref) => child.setRef(ref),
    terminate() {
      dead = true;
      clearTimeout(startTimer);
      clearTimeout(placement?.timer);
      return child.kill();
    },
  };
}

/** JSON text in which lone surrogates, which UTF-8 can not carry, are written as escapes. */
function wellFormedJson(json: string): string {
  if (json.isWellFormed()) return json;
  return json.replaceAll(
    /\p{Surrogate}/gu,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
