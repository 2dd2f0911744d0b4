import { expect, onTestFinished, test } from "vitest";
import { mainOf, runProgram } from "../contract/program-runner.contract.ts";
import { sandboxProcessesOf } from "../process/testing-fixtures/sandbox-processes.ts";
import { v8Sandbox } from "./v8-sandbox.ts";

test.runIf(process.platform === "linux")(
  "a run that waited is charged for nothing when its process has to be ended",
  async () => {
    const sandbox = v8Sandbox({ workers: 1 });
    onTestFinished(() => sandbox.close());
    const called = Promise.withResolvers<void>();
    const waiting = runProgram(sandbox, mainOf("await host.tool('a');"), {
      limits: { timeoutMs: 1500 },
      onHostCall: () => {
        called.resolve();
        return new Promise(() => {});
      },
    });
    await called.promise;
    // Suspended, it can not end the run itself.
    const pids = sandboxProcessesOf(process.pid, "sandbox/v8/child.");
    expect(pids.length).toBeGreaterThan(0);
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    const { status, cpuMs, durationMs } = await waiting;
    expect(status).toBe("timeout");
    expect(durationMs).toBeGreaterThan(1000);
    expect(cpuMs).toBeLessThan(1000);
  },
);
