/**
 * The pool of workers: which run goes where, and when.
 *
 * Workers start when they are needed. Runs of depth 0 wait in one queue; runs started by another
 * run's host call wait in a second that is always served first and may use overflow slots, a few
 * for every depth, so that parents waiting for their children never fill the pool. After a kill a
 * spare worker is kept ready, and a run that lost its worker to another is repeated alone.
 */
import { RepertoireError } from "../../base/errors.ts";
import { loadEngine } from "./engine-binary.ts";
import { createMember } from "./member.ts";
import { chooseSlot, NESTED_SLOTS_PER_DEPTH } from "./placement.ts";
import { crashEnding, stopEnding } from "../run/run-ending.ts";
import { outcomeOf } from "../run/run.ts";
import type { RunPool } from "../run/sandbox-over.ts";
import { monotonicMs } from "../run/monotonic.ts";
import type { Member, MemberEvents, Placement } from "./member.ts";
import type { StartWorker } from "./thread.ts";
import type { Run } from "../run/run.ts";

/** Depths of nesting that overflow slots are reserved for. */
const MAX_DEPTH = 64;
/** Workers beyond the configured number, for runs that must be alone or can not go on elsewhere. */
const EXTRA_WORKERS = 2;
/** Attempts of one run; each but the first follows the loss of a worker. */
const MAX_ATTEMPTS = 4;
/** Workers that may die in a row before they were ready; then waiting runs fail. */
const MAX_FAILED_STARTS = 3;
const FIRST_BACK_OFF_MS = 50;
const MAX_BACK_OFF_STEPS = 7;
/** How often runs stuck behind a busy neighbour are looked for, in milliseconds. */
const REBALANCE_MS = 20;
/** How long a worker must be held before its other runs get an extra worker, in milliseconds. */
const HELD_MS = 100;
/** Memory that engines of a worker gave up before the idle worker is replaced, in bytes. */
const WORN_BYTES = 128 * 1024 * 1024;

