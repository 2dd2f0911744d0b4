/**
 * One place for a run inside a worker: an engine, the run in it, and the time slices it executes
 * in. Replies reach the guest only when it has nothing left to do, one at a time; the order of
 * replies therefore determines everything a run does, which makes re-execution exact.
 */
import { createCpuMeter } from "../run/cpu-meter.ts";
import { REFUSED, REFUSED_BY } from "../run/guest-limits.ts";
import { createGuestRun } from "./guest-run.ts";
import { readHostOperation } from "../run/host-operation.ts";
import { checkContext, checkResult } from "../run/job-checks.ts";
import { checkProgram } from "./check-program.ts";
import { GuestMemoryError, QuickJsInstance } from "./quickjs-instance.ts";
import { retainedBytesLimit } from "../run/retained-bytes.ts";
import {
  cpuTimeoutEnding,
  crashEnding,
  outOfMemoryEnding,
  stackOverflowEnding,
  STILL,
  stopEnding,
  unansweredEnding,
} from "../run/run-ending.ts";
import { callNames, logWarning, looseEndWarnings } from "../run/run-warnings.ts";
import { monotonicMs } from "../run/monotonic.ts";
import { RuntimeError } from "./web-assembly.ts";
import type { WasmModule } from "./web-assembly.ts";
import { utf8Bytes } from "../../base/json.ts";
import type { ActiveRun } from "./active-run.ts";
import type { QuickJsHost, Snapshot } from "./quickjs-instance.ts";
import type { Ending } from "../run/run-ending.ts";
import type { SchemaChecker } from "../run/schema-checker.ts";
import type { SharedState } from "./shared-state.ts";
import type { Job, WireReply } from "../run/job.ts";
import type { FromWorker } from "./wire.ts";
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

  function stopReason(run: ActiveRun): ActiveRun["stop"] {
    if (run.stop !== undefined) return run.stop;
    const nowMs = monotonicMs();
    if (shared.isCancelled(index)) run.stop = "cancelled";
    else if (nowMs >= run.deadlineMs) run.stop = "timeout";
    else if (run.cpu.isSpent(nowMs)) run.stop = "cpu";
    // It lasted longer than it was given a processor, which the host can not see.
    else if (run.cpu.mayBeSpent(nowMs)) shared.tellCpu(index, run.cpu.usedMs(nowMs));
    return run.stop;
  }

  function stopped(run: ActiveRun, still: () => string = () => STILL.busy): Ending | undefined {
    const reason = stopReason(run);
    if (reason === undefined) return undefined;
    const { limits } = run.job;
    if (reason === "cpu") return cpuTimeoutEnding(limits);
    return stopEnding(reason, limits.timeoutMs, reason === "timeout" ? still() : "");
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
      cpu: createCpuMeter(job.limits.cpuMs),
      hostCalls: 0,
      retainedBytes: 0,
      waiting: new Map(),
      nextCallId: 0,
      logLines: 0,
      logBytes: 0,
      logsDropped: 0,
      logFull: job.limits.logLines === 0 || job.limits.logBytes === 0,
      denied: false,
      reached: new Set(),
      warnings: [],
      issues: undefined,
    };
    active = run;
    slice(run, () => {
      if (run.stop !== undefined) return stopped(run);
      if (job.kind === "check") {
        run.issues = checkProgram(ready, job, schemas);
        return { status: "ok" };
      }
      const invalid = checkContext(job, schemas);
      if (invalid) return invalid;
      run.guest = createGuestRun(ready, job, {
        stopped: (still) => stopped(run, still),
        wasDenied: () => run.denied,
        hasReached: (limit) => run.reached.has(limit),
      });
      return run.guest.load();
    });
  }

  /** Executes guest code with the clock on and every trap caught, then decides what comes next. */
  function slice(run: ActiveRun, work: () => Ending | undefined): void {
    shared.enter(index);
    const begunMs = monotonicMs();
    run.cpu.begin(begunMs);
    let next: Ending | "waiting" | "unfinished";
    try {
      next = work() ?? advance(run, begunMs + SLICE_MS);
      if (typeof next === "object") next = conclude(run, next);
    } catch (trap) {
      next = trapEnding(run, trap);
      engine = undefined;
    } finally {
      run.leftMs = monotonicMs();
      run.cpu.end(run.leftMs);
      shared.leave(index, run.cpu.usedMs(run.leftMs));
    }
    if (typeof next === "object") finish(run, next);
    else if (next === "unfinished") resumeLater(run);
    else waitForHost(run);
  }

  function advance(run: ActiveRun, untilMs: number): Ending | "waiting" | "unfinished" {
    return run.guest?.advance(() => monotonicMs() >= untilMs) ?? "waiting";
  }

  /** What is left to do in the last slice of a run. */
  function conclude(run: ActiveRun, ending: Ending): Ending {
    const checked = checkResult(ending, run.job, schemas);
    if (run.stop !== undefined || run.guest === undefined) return checked;
    const calls = [...run.waiting.values()];
    run.warnings = looseEndWarnings({ calls, ...run.guest.looseEnds() });
    return checked;
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
        const ending = stopped(run, () =>
          run.waiting.size === 0
            ? STILL.settling
            : STILL.calling(callNames([...run.waiting.values()])),
        );
        // Timers may fire a little early.
        if (ending === undefined) return waitForHost(run);
        finish(run, ending);
      },
      Math.max(1, Math.ceil(run.deadlineMs - monotonicMs())),
    );
  }

  function deliver(run: ActiveRun, callId: number, reply: WireReply): void {
    if (!reply.ok && reply.unanswered !== undefined) {
      return reply.unanswered === run.nextCallId
        ? finish(run, unansweredEnding())
        : waitForHost(run);
    }
    // Counted when delivered, not when received: every attempt then refuses the same calls.
    run.retainedBytes -= run.waiting.get(callId)?.bytes ?? 0;
    run.waiting.delete(callId);
    run.retainedBytes += utf8Bytes(reply.ok ? reply.json : reply.error.message);
    if (!reply.ok && reply.error.denied === true) run.denied = true;
    if (!reply.ok && reply.error.limit !== undefined) run.reached.add(reply.error.limit);
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
    finish(run, stopped(run) ?? stopEnding("cancelled", 0));
  }

  function finish(run: ActiveRun, ending: Ending): void {
    active = undefined;
    clearTimeout(run.deadlineTimer);
    const logsDropped = run.logsDropped + (run.logFull ? logsDroppedByGuest() : 0);
    const warnings = [...logWarning(logsDropped, run.job.limits), ...run.warnings];
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
        ...(warnings.length === 0 ? {} : { warnings }),
        logsDropped,
        durationMs: monotonicMs() - run.startedMs,
        cpuMs: run.cpu.usedMs(run.leftMs),
        hostCalls: run.hostCalls,
      },
      droppedBytes,
    });
    if (reset) engine?.reset();
    else engine = undefined;
  }

  /** Lines of a full log, which never got here; unknown when the engine can not even tell. */
  function logsDroppedByGuest(): number {
    try {
      return engine?.droppedLogLines() ?? 0;
    } catch {
      // A trap: there is no memory left, and the engine is replaced for that anyway.
      engine = undefined;
      return 0;
    }
  }

  function trapEnding(run: ActiveRun, trap: unknown): Ending {
    const { limits } = run.job;
    const ending = stopped(run);
    if (ending !== undefined) return ending;
    const full = (engine?.grownBytes ?? 0) >= limits.memoryBytes / 2;
    if (trap instanceof GuestMemoryError || (trap instanceof RuntimeError && full)) {
      return outOfMemoryEnding(limits);
    }
    if (trap instanceof RangeError) return stackOverflowEnding(limits);
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
    if (run.hostCalls >= limits.hostCalls) return refuse(run, "hostCalls");
    if (asked.kind === "refused") return refuse(run, asked.why);
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
    if (run.waiting.size >= limits.pendingHostCalls) return refuse(run, "pendingHostCalls");
    if (run.retainedBytes + bytes > retainedBytesLimit(limits)) return refuse(run, "retainedBytes");
    run.hostCalls++;
    run.retainedBytes += bytes;
    const callId = run.nextCallId++;
    run.waiting.set(callId, { kind: call.kind, name: call.name, bytes });
    if (asked.kind === "sleep") run.wakesAtMs.set(callId, run.nowMs + asked.ms);
    const cpuMs = run.cpu.usedMs(monotonicMs());
    post({ kind: "call", slot: index, attempt: run.attempt, call: { callId, ...call, cpuMs } });
    return callId;
  }

  function refuse(run: ActiveRun, why: keyof typeof REFUSED): number {
    const limit = REFUSED_BY[why];
    if (limit !== undefined) run.reached.add(limit);
    return REFUSED[why];
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
    const room = run.logLines >= logLines ? 0 : logBytes - run.logBytes;
    run.logFull = room === 0;
    return room;
  }

  return { start, reply, cancel };
}
