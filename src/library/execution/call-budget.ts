/**
 * What a run and all runs below it may use together: the host calls and the processor time of the
 * one that began it all.
 *
 * Host calls are counted exactly: a call of any of the runs that goes beyond the limit is refused
 * before it has an effect. (Calls that have none, `sleep` and `progress`, are counted with the next
 * call or the end of their run; each run alone keeps to what was left when it began.)
 *
 * Processor time is known of a run whenever it calls its host, and when it ends. A nested run is
 * given a share of what is left: all of it when it is alone, a k-th when it is the k-th at once. Runs
 * that are called one after another so never use more than the budget; n at once may hold up to
 * 1 + 1/2 + … + 1/n times as much (n = 4: 2.1, n = 64: 4.7), and that is the most by which a tree
 * can go beyond it. As soon as a call or an end shows that it is spent, the whole tree is ended.
 */
import type { RunLimits } from "../../base/limits.ts";
import type { HostCall, HostCallReply, SandboxOutcome } from "../../sandbox/sandbox.ts";
import { limitReached } from "./host-replies.ts";

type Budgeted = Pick<RunLimits, "hostCalls" | "cpuMs">;

/** One run's part in the budget of its tree. */
export interface BudgetAccount {
  /** Counts a call; the answer to it when the tree has no call, or no time, left for it. */
  refusal(call: HostCall): HostCallReply | undefined;
  /** Opens the account of a run that this one calls, within what is left. */
  nested(asked: Budgeted): { readonly account: BudgetAccount; readonly limits: Budgeted };
  /** The run ended, and used this. */
  close(used: Budgeted): void;
}

export interface CallBudget {
  /** Aborts when the processor time is spent. */
  readonly signal: AbortSignal;
  readonly root: BudgetAccount;
  /** How the first run ended, when it was ended because the time of all was spent. */
  endingOf(outcome: SandboxOutcome): SandboxOutcome;
}

/** Less processor time than this is none: no run could begin with it. */
const LEAST_CPU_MS = 1;

export function createCallBudget(limits: Budgeted): CallBudget {
  const spent = new AbortController();
  let hostCalls = 0;
  let cpuMs = 0;
  let nestedRuns = 0;

  function isSpent(): boolean {
    if (limits.cpuMs - cpuMs >= LEAST_CPU_MS) return false;
    spent.abort();
    return true;
  }

  function open(isNested: boolean): BudgetAccount {
    let own: Budgeted = { hostCalls: 0, cpuMs: 0 };
    let isOpen = true;
    if (isNested) nestedRuns += 1;

    /** Neither goes back when a run is executed again, because what was used stays used. */
    function note(used: Budgeted): void {
      const known = {
        hostCalls: Math.max(own.hostCalls, used.hostCalls),
        cpuMs: Math.max(own.cpuMs, used.cpuMs),
      };
      hostCalls += known.hostCalls - own.hostCalls;
      cpuMs += known.cpuMs - own.cpuMs;
      own = known;
    }

    return {
      refusal(call) {
        note({ hostCalls: call.callId + 1, cpuMs: call.cpuMs ?? 0 });
        if (isSpent()) return limitReached("cpuMs", cpuSpent(limits));
        if (hostCalls <= limits.hostCalls) return undefined;
        return limitReached(
          "hostCalls",
          `A run and the skills it calls may make ${limits.hostCalls} calls to their host together; make fewer, or raise limits.hostCalls of the first`,
        );
      },
      nested(asked) {
        const leftMs = limits.cpuMs - cpuMs;
        return {
          limits: {
            // One more than is left, so that it is refused here, where the reason is known.
            hostCalls: Math.min(asked.hostCalls, Math.max(0, limits.hostCalls - hostCalls) + 1),
            cpuMs: Math.min(
              asked.cpuMs,
              Math.max(LEAST_CPU_MS, Math.floor(leftMs / (nestedRuns + 1))),
            ),
          },
          account: open(true),
        };
      },
      close(used) {
        if (!isOpen) return;
        isOpen = false;
        if (isNested) nestedRuns -= 1;
        note(used);
        isSpent();
      },
    };
  }

  return {
    signal: spent.signal,
    root: open(false),
    endingOf(outcome) {
      if (outcome.status !== "cancelled" || !spent.signal.aborted) return outcome;
      return {
        ...outcome,
        status: "timeout",
        error: { name: "CpuTimeout", message: cpuSpent(limits), limit: "cpuMs" },
      };
    },
  };
}

function cpuSpent({ cpuMs }: Budgeted): string {
  return `The run and the skills it called used their ${cpuMs} ms of processor time; do less, or raise limits.cpuMs of the first`;
}
