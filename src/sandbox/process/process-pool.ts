/**
 * The sandbox processes: which run goes to which, and what happens when one is lost. The pool of
 * threads inside a process does the rest, so runs that wait for runs are always passed on at once.
 *
 * A run that loses its process is executed again from its journal. Whichever of the runs of a lost
 * process ended it is not known: after the second loss each of them is executed alone, in a process
 * kept for that, so that only the guilty one loses another.
 */
import { RepertoireError } from "../../base/errors.ts";
import { FULL_HARDENING, weakerHardening } from "../hardening/launch-hardened.ts";
import type { LaunchCommand, LaunchFallback } from "../hardening/launch-hardened.ts";
import type { PreparedPool } from "../run/sandbox-over.ts";
import { stopEnding } from "../run/run-ending.ts";
import { outcomeOf } from "../run/run.ts";
import type { Run } from "../run/run.ts";
import type { SandboxIsolation } from "../sandbox.ts";
import { createProcessMember, lostEnding } from "./process-member.ts";
import type { ProcessMember, ProcessMemberEvents } from "./process-member.ts";

/** Processes one run may lose. */
const MAX_ATTEMPTS = 4;
/** From this many losses on, a run is executed alone. */
const ALONE_AFTER = 2;
/** Processes that may end in a row before they were ready; then waiting runs fail. */
const MAX_FAILED_STARTS = 4;
/** From this many on, the next attempt does without one more part of the hardening. */
const WEAKEN_AFTER = 2;
const FIRST_BACK_OFF_MS = 50;
const MAX_BACK_OFF_STEPS = 7;

export interface ProcessPoolOptions {
  readonly processes: number;
  /** Runs of depth 0 that a process is given at once. */
  readonly runsPerProcess: number;
  /** The command, with less hardening after it failed. */
  readonly command: (fallback: LaunchFallback) => Promise<LaunchCommand>;
  /** Why a process that achieved this isolation must not be used, if so. */
  readonly refuse: (isolation: SandboxIsolation) => RepertoireError | undefined;
}

