import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HostCall, HostCallReply } from "../../sandbox/sandbox.ts";
import { createCallBudget } from "./call-budget.ts";
import type { BudgetAccount } from "./call-budget.ts";

function call(callId: number, cpuMs?: number): HostCall {
  const { signal } = new AbortController();
  const about = { kind: "tool", name: "t", args: null, signal, remainingMs: 1 } as const;
  return { ...about, callId, ...(cpuMs === undefined ? {} : { cpuMs }) };
}

function limitOf(reply: HostCallReply | undefined): unknown {
  return reply?.ok === false ? reply.error.limit : undefined;
}

const MUCH = { hostCalls: 1000, cpuMs: 1000 };

describe("host calls", () => {
  test("of all runs together are refused beyond the limit of the first, and not before", () => {
    const { root } = createCallBudget({ hostCalls: 5, cpuMs: 1000 });
    const first = root.nested(MUCH).account;
    const inner = first.nested(MUCH).account;
    const made = [root, first, inner, root, first].map((account, at) =>
      account.refusal(call(at < 3 ? 0 : 1)),
    );
    expect(made).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect([inner.refusal(call(1)), root.refusal(call(2))].map(limitOf)).toEqual([
      "hostCalls",
      "hostCalls",
    ]);
  });

  test("that have no effect count when the next one is made, or the run ends", () => {
    const { root } = createCallBudget({ hostCalls: 10, cpuMs: 1000 });
    const first = root.nested(MUCH);
    // One more than is left: the call that is too much is refused by the budget, which says why.
    expect(first.limits.hostCalls).toBe(11);
    // It slept six times before this call.
    expect(first.account.refusal(call(6))).toBeUndefined();
    expect(root.nested(MUCH).limits.hostCalls).toBe(4);
    first.account.close({ hostCalls: 9, cpuMs: 1 });
    expect(root.nested(MUCH).limits.hostCalls).toBe(2);
    expect(root.nested({ hostCalls: 0, cpuMs: 1 }).limits.hostCalls).toBe(0);
  });
});

describe("processor time", () => {
  test("of a run that is alone is all that is left; what ended runs used is gone", () => {
    const { root, signal } = createCallBudget({ hostCalls: 1000, cpuMs: 100 });
    root.refusal(call(0, 20));
    const first = root.nested(MUCH);
    expect(first.limits.cpuMs).toBe(80);
    first.account.close({ hostCalls: 0, cpuMs: 30 });
    expect(root.nested(MUCH).limits.cpuMs).toBe(50);
    expect(root.nested({ hostCalls: 0, cpuMs: 5 }).limits.cpuMs).toBe(5);
    expect(signal.aborted).toBe(false);
  });

  test("is shared by runs at once", () => {
    const { root } = createCallBudget({ hostCalls: 1000, cpuMs: 120 });
    const given = [1, 2, 3, 4].map(() => root.nested(MUCH).limits.cpuMs);
    expect(given).toEqual([120, 60, 40, 30]);
  });

  test("once spent, refuses every call and ends the first run", () => {
    const budget = createCallBudget({ hostCalls: 1000, cpuMs: 100 });
    const { account } = budget.root.nested(MUCH);
    account.close({ hostCalls: 0, cpuMs: 99.5 });
    expect(budget.signal.aborted).toBe(true);
    expect(limitOf(budget.root.refusal(call(0)))).toBe("cpuMs");
    const outcome = {
      status: "cancelled",
      error: { name: "Cancelled", message: "The run was cancelled" },
      logs: [],
      logsDropped: 0,
      durationMs: 5,
      cpuMs: 1,
      hostCalls: 1,
    } as const;
    expect(budget.endingOf(outcome)).toEqual({
      ...outcome,
      status: "timeout",
      error: {
        name: "CpuTimeout",
        message:
          "The run and the skills it called used their 100 ms of processor time; do less, or raise limits.cpuMs of the first",
        limit: "cpuMs",
      },
    });
    const ended = { ...outcome, status: "ok" } as const;
    expect(budget.endingOf(ended)).toBe(ended);
  });

  test("is noticed when a run says so in a call of its own", () => {
    const budget = createCallBudget({ hostCalls: 1000, cpuMs: 100 });
    const { account } = budget.root.nested(MUCH);
    expect(limitOf(account.refusal(call(0, 100)))).toBe("cpuMs");
    expect(budget.signal.aborted).toBe(true);
  });

  test("is never taken twice, however often a run reports or is executed again", () => {
    const { root } = createCallBudget({ hostCalls: 1000, cpuMs: 100 });
    const { account } = root.nested(MUCH);
    for (const cpuMs of [10, 30, 5, 30]) account.refusal(call(0, cpuMs));
    account.close({ hostCalls: 1, cpuMs: 40 });
    account.close({ hostCalls: 9, cpuMs: 90 });
    expect(root.nested(MUCH).limits).toEqual({ hostCalls: 1000, cpuMs: 60 });
  });
});

test("whatever a tree of runs does, its calls stay within the limit and its time within the bound", () => {
  const step = fc.record({
    what: fc.constantFrom("open", "call", "close"),
    run: fc.nat(),
    cpuMs: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const limits = { hostCalls: 20, cpuMs: 1000 };
      const budget = createCallBudget(limits);
      interface Live {
        readonly account: BudgetAccount;
        readonly cpuMs: number;
        usedMs: number;
        calls: number;
      }
      const live: Live[] = [{ account: budget.root, cpuMs: limits.cpuMs, usedMs: 0, calls: 0 }];
      let allowed = 0;
      let nestedMs = 0;
      let most = 0;
      for (const { what, run, cpuMs } of steps) {
        if (budget.signal.aborted) break;
        const at = run % live.length;
        const chosen = live[at] as Live;
        if (what === "open") {
          const { account, limits: given } = chosen.account.nested(limits);
          live.push({ account, cpuMs: given.cpuMs, usedMs: 0, calls: 0 });
          most = Math.max(most, live.length - 1);
        } else if (what === "call") {
          chosen.usedMs += cpuMs * (chosen.cpuMs - chosen.usedMs);
          if (chosen.account.refusal(call(chosen.calls++, chosen.usedMs)) === undefined) allowed++;
        } else if (at > 0) {
          // The worst a run can do: it spends all it was given before anybody hears of it.
          nestedMs += chosen.cpuMs;
          chosen.account.close({ hostCalls: chosen.calls, cpuMs: chosen.cpuMs });
          live.splice(at, 1);
        }
      }
      // Those still running may yet spend all they have.
      nestedMs += live.slice(1).reduce((sum, each) => sum + each.cpuMs, 0);
      const harmonic = Array.from({ length: Math.max(1, most) }, (_, n) => 1 / (n + 1));
      const beyond = limits.cpuMs * harmonic.reduce((sum, each) => sum + each, 0);
      expect(allowed).toBeLessThanOrEqual(limits.hostCalls);
      // A run is given a millisecond even where less is left.
      const roundedMs = steps.length;
      const bound = most <= 1 ? limits.cpuMs : limits.cpuMs + beyond;
      expect(nestedMs).toBeLessThanOrEqual(bound + roundedMs);
    }),
  );
});
