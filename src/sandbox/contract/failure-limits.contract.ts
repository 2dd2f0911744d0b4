import { describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { mainOf, useRunner } from "./program-runner.contract.ts";
import type { RunLimits } from "../../base/limits.ts";
import type { CreateSandbox, RunOptions } from "./program-runner.contract.ts";

interface Reached {
  readonly limit: keyof RunLimits;
  readonly status: string;
  readonly body: string;
  readonly options: RunOptions;
}

const never = (): Promise<never> => new Promise(() => undefined);

/** One program or more for every limit that ends a run. */
const REACHED: Readonly<Record<string, Reached>> = {
  "too long": {
    limit: "timeoutMs",
    status: "timeout",
    body: "await host.tool('slow');",
    options: { limits: { timeoutMs: 50 }, onHostCall: never },
  },
  "too much memory": {
    limit: "memoryBytes",
    status: "out-of-memory",
    body: "const all = []; for (;;) all.push(new Array(1e5).fill(1));",
    options: {},
  },
  "an answer larger than its memory": {
    limit: "memoryBytes",
    status: "error",
    body: "await host.tool('a');",
    options: {
      limits: { memoryBytes: 2 ** 20 },
      onHostCall: async () => ({ ok: true, value: "x".repeat(2 ** 21) }),
    },
  },
  "too deep a recursion": {
    limit: "stackBytes",
    status: "error",
    body: "const f = () => f() + 1; f();",
    options: {},
  },
  "too deep a recursion behind another error": {
    limit: "stackBytes",
    status: "error",
    body: "const f = () => f() + 1; try { f(); } catch (cause) { throw new Error('x', { cause }); }",
    options: {},
  },
  "too many calls": {
    limit: "hostCalls",
    status: "error",
    body: "for (;;) await host.tool('a');",
    options: { limits: { hostCalls: 2 } },
  },
  "too many reports of progress": {
    limit: "hostCalls",
    status: "error",
    body: "for (;;) host.progress(0.5);",
    options: { limits: { hostCalls: 2 } },
  },
  "too many calls at once": {
    limit: "pendingHostCalls",
    status: "error",
    body: "await Promise.all([1, 2, 3].map((n) => host.tool('a', n)));",
    options: { limits: { pendingHostCalls: 2 } },
  },
  "too many calls at once, all in vain": {
    limit: "pendingHostCalls",
    status: "error",
    body: "await Promise.any([host.tool('a')]);",
    options: { limits: { pendingHostCalls: 0 } },
  },
  "too large a context": {
    limit: "contextBytes",
    status: "invalid-context",
    body: "return 1;",
    options: { limits: { contextBytes: 100 }, context: "é".repeat(50) },
  },
  "too large a result": {
    limit: "resultBytes",
    status: "invalid-result",
    body: "return 'x'.repeat(101);",
    options: { limits: { resultBytes: 100 } },
  },
  "too large an argument": {
    limit: "resultBytes",
    status: "error",
    body: "await host.tool('a', 'x'.repeat(101));",
    options: { limits: { resultBytes: 100 } },
  },
  "arguments too large together": {
    limit: "resultBytes",
    status: "error",
    body: "await Promise.all([1, 2, 3, 4, 5].map(() => host.tool('a', 'x'.repeat(90))));",
    options: { limits: { resultBytes: 100 }, onHostCall: never },
  },
  "answers too large together": {
    limit: "resultBytes",
    status: "error",
    body: "for (;;) await host.tool('a');",
    options: {
      limits: { resultBytes: 100 },
      onHostCall: async () => ({ ok: true, value: "x".repeat(90) }),
    },
  },
};

export function describeFailureLimits(create: CreateSandbox): void {
  describe("the limit behind a failure", () => {
    const { run, value } = useRunner(create);

    test.each(Object.entries(REACHED))("%s", async (_what, { limit, status, body, options }) => {
      const outcome = await run(mainOf(body), options);
      expect([outcome.status, outcome.error?.limit]).toEqual([status, limit]);
    });

    test.each(Object.entries(REACHED).filter(([what]) => !what.endsWith("another error")))(
      "%s: the message tells what to raise",
      async (_what, { limit, body, options }) => {
        const { error } = await run(mainOf(body), options);
        const shown = [error?.message, ...(error?.causes ?? []).map(({ message }) => message)];
        const told = limit === "timeoutMs" ? "raise timeoutMs" : `raise limits.${limit}`;
        expect(shown.join("\n")).toContain(told);
      },
    );

    test("a context of exactly the limit is accepted", async () => {
      const options = { limits: { contextBytes: 12 }, context: "é".repeat(5) };
      expect(await value("return context.length;", options)).toBe(5);
    });

    test("an ordinary failure names none", async () => {
      const outcome = await run(mainOf("null.x;"));
      expect(outcome.status).toBe("error");
      expect(outcome.error).not.toHaveProperty("limit");
    });

    test("a limit that was reached and handled is not why a run failed later", async () => {
      const outcome = await run(
        mainOf("try { await host.tool('a'); } catch {} throw new Error('other');"),
        { limits: { hostCalls: 0 } },
      );
      expect(outcome.error).toMatchObject({ message: "other" });
      expect(outcome.error).not.toHaveProperty("limit");
    });

    test.each([
      [
        "an error like the engine's",
        "throw Object.assign(new Error('x'), { name: 'LimitError', code: 'LIMIT_EXCEEDED', limit: 'hostCalls' });",
      ],
      [
        "one with a cause like the engine's",
        "throw new Error('x', { cause: { name: 'LimitError', limit: 'hostCalls' } });",
      ],
      [
        "a copy of the engine's",
        "try { await host.tool('a', 'x'.repeat(200)); } catch (e) { const c = new Error(e.message); c.name = e.name; c.code = e.code; throw c; }",
      ],
      [
        "changed prototypes",
        "Object.prototype.limit = 'hostCalls'; Object.prototype['-6'] = 'hostCalls'; WeakMap.prototype.get = () => 'hostCalls'; throw new Error('x');",
      ],
      [
        "a failed call under changed prototypes",
        "Object.prototype.limit = 'hostCalls'; await host.tool('fails');",
      ],
      [
        "an error like that of a full stack",
        "throw new RangeError('Maximum call stack size exceeded');",
      ],
    ])("%s names none", async (_what, body) => {
      const outcome = await run(mainOf(body), {
        limits: { resultBytes: 100 },
        onHostCall: async () => ({ ok: false, error: { name: "E", message: "m" } }),
      });
      expect(outcome.status).toBe("error");
      expect(outcome.error).not.toHaveProperty("limit");
    });

    test("what the host answers about a limit reaches the failure", async () => {
      const { error } = await run(mainOf("await host.skill('a');"), {
        onHostCall: async () => ({
          ok: false,
          error: { name: "LimitError", message: "too deep", limit: "nestingDepth" },
        }),
      });
      expect(error).toMatchObject({ name: "LimitError", limit: "nestingDepth" });
    });
  });
}
