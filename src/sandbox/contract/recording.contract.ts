import { setTimeout as delay } from "node:timers/promises";
import { describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { mainOf, useRunner } from "./program-runner.contract.ts";
import type { HostCallReply } from "../sandbox.ts";
import type { CreateSandbox, RunOptions } from "./program-runner.contract.ts";
import { journalOf, KEEP } from "./journalled-runs.contract.ts";

export function describeRecording(create: CreateSandbox): void {
  describe("recording", () => {
    const { run } = useRunner(create);

    test("a journal is what the run was given, and made only when asked for", async () => {
      const body =
        "await Promise.all([host.tool('a', { b: [1] }), host.sleep(1.5)]); host.progress(1); await host.skill('s', 'x', { version: 2 }).catch(() => 0); host.tool('never');";
      const options: RunOptions = {
        context: { c: 1 },
        seed: 7,
        now: 1_000_000,
        onHostCall: async ({ kind, name }): Promise<HostCallReply> => {
          if (name === "never") return new Promise(() => undefined);
          if (kind === "tool") await delay(60);
          return kind === "skill"
            ? { ok: false, error: { name: "E", message: "m", code: "c", denied: true } }
            : { ok: true, value: ["ä"] };
        },
      };
      const outcome = await run(mainOf(body), { ...options, ...KEEP });
      expect(journalOf(outcome)).toEqual({
        engine: expect.stringMatching(/^[a-z-]+@[\w.-]+$/),
        seed: 7,
        now: 1_000_000,
        contextJson: '{"c":1}',
        calls: [
          {
            callId: 0,
            kind: "tool",
            name: "a",
            args: '{"b":[1]}',
            reply: { ok: true, json: '["ä"]' },
          },
          { callId: 1, kind: "sleep", name: "", args: "1.5", reply: { ok: true, json: "null" } },
          {
            callId: 3,
            kind: "skill",
            name: "s",
            args: '"x"\n{"version":2}',
            reply: { ok: false, error: { name: "E", message: "m", code: "c", denied: true } },
          },
          { callId: 4, kind: "tool", name: "never", args: "null" },
        ],
        order: [1, 0, 3],
      });
      expect(await run(mainOf(body), options)).not.toHaveProperty("journal");
    });

    test("a run without a seed and a time has both in its journal", async () => {
      const outcome = await run(mainOf("return [Math.random(), Date.now()];"), KEEP);
      const { seed, now } = journalOf(outcome);
      const again = await run(mainOf("return [Math.random(), Date.now()];"), { seed, now });
      expect(again.valueJson).toBe(outcome.valueJson);
    });

    test("calls that have no room are left out, and everything after them", async () => {
      const body =
        "await host.tool('a', 1); await host.tool('b', 'x'.repeat(500)); await host.tool('c', 1);";
      const outcome = await run(mainOf(body), { limits: { journalBytes: 400 } });
      expect(outcome.status).toBe("ok");
      expect(journalOf(outcome)).toMatchObject({
        calls: [{ name: "a" }],
        order: [0],
        truncated: true,
      });
    });

    test("an answer that has no room is left out, and everything after it", async () => {
      const outcome = await run(mainOf("await host.tool('a', 1); await host.tool('b', 1);"), {
        limits: { journalBytes: 400 },
        onHostCall: async () => ({ ok: true, value: "x".repeat(500) }),
      });
      expect(journalOf(outcome)).toMatchObject({
        calls: [{ callId: 0, kind: "tool", name: "a", args: "1" }],
        order: [],
        truncated: true,
      });
    });

    test("there is no journal when the context has no room in it", async () => {
      const outcome = await run(mainOf("return 1;"), {
        context: "x".repeat(500),
        limits: { journalBytes: 400 },
      });
      expect(outcome.status).toBe("ok");
      expect(outcome).not.toHaveProperty("journal");
    });

    test("a run that was stopped says how in its journal", async () => {
      const outcome = await run(mainOf("await host.tool('slow');"), {
        limits: { ...KEEP.limits, timeoutMs: 60 },
        onHostCall: () => new Promise(() => undefined),
      });
      const { status, error } = outcome;
      expect(journalOf(outcome).stopped).toEqual({ status, error });
    });

    test("a run that never began has no journal", async () => {
      const outcome = await run(mainOf("return 1;"), { ...KEEP, signal: AbortSignal.abort() });
      expect(outcome.status).toBe("cancelled");
      expect(outcome).not.toHaveProperty("journal");
    });
  });
}
