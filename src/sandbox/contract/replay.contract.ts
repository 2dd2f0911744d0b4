import { describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { mainOf, useRunner } from "./program-runner.contract.ts";
import type { CreateSandbox } from "./program-runner.contract.ts";
import { behaviour, journalOf, KEEP, PROMPT_MS, replayOf } from "./journalled-runs.contract.ts";

export function describeReplay(create: CreateSandbox): void {
  describe("replay", () => {
    const { run } = useRunner(create);

    test("a replay gives the same, calls nobody and waits for nothing", async () => {
      const code = mainOf(
        "const t = Date.now(); const first = await Promise.race([host.sleep(400), host.tool('a', 1)]); console.log('first', first); host.progress(0.5); await host.sleep(1200); return [Date.now() - t, Math.random(), await host.tool('b')];",
      );
      const recorded = await run(code, KEEP);
      // Less than the recorded run slept.
      const limits = { ...KEEP.limits, timeoutMs: 1000 };
      const replayed = await run(code, { ...replayOf(journalOf(recorded)), limits });
      expect(behaviour(replayed)).toEqual(behaviour(recorded));
      expect(replayed.status).toBe("ok");
      expect(replayed).not.toHaveProperty("divergence");
      expect(replayed).not.toHaveProperty("journal");
    });

    test("answers are given in the recorded order, not in that of the calls", async () => {
      const code = mainOf(
        "const seen = []; await Promise.all([0, 1, 2].map(async (n) => { await host.tool('t', n); seen.push(n); })); return seen;",
      );
      const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
      const recorded = await run(code, {
        ...KEEP,
        onHostCall: async ({ callId }) => {
          if (callId === 2) gates[2]?.resolve();
          await gates[callId]?.promise;
          gates[callId - 1]?.resolve();
          return { ok: true, value: null };
        },
      });
      const replayed = await run(code, replayOf(journalOf(recorded)));
      expect([recorded.valueJson, replayed.valueJson]).toEqual(["[2,1,0]", "[2,1,0]"]);
    });

    const escaping: readonly (readonly [string, string])[] = [
      ["an error", "await host.tool('a'); null.x;"],
      ["a denied call", "await host.tool('denied');"],
      ["a result that is no JSON", "await host.tool('a'); return () => 1;"],
      ["too many calls", "for (;;) await host.tool('a');"],
    ];
    test.each(escaping)("%s is repeated exactly", async (_what, body) => {
      const limits = { ...KEEP.limits, hostCalls: 5 };
      const recorded = await run(mainOf(body), {
        limits,
        onHostCall: async ({ name }) =>
          name === "denied"
            ? { ok: false, error: { name: "X", message: "no", code: "D", denied: true } }
            : { ok: true, value: 1 },
      });
      const replayed = await run(mainOf(body), { ...replayOf(journalOf(recorded)), limits });
      expect(recorded.status).not.toBe("ok");
      expect(behaviour(replayed)).toEqual(behaviour(recorded));
      expect(replayed).not.toHaveProperty("divergence");
    });

    const changes: readonly (readonly [string, string, object])[] = [
      [
        "other arguments",
        "await host.tool('a', 2); return await host.tool('b', [3]);",
        { callId: 0, what: "call", expected: "tool a 1", actual: "tool a 2" },
      ],
      [
        "another name",
        "await host.tool('a', 1); return await host.tool('c', [3]);",
        { callId: 1, what: "call", expected: "tool b [3]", actual: "tool c [3]" },
      ],
      [
        "another kind",
        "await host.skill('a', 1);",
        { callId: 0, what: "call", expected: "tool a 1", actual: "skill a 1" },
      ],
      [
        "options",
        "await host.tool('a', 1); await host.skill('b', [3], { version: 1 });",
        { callId: 1, what: "call", expected: "tool b [3]", actual: 'skill b [3] {"version":1}' },
      ],
      [
        "a report of progress in its place",
        "host.progress(0); await host.tool('a', 1);",
        { callId: 0, what: "call", expected: "tool a 1", actual: "a report of progress" },
      ],
      [
        "one call more",
        "await host.tool('a', 1); await host.tool('b', [3]); await host.sleep(5); return 1;",
        { callId: 2, what: "unrecorded-call", expected: "no call", actual: "sleep 5" },
      ],
      [
        "a call nobody waits for",
        "host.tool('x'); for (;;);",
        { callId: 0, what: "call", expected: "tool a 1", actual: "tool x null" },
      ],
    ];
    test.each(changes)("%s: the replay stops there", async (_what, body, divergence) => {
      const recorded = await run(
        mainOf("await host.tool('a', 1); return await host.tool('b', [3]);"),
        KEEP,
      );
      const begun = performance.now();
      const replayed = await run(mainOf(body), replayOf(journalOf(recorded)));
      expect(replayed).toMatchObject({ status: "error", error: { code: "REPLAY_DIVERGED" } });
      expect(replayed.divergence).toEqual(divergence);
      expect(replayed).not.toHaveProperty("valueJson");
      expect(performance.now() - begun).toBeLessThan(PROMPT_MS);
    });

    test("a program that ends without a recorded call ends as it does, and the replay says so", async () => {
      const recorded = await run(
        mainOf("await host.tool('a', 1); await host.tool('b', [3]);"),
        KEEP,
      );
      const replays = ["return 1;", "throw new RangeError('early');"].map((ending) =>
        run(mainOf(`await host.tool('a', 1); ${ending}`), replayOf(journalOf(recorded))),
      );
      const divergence = { callId: 1, what: "missing-call", expected: "tool b [3]" };
      expect(await Promise.all(replays)).toMatchObject([
        {
          status: "ok",
          valueJson: "1",
          divergence: { ...divergence, actual: "the run ended with ok without it" },
        },
        {
          status: "error",
          error: { name: "RangeError", line: 1 },
          divergence: {
            ...divergence,
            actual: "the run ended with error (RangeError: early) without it",
          },
        },
      ]);
    });

    test("a long difference is shown where it begins", async () => {
      const recorded = await run(mainOf("await host.tool('a', 'x'.repeat(5000) + 'y');"), KEEP);
      const { divergence } = await run(
        mainOf("await host.tool('a', 'x'.repeat(5000) + 'z');"),
        replayOf(journalOf(recorded)),
      );
      expect(divergence?.expected).toMatch(/^…x{1,300}y"$/);
      expect(divergence?.actual).toMatch(/^…x{1,300}z"$/);
    });

    test("a program that waits for what was never answered ends at once", async () => {
      const recorded = await run(mainOf("host.tool('slow'); await host.tool('a'); return 1;"), {
        ...KEEP,
        onHostCall: ({ name }) =>
          name === "slow"
            ? new Promise(() => undefined)
            : Promise.resolve({ ok: true, value: null }),
      });
      const begun = performance.now();
      const replayed = await run(
        mainOf("await host.tool('slow'); await host.tool('a'); return 1;"),
        replayOf(journalOf(recorded)),
      );
      expect(replayed.error?.code).toBe("REPLAY_DIVERGED");
      expect(replayed.divergence).toEqual({
        callId: 0,
        what: "call",
        expected: "no further wait",
        actual: "a wait for the answer to tool slow null",
      });
      expect(performance.now() - begun).toBeLessThan(PROMPT_MS);
    });

    test("a program that waits while others get their turn first is not taken for one that waits for ever", async () => {
      const code = mainOf(
        "const slow = host.tool('slow'); await host.tool('a'); for (let i = 0; i < 2e5; i++) await null; await host.tool('b'); return [await slow, await host.tool('c')];",
      );
      const slow = Promise.withResolvers<void>();
      const recorded = await run(code, {
        ...KEEP,
        onHostCall: async ({ name }) => {
          if (name === "slow") await slow.promise;
          if (name === "b") slow.resolve();
          return { ok: true, value: name };
        },
      });
      const replayed = await run(code, replayOf(journalOf(recorded)));
      expect(recorded.valueJson).toBe('["slow","c"]');
      expect(behaviour(replayed)).toEqual(behaviour(recorded));
    });

    test("a run that was stopped while it waited ends the same, at once", async () => {
      const code = mainOf("console.log(await host.tool('a')); await host.tool('slow');");
      const limits = { ...KEEP.limits, timeoutMs: 400 };
      const recorded = await run(code, {
        limits,
        onHostCall: ({ name }) =>
          name === "slow" ? new Promise(() => undefined) : Promise.resolve({ ok: true, value: 1 }),
      });
      const begun = performance.now();
      const replayed = await run(code, replayOf(journalOf(recorded)));
      expect(recorded.status).toBe("timeout");
      expect(behaviour(replayed)).toEqual(behaviour(recorded));
      expect(replayed).not.toHaveProperty("divergence");
      expect(performance.now() - begun).toBeLessThan(PROMPT_MS);
    });

    test("a run that was stopped between two calls ends the same where the recording ends", async () => {
      const code = mainOf("for (;;) await host.tool('a');");
      const abort = new AbortController();
      const recorded = await run(code, {
        ...KEEP,
        signal: abort.signal,
        onHostCall: async ({ callId }) => {
          if (callId === 5) abort.abort();
          return { ok: true, value: null };
        },
      });
      const replayed = await run(code, replayOf(journalOf(recorded)));
      expect(recorded.status).toBe("cancelled");
      expect([replayed.status, replayed.error]).toEqual([recorded.status, recorded.error]);
      expect(replayed).not.toHaveProperty("divergence");
    });

    test("beyond a truncated journal a replay stops, and says that it had no room", async () => {
      const code = mainOf("await host.tool('a', 1); await host.tool('b', 'x'.repeat(500));");
      const recorded = await run(code, { limits: { journalBytes: 400 } });
      const replayed = await run(code, replayOf(journalOf(recorded)));
      expect(replayed.divergence).toMatchObject({
        callId: 1,
        what: "unrecorded-call",
        expected: "nothing: the journal had no room for what comes here",
      });
    });

    test("a replay can be cancelled", async () => {
      const recorded = await run(mainOf("await host.tool('a'); return 1;"), KEEP);
      const replayed = await run(mainOf("for (;;);"), {
        ...replayOf(journalOf(recorded)),
        signal: AbortSignal.timeout(50),
      });
      expect(replayed.status).toBe("cancelled");
      expect(replayed).not.toHaveProperty("divergence");
    });

    test("runs go on after replays that stopped", async () => {
      const recorded = await run(mainOf("await host.tool('a');"), KEEP);
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () =>
          run(mainOf("host.tool('b'); for (;;);"), replayOf(journalOf(recorded))),
        ),
      );
      expect(new Set(outcomes.map(({ error }) => error?.code))).toEqual(
        new Set(["REPLAY_DIVERGED"]),
      );
      expect((await run(mainOf("return 1;"))).status).toBe("ok");
    });
  });
}
