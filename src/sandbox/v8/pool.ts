/**
 * The pool of V8 processes: which run goes where, and when.
 *
 * Processes start when they are needed, and each has one run at a time, also while that run waits
 * for its host. Runs of depth 0 wait in one queue; nested runs wait in another that is served first,
 * and every depth may have a few processes beyond the size of the pool. Because the deepest runs
 * wait for none, some depth can always go on: the pool can not deadlock. After a kill a spare is
 * kept ready.
 */
import { RepertoireError } from "../../base/errors.ts";
import { FULL_HARDENING, weakerHardening } from "../hardening/launch-hardened.ts";
import type { LaunchCommand, LaunchFallback } from "../hardening/launch-hardened.ts";
import { crashEnding, stopEnding } from "../run/run-ending.ts";
import { outcomeOf } from "../run/run.ts";
import type { Run } from "../run/run.ts";
import type { PreparedPool } from "../run/sandbox-over.ts";
import type { SandboxIsolation } from "../sandbox.ts";
import { createMember } from "./member.ts";
import type { Member, MemberLoss } from "./member.ts";

/** Most processes beyond the size of the pool for the runs of one depth. */
const MAX_EXTRA_PER_DEPTH = 2;
/** How long an extra process stays when it is idle, in milliseconds. */
const IDLE_EXTRA_MS = 1000;
/** Attempts of one run; each but the first follows the loss of a process. */
const MAX_ATTEMPTS = 4;
/** Processes that may end in a row before they were ready; then waiting runs fail. */
const MAX_FAILED_STARTS = 4;
/** From this many on, the next attempt does without one more part of the hardening. */
const WEAKEN_AFTER = 2;
const FIRST_BACK_OFF_MS = 50;
const MAX_BACK_OFF_STEPS = 7;

