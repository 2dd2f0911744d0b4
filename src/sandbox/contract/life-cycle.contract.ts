import { describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { mainOf, runProgram } from "./program-runner.contract.ts";
import type { CreateSandbox } from "./program-runner.contract.ts";

export function describeLifeCycle(create: CreateSandbox): void {
  describe("life cycle", () => {
    test("a sandbox that never ran anything starts no worker and closes", async () => {
      const sandbox = create();
      expect(sandbox.stats()).toMatchObject({ workers: 0, running: 0, queued: 0, runs: 0 });
      await sandbox.close();
    });

    test("after close, run and check reject with CLOSED", async () => {
      const sandbox = create();
      await sandbox.close();
      await expect(runProgram(sandbox, mainOf(""))).rejects.toMatchObject({ code: "CLOSED" });
      await expect(sandbox.check({ file: "a", code: "" })).rejects.toMatchObject({
        code: "CLOSED",
      });
    });

    test("close ends running and queued runs as cancelled", async () => {
      const sandbox = create({ workers: 1, slotsPerWorker: 1 });
      const started = Promise.withResolvers<void>();
      const running = runProgram(sandbox, mainOf("host.progress(0); for (;;);"), {
        onProgress: () => started.resolve(),
      });
      const queued = runProgram(sandbox, mainOf("return 1;"));
      await started.promise;
      await sandbox.close();
      expect((await running).status).toBe("cancelled");
      expect((await queued).status).toBe("cancelled");
      expect(sandbox.stats()).toMatchObject({ workers: 0, running: 0, queued: 0 });
    });

    test("close while the first worker starts leaves none", async () => {
      const sandbox = create();
      const run = runProgram(sandbox, mainOf("return 1;"));
      await sandbox.close();
      expect((await run).status).toBe("cancelled");
      expect(sandbox.stats().workers).toBe(0);
    });

    test("close while a killed worker is replaced leaves none", async () => {
      const sandbox = create({ workers: 1, slotsPerWorker: 4 });
      await runProgram(sandbox, mainOf("[].reverse.call({ length: 2 ** 53 - 1 });"), {
        limits: { timeoutMs: 100 },
      });
      const pending = runProgram(sandbox, mainOf("return 1;"));
      await sandbox.close();
      expect((await pending).status).toBe("cancelled");
      expect(sandbox.stats().workers).toBe(0);
    });

    test("runs that used much memory leave a sandbox that goes on as before", async () => {
      const sandbox = create({ workers: 1, slotsPerWorker: 1 });
      const statuses: string[] = [];
      for (let round = 0; round < 2; round++) {
        const large = await runProgram(
          sandbox,
          mainOf("return new Uint8Array(150 * 2 ** 20).length;"),
          { limits: { memoryBytes: 200 * 2 ** 20 } },
        );
        const small = await runProgram(sandbox, mainOf("return 1;"));
        statuses.push(large.status, small.status);
      }
      expect(statuses).toEqual(["ok", "ok", "ok", "ok"]);
      expect(sandbox.stats()).toMatchObject({ workers: 1, kills: 0, retries: 0 });
      await sandbox.close();
    });

    test("close twice is the same close", async () => {
      const sandbox = create();
      await runProgram(sandbox, mainOf("return 1;"));
      await Promise.all([sandbox.close(), sandbox.close()]);
      expect(sandbox.stats().workers).toBe(0);
    });

    test("limits that make no sense are refused with their name and value", async () => {
      const sandbox = create();
      await expect(
        runProgram(sandbox, mainOf(""), { limits: { timeoutMs: 0 } }),
      ).rejects.toMatchObject({
        code: "INVALID_INPUT",
        message: "Expected `limits.timeoutMs` to be a positive number, got 0",
      });
      await sandbox.close();
    });
  });
}
