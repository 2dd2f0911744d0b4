/**
 * One place for a run inside a worker: an engine, the run in it, and the time slices it executes
 * in. Replies reach the guest only when it has nothing left to do, one at a time; the order of
 * replies therefore determines everything a run does, which makes re-execution exact.
 */
import { REFUSED } from "../run/guest-limits.ts";
import { createGuestRun } from "./guest-run.ts";
import { readHostOperation } from "../run/host-operation.ts";
import { checkContext, checkProgram, checkResult } from "./job-checks.ts";
import { GuestMemoryError, QuickJsInstance } from "./quickjs-instance.ts";
import { retainedBytesLimit } from "../run/retained-bytes.ts";
import { crashEnding, outOfMemoryEnding, stopEnding } from "../run/run-ending.ts";
import { monotonicMs } from "../run/monotonic.ts";
import { RuntimeError } from "./web-assembly.ts";
import type { WasmModule } from "./web-assembly.ts";
import { utf8Bytes } from "../../base/json.ts";
import type { GuestRun } from "./guest-run.ts";
import type { QuickJsHost, Snapshot } from "./quickjs-instance.ts";
import type { Ending, StopReason } from "../run/run-ending.ts";
import type { SchemaChecker } from "../run/schema-checker.ts";
import type { SharedState } from "./shared-state.ts";
import type { Job, WireReply } from "../run/job.ts";
import type { FromWorker } from "./wire.ts";
import type { Issue } from "../../base/errors.ts";
import type { LogLevel } from "../../skill/execution.ts";

/** How long promise jobs run before other slots of the worker get a turn, in milliseconds. */
const SLICE_MS = 10;
/** Waiting longer than this for a turn means that a neighbour did not let go of the worker. */
const HELD_UP_MS = 50;

export interface Slot {
  start(attempt: number, job: Job): void;
  reply(attempt: number, callId: number, reply: WireReply, sentMs: number): void;
  cancel(attempt: number): void;
}

export interface SlotParts {
  readonly index: number;
  readonly module: WasmModule;
  readonly snapshot: Snapshot;
  readonly shared: SharedState;
  readonly schemas: SchemaChecker;
  /** Whether the engine is kept for the next run. */
  readonly kept: boolean;
  readonly post: (message: FromWorker) => void;
}

interface ActiveRun {
  readonly attempt: number;
  readonly job: Job;
  readonly startedMs: number;
  /** Later by the time that neighbours took from the run. */
  deadlineMs: number;
  /** When it last stopped executing. */
  leftMs: number;
  readonly inbox: { readonly callId: number; readonly reply: WireReply }[];
  /** When each sleeping call wakes, on the virtual clock. */
  readonly wakesAtMs: Map<number, number>;
  guest: GuestRun | undefined;
  stop: StopReason | undefined;
  unfinished: boolean;
  deadlineTimer: NodeJS.Timeout | undefined;
  /** What the guest's clocks read; only sleeping advances it. */
  nowMs: number;
  cpuMs: number;
  hostCalls: number;
  pendingHostCalls: number;
  /** Bytes of the arguments of waiting calls, and of all answers delivered. */
  retainedBytes: number;
  readonly requestBytes: Map<number, number>;
  nextCallId: number;
  logLines: number;
  logBytes: number;
  logsDropped: number;
  denied: boolean;
  issues: readonly Issue[] | undefined;
}