/** @param commandFor the command that starts a process, with less hardening after it failed */
export function createV8Pool(
  commandFor: (fallback: LaunchFallback) => Promise<LaunchCommand>,
  workers: number,
): PreparedPool {
  const members: Member[] = [];
  /** Processes that are not gone yet, whether in `members` or being ended. */
  const alive = new Set<Member>();
  const idleTimers = new Map<Member, NodeJS.Timeout>();
  const nested: Run[] = [];
  const waiting: Run[] = [];
  const extraPerDepth = Math.min(workers, MAX_EXTRA_PER_DEPTH);
  let spare = 0;
  let failedStarts = 0;
  let retryTimer: NodeJS.Timeout | undefined;
  let kills = 0;
  let retries = 0;
  const prepared: PromiseWithResolvers<void>[] = [];
  let fallback = FULL_HARDENING;
  /** Found out once, and again after processes did not start with it. */
  let command: LaunchCommand | undefined;
  let isFindingCommand = false;
  let isolation: SandboxIsolation | undefined;
  let closing: Promise<void> | undefined;

  function submit(run: Run): void {
    (run.depth > 0 ? nested : waiting).push(run);
    pump();
  }

  function pump(): void {
    if (closing !== undefined) return;
    for (let index = 0; index < nested.length;) {
      if (place(nested[index] as Run)) nested.splice(index, 1);
      else index++;
    }
    while (waiting[0] !== undefined && place(waiting[0])) waiting.shift();
    grow();
    const queued = nested.length + waiting.length + prepared.length > 0;
    for (const member of members) {
      member.setRef(member.ready ? member.run !== undefined : queued);
    }
  }

  function place(run: Run): boolean {
    const idle = members.filter((member) => member.ready && member.run === undefined);
    const ordinary = idle.find((member) => !member.extra);
    const mayStart = busy(false).length < workers;
    if (ordinary !== undefined && mayStart) return begin(ordinary, run);
    if (run.depth === 0) return false;
    const extra = idle.find((member) => member.extra);
    if (extra === undefined || extrasAt(run.depth) >= extraPerDepth) return false;
    return begin(extra, run);
  }

  function begin(member: Member, run: Run): true {
    clearTimeout(idleTimers.get(member));
    idleTimers.delete(member);
    member.start(run);
    return true;
  }

  function busy(extra: boolean): readonly Member[] {
    return members.filter((member) => member.extra === extra && member.run !== undefined);
  }

  function extrasAt(depth: number): number {
    return busy(true).filter((member) => member.run?.depth === depth).length;
  }

  /** Starts the processes that what is queued can use. */
  function grow(): void {
    if (retryTimer !== undefined) return;
    const ordinary = members.filter((member) => !member.extra).length;
    const queued = nested.length + waiting.length;
    if (command === undefined) {
      if (queued + prepared.length + spare > 0) findCommand();
      return;
    }
    const useful = Math.min(workers, busy(false).length + queued);
    const wanted = useful + (ordinary > 0 || queued > 0 ? spare : 0);
    const least = Math.max(wanted, spare, prepared.length > 0 ? 1 : 0);
    for (let missing = least - ordinary; missing > 0; missing--) spawn(command, false);
    let starting = members.filter((member) => member.extra && !member.ready).length;
    // A run that was called is likely to call another: that one should not wait for a start again.
    const ahead = nested.length + busy(true).length > 0 && !members.some(isIdleExtra) ? 1 : 0;
    for (const depth of new Set(nested.map((run) => run.depth))) {
      const atDepth = nested.filter((run) => run.depth === depth).length;
      const room = extraPerDepth - extrasAt(depth);
      for (let count = Math.min(atDepth, room); count > 0; count--) {
        if (starting > 0) starting--;
        else spawn(command, true);
      }
    }
    if (starting < ahead) spawn(command, true);
  }

  function isIdleExtra(member: Member): boolean {
    return member.extra && member.ready && member.run === undefined;
  }

  function findCommand(): void {
    if (isFindingCommand) return;
    isFindingCommand = true;
    commandFor(fallback)
      .then((found) => void (command = found), failQueued)
      .finally(() => {
        isFindingCommand = false;
        pump();
      });
  }

  function spawn(using: LaunchCommand, extra: boolean): void {
    const member = createMember(using, extra, {
      onReady(achieved) {
        failedStarts = 0;
        isolation = achieved;
        for (const { resolve } of prepared.splice(0)) resolve();
        free(member);
      },
      onFree() {
        // The one that waits longest goes first: the realm of its next run is made.
        members.push(...members.splice(members.indexOf(member), 1));
        free(member);
      },
      onLost: (run, how) => lost(member, run, how),
      onGone: () => void alive.delete(member),
    });
    members.push(member);
    alive.add(member);
  }

  function free(member: Member): void {
    pump();
    if (!member.extra || member.run !== undefined) return;
    const timer = setTimeout(() => {
      idleTimers.delete(member);
      members.splice(members.indexOf(member), 1);
      void member.terminate();
    }, IDLE_EXTRA_MS);
    timer.unref();
    idleTimers.set(member, timer);
  }

  function lost(member: Member, run: Run | undefined, how: MemberLoss): void {
    const at = members.indexOf(member);
    if (at >= 0) members.splice(at, 1);
    clearTimeout(idleTimers.get(member));
    idleTimers.delete(member);
    if (how.killed) {
      kills++;
      spare = 1;
    }
    if (run !== undefined) again(run, how.reason);
    if (!how.wasReady) startFailed(how.reason);
    // Not at once: whoever told of the loss is not done with its run yet.
    queueMicrotask(pump);
  }

  /** A run whose process died is repeated, unless it looks as if it were the cause. */
  function again(run: Run, reason: string): void {
    if (run.attempts >= MAX_ATTEMPTS) {
      const ending = crashEnding(`The run lost its process ${run.attempts} times: ${reason}`);
      return run.end(outcomeOf(ending, run, 0));
    }
    retries++;
    (run.depth > 0 ? nested : waiting).unshift(run);
  }

  function startFailed(reason: string): void {
    // Those that were started together fail together.
    if (retryTimer !== undefined) return;
    failedStarts++;
    // One that works has shown what can be had, and its next run may be one of those that wait.
    const isServing = members.some(({ ready }) => ready);
    if (failedStarts >= WEAKEN_AFTER && !isServing) {
      fallback = weakerHardening(fallback, reason);
      command = undefined;
    }
    if (failedStarts >= MAX_FAILED_STARTS && !isServing) {
      failedStarts = 0;
      spare = 0;
      return failQueued(
        new RepertoireError(
          "SANDBOX_UNAVAILABLE",
          `No V8 process starts: ${reason}; ${MAX_FAILED_STARTS} attempts failed`,
        ),
      );
    }
    if (closing !== undefined) return;
    retryTimer = setTimeout(
      () => {
        retryTimer = undefined;
        pump();
      },
      FIRST_BACK_OFF_MS * 2 ** Math.min(failedStarts, MAX_BACK_OFF_STEPS),
    );
  }

  /** Only a run that never began may be tried on another engine: its effects happened nowhere. */
  function failQueued(error: Error): void {
    for (const run of [...nested.splice(0), ...waiting.splice(0)]) {
      if (run.attempts === 0) run.fail(error);
      else run.end(outcomeOf(crashEnding(error.message), run, 0));
    }
    for (const { reject } of prepared.splice(0)) reject(error);
  }

  function prepare(): Promise<void> {
    if (isolation !== undefined) return Promise.resolve();
    const waiter = Promise.withResolvers<void>();
    prepared.push(waiter);
    pump();
    return waiter.promise;
  }

  function cancel(run: Run): void {
    for (const queue of [nested, waiting]) {
      const at = queue.indexOf(run);
      if (at < 0) continue;
      queue.splice(at, 1);
      return run.end(outcomeOf(stopEnding("cancelled", 0), run, 0));
    }
    members.find((member) => member.run === run)?.cancel();
  }

  function close(): Promise<void> {
    closing ??= closeAll();
    return closing;
  }

  async function closeAll(): Promise<void> {
    clearTimeout(retryTimer);
    for (const timer of idleTimers.values()) clearTimeout(timer);
    const placed = members.flatMap(({ run }) => (run === undefined ? [] : [run]));
    const runs = [...placed, ...nested.splice(0), ...waiting.splice(0)];
    members.length = 0;
    const closed = new RepertoireError("CLOSED", "The sandbox was closed");
    for (const { reject } of prepared.splice(0)) reject(closed);
    await Promise.all([...alive].map((member) => member.terminate()));
    for (const run of runs) run.end(outcomeOf(stopEnding("cancelled", 0), run, 0));
  }

  return {
    submit,
    cancel,
    counts: () => ({
      workers: members.length,
      running: members.filter(({ run }) => run !== undefined).length,
      queued: nested.length + waiting.length,
      kills,
      retries,
    }),
    prepare,
    get isolation() {
      return isolation;
    },
    close,
  };
}
