import { describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { mainOf, runProgram, useRunner } from "./program-runner.contract.ts";
import type { CreateSandbox } from "./program-runner.contract.ts";

/** Programs that compute for ever, in ways that differ in who can notice it. */
const BUSY: Readonly<Record<string, string>> = {
  "an empty loop": "for (;;);",
  "a loop that catches everything": "for (;;) try { for (;;); } catch {} finally { continue; }",
  "a loop of awaits": "for (;;) await null;",
  "a native reverse": "[].reverse.call({ length: 2 ** 53 - 1 });",
  "a native loop after a wait":
    "await host.sleep(20); Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);",
  "a pattern that backtracks": "return /^(a+)+$/.test('a'.repeat(60) + '!');",
  "many short turns": "for (;;) { await host.tool('a'); for (let i = 0; i < 2e4; i++); }",
  "a result that is never encoded": "return { toJSON() { for (;;); } };",
};

export function describeCpuLimit(create: CreateSandbox): void {
  describe("processor time", () => {
    const { run, value } = useRunner(create);

    test.each(Object.entries(BUSY))("%s ends when it used its budget", async (_kind, body) => {
      const outcome = await run(mainOf(body), {
        limits: { cpuMs: 60, timeoutMs: 30_000, hostCalls: 100_000 },
      });
      expect(outcome).toMatchObject({
        status: "timeout",
        error: {
          name: "CpuTimeout",
          limit: "cpuMs",
          message: "The run used its 60 ms of processor time; compute less, or raise limits.cpuMs",
        },
      });
      expect(outcome.cpuMs).toBeGreaterThanOrEqual(60);
      expect(outcome.cpuMs).toBeLessThanOrEqual(outcome.durationMs + 1);
      expect(outcome.durationMs).toBeLessThan(15_000);
    });

    test("a run that waits for its host uses none", async () => {
      const outcome = await run(
        mainOf("await host.tool('slow'); await host.sleep(400); return 1;"),
        {
          limits: { cpuMs: 500 },
          onHostCall: async () => {
            await new Promise((resolve) => setTimeout(resolve, 400));
            return { ok: true, value: null };
          },
        },
      );
      expect(outcome).toMatchObject({ status: "ok", valueJson: "1" });
      expect(outcome.cpuMs).toBeLessThan(outcome.durationMs);
    });

    test("a run is not charged for its neighbours", async () => {
      const small = create({ workers: 1, slotsPerWorker: 2 });
      const waiting = runProgram(
        small,
        mainOf("for (let i = 0; i < 10; i++) await host.sleep(100); return 'fine';"),
        { limits: { cpuMs: 600, timeoutMs: 25_000 } },
      );
      const busy = runProgram(small, mainOf("for (;;) await null;"), {
        limits: { cpuMs: 1200, timeoutMs: 25_000 },
      });
      expect((await busy).error?.limit).toBe("cpuMs");
      expect(await waiting).toMatchObject({ status: "ok", valueJson: '"fine"' });
      await small.close();
    });

    test("runs beside one that is killed for it are repeated, with their effects once", async () => {
      const small = create({ workers: 1, slotsPerWorker: 2 });
      let effects = 0;
      const innocent = runProgram(
        small,
        mainOf("await host.tool('effect'); await host.sleep(300); return 'fine';"),
        {
          onHostCall: async () => ({ ok: true, value: ++effects }),
        },
      );
      const native = mainOf("await host.sleep(50); [].reverse.call({ length: 2 ** 53 - 1 });");
      const killed = runProgram(small, native, { limits: { cpuMs: 40 } });
      expect((await killed).error?.limit).toBe("cpuMs");
      expect(await innocent).toMatchObject({ status: "ok", valueJson: '"fine"' });
      expect(effects).toBe(1);
      await small.close();
    });

    test("the deadline comes first where both are reached", async () => {
      const { error } = await run(mainOf("for (;;);"), { limits: { cpuMs: 80, timeoutMs: 80 } });
      expect([error?.name, error?.limit]).toEqual(["Timeout", "timeoutMs"]);
    });

    test("a run within its budget is not disturbed by those that were ended", async () => {
      expect(await value("return 'fine';", { limits: { cpuMs: 1000 } })).toBe("fine");
    });
  });
}
