/**
 * The run a V8 process has: its isolate, its counters and its limits. Replies reach the guest one at
 * a time and only when it has nothing left to do, so the order of replies determines what a run does.
 *
 * A run ends by itself, or is stopped here: its isolate is disposed, which ends what it executes
 * unless that is native code. Then the process says that it is stuck, and its parent kills it.
 */
import { utf8Bytes } from "../../base/json.ts";
import type { Issue } from "../../base/errors.ts";
import type { ExecutionError, LogLevel } from "../../skill/execution.ts";
import { REFUSED, REFUSED_BY } from "../run/guest-limits.ts";
import { readHostOperation } from "../run/host-operation.ts";
import type { CallKind, Job, WireReply } from "../run/job.ts";
import { monotonicMs } from "../run/monotonic.ts";
import { retainedBytesLimit } from "../run/retained-bytes.ts";
import {
  crashEnding,
  outOfMemoryEnding,
  STILL,
  stopEnding,
  unansweredEnding,
} from "../run/run-ending.ts";
import type { Ending } from "../run/run-ending.ts";
import { callNames, logWarning, looseEndWarnings, NAMED_LOOSE_ENDS } from "../run/run-warnings.ts";
import { toExecutionError } from "../run/guest-report.ts";
import { randomState } from "../guest/random-state.ts";
import type { GuestIsolate } from "./guest-isolate.ts";
import { loadEnding, readConclusion, reportOf, startEnding } from "./guest-endings.ts";
import type { JobChecks } from "./job-checks.ts";
import type { FromChild } from "./messages.ts";
import { SETTLED_OPERATION } from "./v8-prelude.ts";
import { watchGuest } from "./watch-guest.ts";

/** Time a disposed isolate has to let go of its thread, in milliseconds. */
const LET_GO_MS = 15;

export interface ChildRun {
  reply(callId: number, reply: WireReply): void;
  cancel(): void;
}

interface WaitingCall {
  readonly kind: CallKind;
  readonly name: string;
  readonly bytes: number;
}

export interface ChildRunParts {
  readonly attempt: number;
  readonly job: Job;
  readonly guest: GuestIsolate;
  readonly checks: JobChecks;
  /** Tells the memory of the process. */
  readonly residentBytes: () => number;
  readonly post: (message: FromChild, text?: string) => void;
  /** The run is over and its isolate disposed; `stuck` when that did not stop it. */
  readonly onEnd: (stuck: boolean) => void;
}