export function createSlot(parts: SlotParts): Slot {
  const { index, shared, schemas, post } = parts;
  let engine: QuickJsInstance | undefined;
  let active: ActiveRun | undefined;

  const host: QuickJsHost = {
    interrupt: () => active !== undefined && stopReason(active) !== undefined,
    nowMs: () => active?.nowMs ?? 0,
    maxTextBytes: () => active?.job.limits.resultBytes ?? 0,
    operate: (operation, name, text) =>
      active === undefined ? REFUSED.hostCalls : operate(active, operation, name, text),
  };

  function stopReason(run: ActiveRun): StopReason | undefined {
    if (run.stop !== undefined) return run.stop;
    if (shared.isCancelled(index)) run.stop = "cancelled";
    else if (monotonicMs() >= run.deadlineMs) run.stop = "timeout";
    return run.stop;
  }

  function start(attempt: number, job: Job): void {
    const { inputSchema, outputSchema } = job.program;
    // Making the engine and loading the validator are the library's own time: the clock starts after.
    const ready = (engine ??= new QuickJsInstance(parts.module, host, parts.snapshot));
    if (inputSchema !== undefined || outputSchema !== undefined) schemas.load();
    const begun = shared.begin(index);
    if (begun === "withdrawn") {
      post({ kind: "done", slot: index, attempt, outcome: undefined, droppedBytes: 0 });
      return;
    }
    const startedMs = monotonicMs();
    const run: ActiveRun = {
      attempt,
      job,
      startedMs,
      deadlineMs: startedMs + job.limits.timeoutMs,
      leftMs: startedMs,
      inbox: [],
      wakesAtMs: new Map(),
      guest: undefined,
      stop: begun === "cancelled" ? "cancelled" : undefined,
      unfinished: false,
      deadlineTimer: undefined,
      nowMs: job.now,
      cpuMs: 0,
      hostCalls: 0,
      pendingHostCalls: 0,
      retainedBytes: 0,
      requestBytes: new Map(),
      nextCallId: 0,
      logLines: 0,
      logBytes: 0,
      logsDropped: 0,
      denied: false,
      issues: undefined,
    };
    active = run;
    slice(run, () => {
      if (run.stop !== undefined) return stopEnding(run.stop, job.limits.timeoutMs);
      if (job.kind === "check") {
        run.issues = checkProgram(ready, job, schemas);
        return { status: "ok" };
      }
      const invalid = checkContext(job, schemas);
      if (invalid) return invalid;
      run.guest = createGuestRun(ready, job, {
        stopReason: () => stopReason(run),
        wasDenied: () => run.denied,
      });
      return run.guest.load();
    });
  }

  /** Executes guest code with the clock on and every trap caught, then decides what comes next. */
  function slice(run: ActiveRun, work: () => Ending | undefined): void {
    shared.enter(index);
    const begunMs = monotonicMs();
    let next: Ending | "waiting" | "unfinished";
    try {
      next = work() ?? advance(run, begunMs + SLICE_MS);
      if (typeof next === "object") next = checkResult(next, run.job, schemas);
    } catch (trap) {
      next = trapEnding(run, trap);
      engine = undefined;
    } finally {
      shared.leave();
    }
    run.leftMs = monotonicMs();
    run.cpuMs += run.leftMs - begunMs;
    if (typeof next === "object") finish(run, next);
    else if (next === "unfinished") resumeLater(run);
    else waitForHost(run);
  }

  function advance(run: ActiveRun, untilMs: number): Ending | "waiting" | "unfinished" {
    return run.guest?.advance(() => monotonicMs() >= untilMs) ?? "waiting";
  }

  function resumeLater(run: ActiveRun): void {
    run.unfinished = true;
    shared.askTurn(index);
    setImmediate(() => {
      if (active !== run) return;
      run.unfinished = false;
      turn(run, run.leftMs);
      slice(run, () => undefined);
    });
  }

  /** The run gets the turn it waits for since `sinceMs`; time lost to a neighbour is not its own. */
  function turn(run: ActiveRun, sinceMs: number): void {
    shared.takeTurn(index);
    const lostMs = monotonicMs() - Math.max(sinceMs, run.leftMs);
    if (lostMs < HELD_UP_MS) return;
    run.deadlineMs += lostMs;
    shared.credit(index, lostMs);
  }

  function waitForHost(run: ActiveRun): void {
    const delivery = run.inbox.shift();
    if (delivery) return deliver(run, delivery.callId, delivery.reply);
    run.deadlineTimer ??= setTimeout(
      () => {
        run.deadlineTimer = undefined;
        if (active !== run || run.unfinished) return;
        // An answer is on its way: it tells how long the run was held up.
        if (shared.awaitsTurn(index) && !shared.isCancelled(index)) return waitForHost(run);
        const reason = stopReason(run);
        // Timers may fire a little early.
        if (reason === undefined) return waitForHost(run);
        finish(run, stopEnding(reason, run.job.limits.timeoutMs, run.pendingHostCalls === 0));
      },
      Math.max(1, Math.ceil(run.deadlineMs - monotonicMs())),
    );
  }

  function deliver(run: ActiveRun, callId: number, reply: WireReply): void {
    run.pendingHostCalls--;
    // Counted when delivered, not when received: every attempt then refuses the same calls.
    run.retainedBytes -= run.requestBytes.get(callId) ?? 0;
    run.requestBytes.delete(callId);
    run.retainedBytes += utf8Bytes(reply.ok ? reply.json : reply.error.message);
    if (!reply.ok && reply.error.denied === true) run.denied = true;
    run.nowMs = Math.max(run.nowMs, run.wakesAtMs.get(callId) ?? 0);
    slice(run, () => {
      run.guest?.settle(callId, reply);
      return undefined;
    });
  }

  function reply(attempt: number, callId: number, answer: WireReply, sentMs: number): void {
    const run = active;
    if (run === undefined || run.attempt !== attempt) return;
    // Between two slices it waits for its next turn anyway, which counts the same time.
    turn(run, run.unfinished ? monotonicMs() : sentMs);
    if (run.unfinished || run.inbox.length > 0) run.inbox.push({ callId, reply: answer });
    else deliver(run, callId, answer);
  }

  function cancel(attempt: number): void {
    const run = active;
    if (run === undefined || run.attempt !== attempt) return;
    run.stop ??= "cancelled";
    finish(run, stopEnding(run.stop, run.job.limits.timeoutMs));
  }

  function finish(run: ActiveRun, ending: Ending): void {
    active = undefined;
    clearTimeout(run.deadlineTimer);
    const droppedBytes = engine?.grownBytes ?? 0;
    // Nothing of a run stays in memory, even while the slot is idle.
    const reset = droppedBytes === 0 && parts.kept;
    post({
      kind: "done",
      slot: index,
      attempt: run.attempt,
      outcome: {
        ...ending,
        ...(run.issues === undefined ? {} : { issues: run.issues }),
        logsDropped: run.logsDropped,
        durationMs: monotonicMs() - run.startedMs,
        cpuMs: run.cpuMs,
        hostCalls: run.hostCalls,
      },
      droppedBytes,
    });
    if (reset) engine?.reset();
    else engine = undefined;
  }

  function trapEnding(run: ActiveRun, trap: unknown): Ending {
    const { limits } = run.job;
    const reason = stopReason(run);
    if (reason !== undefined) return stopEnding(reason, limits.timeoutMs);
    const full = (engine?.grownBytes ?? 0) >= limits.memoryBytes / 2;
    if (trap instanceof GuestMemoryError || (trap instanceof RuntimeError && full)) {
      return outOfMemoryEnding(limits);
    }
    if (trap instanceof RangeError) {
      const message = "Maximum call stack size exceeded";
      return { status: "error", error: { name: "RangeError", message } };
    }
    return crashEnding(
      `The engine stopped: ${trap instanceof Error ? trap.message : String(trap)}`,
    );
  }

  function operate(
    run: ActiveRun,
    operation: number,
    name: string | undefined,
    text: string | undefined,
  ): number {
    const { limits } = run.job;
    const asked = readHostOperation(operation, name, text);
    if (asked.kind === "log") return log(run, asked.level, asked.text);
    if (run.hostCalls >= limits.hostCalls) return REFUSED.hostCalls;
    if (asked.kind === "refused") return REFUSED[asked.why];
    if (asked.kind === "progress") {
      run.hostCalls++;
      const callId = run.nextCallId++;
      const { fraction, message } = asked;
      post({ kind: "progress", slot: index, attempt: run.attempt, callId, fraction, message });
      return callId;
    }
    const call =
      asked.kind === "sleep" ? { kind: asked.kind, name: "", args: String(asked.ms) } : asked;
    const bytes = utf8Bytes(call.name) + utf8Bytes(call.args);
    if (run.pendingHostCalls >= limits.pendingHostCalls) return REFUSED.pendingHostCalls;
    if (run.retainedBytes + bytes > retainedBytesLimit(limits)) return REFUSED.retainedBytes;
    run.hostCalls++;
    run.pendingHostCalls++;
    run.retainedBytes += bytes;
    const callId = run.nextCallId++;
    run.requestBytes.set(callId, bytes);
    if (asked.kind === "sleep") run.wakesAtMs.set(callId, run.nowMs + asked.ms);
    post({ kind: "call", slot: index, attempt: run.attempt, call: { callId, ...call } });
    return callId;
  }

  /** Keeps a line if there is room, and answers how many bytes of log are left. */
  function log(run: ActiveRun, level: LogLevel, text: string | undefined): number {
    const { logLines, logBytes } = run.job.limits;
    const bytes = text === undefined ? Infinity : utf8Bytes(text);
    if (text !== undefined && run.logLines < logLines && run.logBytes + bytes <= logBytes) {
      run.logLines++;
      run.logBytes += bytes;
      const line = { level, text };
      post({ kind: "log", slot: index, attempt: run.attempt, line });
    } else {
      run.logsDropped++;
    }
    return run.logLines >= logLines ? 0 : logBytes - run.logBytes;
  }

  return { start, reply, cancel };
}