export function createPool(
  workers: number,
  slotsPerWorker: number,
  startWorker?: StartWorker,
): RunPool {
  const members: Member[] = [];
  /** Threads that are not gone yet, whether in `members` or being terminated. */
  const threads = new Set<Member>();
  const nested: Run[] = [];
  const waiting: Run[] = [];
  let starting = 0;
  /** Workers wanted alive; grows with demand, and by a spare after a kill. */
  let wanted = 0;
  let spare = 0;
  let failedStarts = 0;
  let retryTimer: NodeJS.Timeout | undefined;
  let rebalanceTimer: NodeJS.Timeout | undefined;
  let kills = 0;
  let retries = 0;
  let closing: Promise<void> | undefined;

  function submit(run: Run): void {
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
    if (nested.length + waiting.length > 0) want(1);
    for (const member of members) {
      const needed = member.ready ? member.placements.size > 0 : nested.length + waiting.length > 0;
      member.setRef(needed);
    }
    rebalanceSoon();
  }

  function place(run: Run): boolean {
    const open = members.filter((member) => member.ready);
    if (run.exclusive) {
      const idle = open.findLast((member) => member.placements.size === 0 && !member.reserved);
      if (idle) {
        idle.reserved = true;
        idle.start(run, 0);
        return true;
      }
      const onTheWay = starting > 0 || members.some((member) => !member.ready);
      if (!onTheWay && members.length < workers + EXTRA_WORKERS) spawn();
      if (run.depth === 0 || members.length < workers + EXTRA_WORKERS) return false;
    }
    const shareable = shareableMembers();
    const choice =
      chooseSlot(shareable, slotsPerWorker, run.depth) ??
      (run.depth > 0 && shareable.length === 0
        ? chooseSlot(open, slotsPerWorker, run.depth)
        : undefined);
    if (choice === undefined) {
      if (open.length > 0) want(Math.min(workers, members.length + 1));
      return false;
    }
    const { member, slot } = choice;
    member.start(run, slot);
    if (member.placements.size > 1) want(Math.min(workers, members.length + 1));
    return true;
  }

  /** The workers that ordinary runs share; one more than these is the spare. */
  function shareableMembers(): readonly Member[] {
    return members.filter((member) => member.ready && !member.reserved).slice(0, workers);
  }

  /** Sees to it that at least `count` workers are alive or starting. */
  function want(count: number): void {
    wanted = Math.max(wanted, count);
    for (let missing = wanted + spare - members.length - starting; missing > 0; missing--) spawn();
  }

  function spawn(): void {
    if (retryTimer !== undefined || closing) return;
    starting++;
    loadEngine().then(
      (module) => {
        starting--;
        if (closing) return;
        const overflow = MAX_DEPTH * NESTED_SLOTS_PER_DEPTH;
        const events: MemberEvents = {
          onReady() {
            failedStarts = 0;
            pump();
          },
          onFree() {
            if (member.placements.size === 0) release(member);
            pump();
          },
          onLost: (runs, how) => lost(member, runs, how),
          onGone: () => threads.delete(member),
        };
        const member = createMember(module, slotsPerWorker, overflow, events, startWorker);
        members.push(member);
        threads.add(member);
        pump();
      },
      (error: Error) => {
        starting--;
        failQueued(error);
      },
    );
  }

  /** An idle worker serves everybody again, or stops when there are more than are wanted. */
  function release(member: Member): void {
    member.reserved = false;
    const worn = member.droppedBytes > WORN_BYTES && nested.length + waiting.length === 0;
    if (!worn && members.length <= wanted + spare) return;
    members.splice(members.indexOf(member), 1);
    void member.terminate();
    want(0);
  }

  function lost(
    member: Member,
    runs: readonly Run[],
    how: { readonly killed: boolean; readonly wasReady: boolean; readonly reason: string },
  ): void {
    const at = members.indexOf(member);
    if (at >= 0) members.splice(at, 1);
    if (how.killed) {
      kills++;
      spare = 1;
    }
    for (const run of runs.toReversed()) {
      if (run.attempts >= MAX_ATTEMPTS) {
        const ending = crashEnding(`The run lost its worker ${run.attempts} times: ${how.reason}`);
        run.end(outcomeOf(ending, run, 0));
        continue;
      }
      if (run.attempts > 0) retries++;
      (run.depth > 0 ? nested : waiting).unshift(run);
    }
    if (!how.wasReady) startFailed(how.reason);
    want(0);
    pump();
  }

  function startFailed(reason: string): void {
    failedStarts++;
    // While one worker works, its next run may be one of those that wait.
    if (failedStarts >= MAX_FAILED_STARTS && !members.some(({ ready }) => ready)) {
      failedStarts = 0;
      wanted = 0;
      spare = 0;
      failQueued(
        new RepertoireError(
          "INTERNAL",
          `No sandbox worker starts: ${reason}; ${MAX_FAILED_STARTS} attempts failed`,
        ),
      );
      return;
    }
    retryTimer = setTimeout(
      () => {
        retryTimer = undefined;
        want(0);
        pump();
      },
      FIRST_BACK_OFF_MS * 2 ** Math.min(failedStarts, MAX_BACK_OFF_STEPS),
    );
  }

  function failQueued(error: Error): void {
    for (const run of [...nested.splice(0), ...waiting.splice(0)]) run.fail(error);
  }

  /** Runs behind a neighbour that does not let go of its worker move to one that is free. */
  function rebalanceSoon(): void {
    if (rebalanceTimer !== undefined || closing) return;
    if (!members.some((member) => member.placements.size > 1)) return;
    rebalanceTimer = setTimeout(() => {
      rebalanceTimer = undefined;
      for (const member of members) moveStuckRuns(member);
      pump();
    }, REBALANCE_MS);
  }

  function moveStuckRuns(member: Member): void {
    const executing = member.shared.executing();
    const now = monotonicMs();
    if (executing === undefined || now - executing.sinceMs < REBALANCE_MS) return;
    const stuck = [...member.placements.values()].filter(
      (placement) =>
        placement.slot !== executing.slot &&
        !placement.abandoned &&
        isStuck(member, placement, executing.sinceMs, now),
    );
    // Runs whose clock is running, or whose parent's is, come first.
    const urgent = (placement: Placement): boolean =>
      placement.run.depth > 0 || member.shared.startedAtMs(placement.slot) !== undefined;
    const ordered = [...stuck.filter(urgent), ...stuck.filter((placement) => !urgent(placement))];
    for (const placement of ordered) {
      const held = now - executing.sinceMs >= HELD_MS;
      const target = refuge(member, placement, urgent(placement), held);
      if (target !== undefined) move(member, placement, target);
    }
  }

  /**
   * Where a stuck run can go on: an idle worker, or any that is not held if the run is known to let
   * go of its own. One extra worker stays out of reach of runs that nobody waits for yet: they may
   * be of the kind that holds on.
   */
  function refuge(
    from: Member,
    { run, slot }: Placement,
    urgent: boolean,
    held: boolean,
  ): { readonly member: Member; readonly slot: number } | undefined {
    const extras = !held ? 0 : urgent ? EXTRA_WORKERS : EXTRA_WORKERS - 1;
    const open = members
      .filter((member) => member.ready && !member.reserved)
      .slice(0, workers + extras)
      .filter((member) => member !== from);
    const idle = open.filter((member) => member.placements.size === 0);
    const gentle = from.shared.startedAtMs(slot) !== undefined;
    const choice =
      chooseSlot(idle, slotsPerWorker, run.depth) ??
      (gentle
        ? chooseSlot(
            open.filter((member) => !isHeld(member)),
            slotsPerWorker,
            run.depth,
          )
        : undefined);
    const onTheWay = starting > 0 || members.some((member) => !member.ready);
    if (choice === undefined && !onTheWay && members.length < workers + extras) spawn();
    return choice;
  }

  function isHeld(member: Member): boolean {
    const executing = member.shared.executing();
    return executing !== undefined && monotonicMs() - executing.sinceMs >= REBALANCE_MS;
  }

  function isStuck(
    member: Member,
    placement: Placement,
    heldSinceMs: number,
    now: number,
  ): boolean {
    const { slot, run, unreadSinceMs } = placement;
    if (member.shared.startedAtMs(slot) === undefined) return true;
    if (!member.shared.awaitsTurn(slot) || run.attempts >= MAX_ATTEMPTS - 1) return false;
    return now - Math.max(heldSinceMs, unreadSinceMs) > 2 * REBALANCE_MS;
  }

  function move(
    member: Member,
    placement: Placement,
    target: { readonly member: Member; readonly slot: number },
  ): void {
    const { run, slot } = placement;
    if (member.shared.startedAtMs(slot) === undefined) run.attempts--;
    else retries++;
    member.detach(placement);
    target.member.start(run, target.slot);
  }

  function cancel(run: Run): void {
    for (const queue of [nested, waiting]) {
      const at = queue.indexOf(run);
      if (at < 0) continue;
      queue.splice(at, 1);
      run.end(outcomeOf(stopEnding("cancelled", 0), run, 0));
      return;
    }
    for (const member of members) {
      for (const placement of member.placements.values()) {
        if (placement.run === run && !placement.abandoned) member.stop(placement, "cancelled");
      }
    }
  }

  function close(): Promise<void> {
    closing ??= closeAll();
    return closing;
  }

  async function closeAll(): Promise<void> {
    clearTimeout(retryTimer);
    clearTimeout(rebalanceTimer);
    const placed = members.flatMap((member) => [...member.placements.values()]);
    const runs = placed.filter((placement) => !placement.abandoned).map(({ run }) => run);
    const queued = [...nested.splice(0), ...waiting.splice(0)];
    members.length = 0;
    await Promise.all([...threads].map((member) => member.terminate()));
    for (const run of [...runs, ...queued]) run.end(outcomeOf(stopEnding("cancelled", 0), run, 0));
  }

  return {
    submit,
    cancel,
    counts: () => ({
      workers: members.length,
      running: members
        .flatMap((member) => [...member.placements.values()])
        .filter((placement) => !placement.abandoned).length,
      queued: nested.length + waiting.length,
      kills,
      retries,
    }),
    close,
  };
}