export function startChildRun({
  attempt,
  job,
  guest,
  checks,
  residentBytes,
  post,
  onEnd,
}: ChildRunParts): ChildRun {
  const { limits } = job;
  const startedMs = monotonicMs();
  const deadlineMs = startedMs + limits.timeoutMs;
  const inbox: { readonly callId: number; readonly reply: WireReply }[] = [];
  const waiting = new Map<number, WaitingCall>();
  const reached = new Set<NonNullable<ExecutionError["limit"]>>();
  /** When each sleeping call wakes, on the virtual clock. */
  const wakesAtMs = new Map<number, number>();
  let nowMs = job.now;
  let executing = false;
  let settled = false;
  let concluding = false;
  let ended = false;
  let stopped: Ending | undefined;
  let hostCalls = 0;
  let nextCallId = 0;
  let retainedBytes = 0;
  let logLines = 0;
  let logBytes = 0;
  let logsDropped = 0;
  let denied = false;
  let issues: readonly Issue[] | undefined;
  let warnings: readonly string[] = [];
  let letGo: NodeJS.Timeout | undefined;

  guest.attach(operate, () => stop(outOfMemoryEnding(limits)));
  const watch = watchGuest(guest, limits, deadlineMs, stop, still, residentBytes);
  post({ kind: "begun", attempt });
  void begin();

  async function begin(): Promise<void> {
    const ending = await execute(job.kind === "check" ? check : load);
    if (ending === undefined) return next();
    finish(ending);
  }

  async function check(): Promise<Ending> {
    issues = await checks.program(job, guest);
    return { status: "ok" };
  }

  async function load(): Promise<Ending | undefined> {
    const invalid = checks.context(job, deadlineMs);
    if (invalid !== undefined) return invalid;
    const refused = startEnding(await guest.call("begin", beginArguments(job), leftMs()));
    if (refused !== undefined) return refused;
    const { code, file } = job.program;
    return loadEnding(await guest.load(code, file, leftMs), job);
  }

  /** Executes guest code and looks at how it went; an ending when the run is over. */
  async function execute(work: () => Promise<Ending | undefined>): Promise<Ending | undefined> {
    executing = true;
    watch.enter();
    let ending: Ending | undefined;
    try {
      ending = await work();
    } catch (error) {
      ending = crashEnding(`The engine stopped: ${(error as Error).message}`);
    }
    // While it still counts as executing: the engine may have stopped it at its deadline.
    const over = stopped ?? watch.leave() ?? ending;
    executing = false;
    return over;
  }

  /** What comes after guest code had nothing left to do. */
  async function next(): Promise<void> {
    while (!ended) {
      if (settled) return finish(await conclude());
      const delivery = inbox.shift();
      if (delivery === undefined) return;
      const { callId, reply } = delivery;
      if (!reply.ok && reply.unanswered !== undefined) {
        if (reply.unanswered === nextCallId) return finish(unansweredEnding());
        continue;
      }
      const ending = await execute(() => deliver(callId, reply));
      if (ending !== undefined) return finish(ending);
    }
  }

  async function conclude(): Promise<Ending> {
    const calls = [...waiting.values()];
    concluding = true;
    const ending = await execute(async () => {
      const concluded =
        (await guest.call("conclude", [], leftMs())) ??
        (await guest.call("concluded", [], leftMs()));
      const read = readConclusion(concluded, job, { denied, reached });
      logsDropped += read.dropped;
      return checks.result(read.ending, job, deadlineMs);
    });
    if (stopped === undefined) warnings = looseEndWarnings({ calls, ...unhandled() });
    return ending ?? crashEnding("The engine gave no result");
  }

  async function deliver(callId: number, reply: WireReply): Promise<undefined> {
    // Counted when delivered, not when received: every attempt then refuses the same calls.
    retainedBytes -= waiting.get(callId)?.bytes ?? 0;
    waiting.delete(callId);
    const text = reply.ok ? reply.json : reply.error.message;
    retainedBytes += utf8Bytes(text);
    if (!reply.ok && reply.error.denied === true) denied = true;
    if (!reply.ok && reply.error.limit !== undefined) reached.add(reply.error.limit);
    nowMs = Math.max(nowMs, wakesAtMs.get(callId) ?? 0);
    const json = reply.ok ? reply.json : JSON.stringify(reply.error);
    await guest.call("settle", [callId, reply.ok ? 1 : 0, json, nowMs], leftMs());
    return undefined;
  }

  function leftMs(): number {
    return Math.max(1, Math.ceil(deadlineMs - monotonicMs()));
  }

  /** Ends the run from outside, whatever it does. */
  function stop(ending: Ending): void {
    if (ended || stopped !== undefined) return;
    stopped = ending;
    if (!executing) return finish(ending);
    guest.dispose();
    letGo = setTimeout(() => finish(ending, true), LET_GO_MS);
  }

  function finish(ending: Ending, stuck = false): void {
    if (ended) return;
    ended = true;
    clearTimeout(letGo);
    watch.end();
    const cpuMs = watch.cpuMs();
    guest.dispose();
    const { valueJson, ...rest } = ending;
    const all = [...logWarning(logsDropped, limits), ...warnings];
    const outcome = {
      ...rest,
      ...(issues === undefined ? {} : { issues }),
      ...(all.length === 0 ? {} : { warnings: all }),
      logsDropped,
      durationMs: monotonicMs() - startedMs,
      cpuMs,
      hostCalls,
    };
    post({ kind: "done", attempt, outcome, stuck }, valueJson ?? "");
    onEnd(stuck);
  }

  function operate(operation: number, name: string | undefined, text: string | undefined): number {
    if (ended || stopped !== undefined) return REFUSED.hostCalls;
    if (operation === SETTLED_OPERATION) {
      settled = true;
      return 0;
    }
    const short = text === undefined || utf8Bytes(text) <= limits.resultBytes ? text : undefined;
    const asked = readHostOperation(operation, name, short);
    if (asked.kind === "log") return log(asked.level, asked.text);
    if (hostCalls >= limits.hostCalls) return refuse("hostCalls");
    if (asked.kind === "refused") return refuse(asked.why);
    if (asked.kind === "progress") {
      hostCalls++;
      const callId = nextCallId++;
      const { fraction, message } = asked;
      post({
        kind: "progress",
        attempt,
        callId,
        fraction,
        ...(message === undefined ? {} : { message }),
      });
      return callId;
    }
    const call =
      asked.kind === "sleep" ? { kind: asked.kind, name: "", args: String(asked.ms) } : asked;
    const bytes = utf8Bytes(call.name) + utf8Bytes(call.args);
    if (waiting.size >= limits.pendingHostCalls) return refuse("pendingHostCalls");
    if (retainedBytes + bytes > retainedBytesLimit(limits)) return refuse("retainedBytes");
    hostCalls++;
    retainedBytes += bytes;
    const callId = nextCallId++;
    waiting.set(callId, { kind: call.kind, name: call.name, bytes });
    if (asked.kind === "sleep") wakesAtMs.set(callId, nowMs + asked.ms);
    const { kind, name: target, args } = call;
    post({ kind: "call", attempt, callId, call: kind, name: target, cpuMs: watch.cpuMs() }, args);
    return callId;
  }

  function refuse(why: keyof typeof REFUSED): number {
    const limit = REFUSED_BY[why];
    if (limit !== undefined) reached.add(limit);
    return REFUSED[why];
  }

  /** What the run is about. */
  function still(): string {
    if (executing) return settled && !concluding ? STILL.forking : STILL.busy;
    return waiting.size === 0 ? STILL.settling : STILL.calling(callNames([...waiting.values()]));
  }

  /** The engine drains the queue of promises, and tells of the first rejection of every stretch. */
  function unhandled(): { rejections: number; errors: readonly ExecutionError[]; hasJobs: false } {
    const { rejections } = guest;
    const first = rejections.slice(0, NAMED_LOOSE_ENDS);
    const errors = first.map((error) => toExecutionError(reportOf(error), job.program, "utf16"));
    return { rejections: rejections.length, errors, hasJobs: false };
  }

  /** Keeps a line if there is room, and answers how many bytes of log are left. */
  function log(level: LogLevel, text: string | undefined): number {
    const bytes = text === undefined ? Infinity : utf8Bytes(text);
    if (text !== undefined && logLines < limits.logLines && logBytes + bytes <= limits.logBytes) {
      logLines++;
      logBytes += bytes;
      post({ kind: "log", attempt, line: { level, text } });
    } else {
      logsDropped++;
    }
    return logLines >= limits.logLines ? 0 : limits.logBytes - logBytes;
  }

  return {
    reply(callId, reply) {
      const isAnswer = reply.ok || reply.unanswered === undefined;
      if (ended || (isAnswer && !waiting.has(callId))) return;
      inbox.push({ callId, reply });
      if (!executing && !settled) void next();
    },
    cancel: () => stop(stopEnding("cancelled", limits.timeoutMs)),
  };
}

function beginArguments(job: Job): [number, number, ...(number | string)[]] {
  const { limits, seed, now, contextJson } = job;
  return [
    now,
    limits.resultBytes,
    // As the prelude that both engines share takes them.
    ...randomState(seed),
    limits.hostCalls,
    limits.pendingHostCalls,
    limits.resultBytes,
    retainedBytesLimit(limits),
    limits.logLines === 0 ? 0 : limits.logBytes,
    contextJson,
  ];
}