export function createProcessPool(options: ProcessPoolOptions): PreparedPool {
  const members: ProcessMember[] = [];
  const nested: Run[] = [];
  const waiting: Run[] = [];
  let prepared: PromiseWithResolvers<void>[] = [];
  let starting = 0;
  let failedStarts = 0;
  let fallback = FULL_HARDENING;
  let retryTimer: NodeJS.Timeout | undefined;
  let isolation: SandboxIsolation | undefined;
  let refusal: RepertoireError | undefined;
  let kills = 0;
  let retries = 0;
  let closing: Promise<void> | undefined;

  function submit(run: Run): void {
    if (refusal !== undefined) return run.fail(refusal);
    (run.depth > 0 ? nested : waiting).push(run);
    pump();
  }

  function pump(): void {
    if (closing) return;
    for (let index = 0; index < nested.length;) {
      if (place(nested[index] as Run)) nested.splice(index, 1);
      else index++;
    }
    for (let index = 0; index < waiting.length;) {
      const run = waiting[index] as Run;
      if (place(run)) waiting.splice(index, 1);
      else if (run.exclusive) index++;
      else break;
    }
    const wanted = nested.length + waiting.length + prepared.length > 0;
    for (const member of members) member.setRef(member.ready ? member.runs > 0 : wanted);
  }

  function place(run: Run): boolean {
    if (run.exclusive) {
      const quarantine = members.find(({ alone }) => alone) ?? spawn(true);
      if (quarantine?.ready === true && quarantine.runs === 0) {
        quarantine.start(run);
        return true;
      }
      // A nested one may be what the run in quarantine waits for.
      if (run.depth === 0 || quarantine?.ready !== true) return false;
    }
    const shared = members.filter(({ alone }) => !alone);
    const open = shared
      .filter(({ ready, topRuns }) => ready && (run.depth > 0 || topRuns < options.runsPerProcess))
      .toSorted((a, b) => a.runs - b.runs)[0];
    const isBusy = open === undefined || open.runs >= options.runsPerProcess / 2;
    if (isBusy && shared.every(({ ready }) => ready) && shared.length < options.processes) {
      spawn(false);
    }
    open?.start(run);
    return open !== undefined;
  }

  function spawn(alone: boolean): undefined {
    if (retryTimer !== undefined || starting > 0 || closing) return;
    starting++;
    const starts = options.command(fallback).finally(() => starting--);
    starts
      .then((command) => {
        if (closing) return;
        const events: ProcessMemberEvents = {
          onReady: (achieved) => becameReady(member, achieved),
          onFree() {
            retireIdle(member);
            pump();
          },
          onLost: (how) => lost(member, how),
        };
        const member = createProcessMember(command, alone, events);
        members.push(member);
        pump();
      })
      .catch((error: Error) => failQueued(error));
  }

  function becameReady(member: ProcessMember, achieved: SandboxIsolation): void {
    failedStarts = 0;
    isolation = achieved;
    refusal = options.refuse(achieved);
    if (refusal !== undefined) {
      members.splice(members.indexOf(member), 1);
      void member.terminate();
      return failQueued(refusal);
    }
    for (const { resolve } of prepared.splice(0)) resolve();
    pump();
  }

  /** The process for runs that must be alone is not kept when there is none. */
  function retireIdle(member: ProcessMember): void {
    if (!member.alone || member.runs > 0) return;
    if ([...nested, ...waiting].some(({ exclusive }) => exclusive)) return;
    remove(member);
    void member.terminate();
  }

  function remove(member: ProcessMember): void {
    members.splice(members.indexOf(member), 1);
    kills += member.counts.kills;
    retries += member.counts.retries;
  }

  function lost(member: ProcessMember, how: Parameters<ProcessMemberEvents["onLost"]>[0]): void {
    remove(member);
    if (how.killed) kills++;
    for (const run of how.begun.toReversed()) {
      if (run.attempts >= MAX_ATTEMPTS) {
        run.end(outcomeOf(lostEnding(run, how.reason), run, 0));
        continue;
      }
      retries++;
      run.exclusive = run.attempts >= ALONE_AFTER;
      requeue(run);
    }
    for (const run of how.waiting.toReversed()) requeue(run);
    if (!how.wasReady) startFailed(how.reason);
    pump();
  }

  function requeue(run: Run): void {
    (run.depth > 0 ? nested : waiting).unshift(run);
  }

  function startFailed(reason: string): void {
    failedStarts++;
    // One that works has shown what can be had, and its next run may be one of those that wait.
    const isServing = members.some(({ ready }) => ready);
    if (failedStarts >= WEAKEN_AFTER && !isServing) fallback = weakerHardening(fallback, reason);
    if (failedStarts >= MAX_FAILED_STARTS && !isServing) {
      failedStarts = 0;
      const message = `No sandbox process starts: ${reason}; ${MAX_FAILED_STARTS} attempts failed`;
      return failQueued(new RepertoireError("INTERNAL", message));
    }
    retryTimer = setTimeout(
      () => {
        retryTimer = undefined;
        if (prepared.length > 0) ensureStarted();
        pump();
      },
      FIRST_BACK_OFF_MS * 2 ** Math.min(failedStarts, MAX_BACK_OFF_STEPS),
    );
  }

  function failQueued(error: Error): void {
    for (const run of [...nested.splice(0), ...waiting.splice(0)]) run.fail(error);
    for (const { reject } of prepared.splice(0)) reject(error);
  }

  function ensureStarted(): void {
    if (!members.some(({ alone }) => !alone)) spawn(false);
  }

  function prepare(): Promise<void> {
    if (refusal !== undefined) return Promise.reject(refusal);
    if (members.some(({ ready }) => ready)) return Promise.resolve();
    const waiter = Promise.withResolvers<void>();
    prepared.push(waiter);
    ensureStarted();
    pump();
    return waiter.promise;
  }

  function cancel(run: Run): void {
    for (const queue of [nested, waiting]) {
      const at = queue.indexOf(run);
      if (at < 0) continue;
      queue.splice(at, 1);
      run.end(outcomeOf(stopEnding("cancelled", 0), run, 0));
      return;
    }
    for (const member of members) if (member.cancel(run)) return;
  }

  function close(): Promise<void> {
    closing ??= closeAll();
    return closing;
  }

  async function closeAll(): Promise<void> {
    clearTimeout(retryTimer);
    const ended = members.splice(0).map((member) => {
      kills += member.counts.kills;
      retries += member.counts.retries;
      return member.terminate();
    });
    const queued = [...nested.splice(0), ...waiting.splice(0)];
    const closed = new RepertoireError("CLOSED", "The sandbox was closed");
    for (const { reject } of prepared.splice(0)) reject(closed);
    await Promise.all(ended.map(({ gone }) => gone));
    for (const run of [...ended.flatMap(({ runs }) => runs), ...queued]) {
      run.end(outcomeOf(stopEnding("cancelled", 0), run, 0));
    }
  }

  return {
    submit,
    cancel,
    prepare,
    close,
    get isolation() {
      return isolation;
    },
    counts() {
      const sum = (part: (member: ProcessMember) => number): number =>
        members.reduce((total, member) => total + part(member), 0);
      const running = sum(({ begunRuns }) => begunRuns);
      return {
        workers: sum(({ counts }) => counts.workers),
        running,
        queued: nested.length + waiting.length + sum(({ runs }) => runs) - running,
        kills: kills + sum(({ counts }) => counts.kills),
        retries: retries + sum(({ counts }) => counts.retries),
      };
    },
  };
}
