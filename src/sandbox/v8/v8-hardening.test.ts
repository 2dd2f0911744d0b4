import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { mainOf, runProgram } from "../contract/program-runner.contract.ts";
import { FULL_HARDENING } from "../hardening/launch-hardened.ts";
import type { AttackReport } from "../process/testing-fixtures/attack-thread.ts";
import {
  sandboxProcessesOf,
  threadStatuses,
} from "../process/testing-fixtures/sandbox-processes.ts";
import type { SandboxIsolation } from "../sandbox.ts";
import { childCommand } from "./child-command.ts";
import { findIsolatedVm } from "./find-isolated-vm.ts";
import { createV8Pool } from "./pool.ts";
import { v8Sandbox } from "./v8-sandbox.ts";

const ATTACK_CHILD = new URL("./testing-fixtures/attack-child.ts", import.meta.url).pathname;
/** Where the kernel's parts can be had at all. */
const IS_LINUX = process.platform === "linux";

interface Report {
  readonly isolation: SandboxIsolation;
  readonly attacks: AttackReport;
}

test("nothing is claimed before a process has started", async () => {
  const sandbox = v8Sandbox({ workers: 1 });
  expect(sandbox.stats().isolation).toEqual({
    boundary: "process",
    permissionModel: false,
    permissionsDropped: false,
    seccomp: false,
    landlock: false,
    network: "open",
    missing: ["no process has started yet: what holds is known from the first run on"],
  });
  await sandbox.close();
});

test.runIf(IS_LINUX)("what is reported is what the kernel says of every thread", async () => {
  const sandbox = v8Sandbox({ workers: 1 });
  onTestFinished(() => sandbox.close());
  await sandbox.prepare?.();
  expect((await runProgram(sandbox, mainOf("return 1;"))).status).toBe("ok");
  const [pid = 0] = sandboxProcessesOf(process.pid, "sandbox/v8/child.");
  expect(new Set(threadStatuses(pid, "Seccomp"))).toEqual(new Set(["2"]));
  expect(new Set(threadStatuses(pid, "NoNewPrivs"))).toEqual(new Set(["1"]));
  expect(readFileSync(`/proc/${pid}/environ`, "utf8")).toBe("");
  expect(sandbox.stats().isolation).toMatchObject({
    boundary: "process",
    permissionModel: true,
    seccomp: true,
    network: "blocked",
  });
});

test.runIf(IS_LINUX)(
  "code that got out of the engine reaches no file, program or socket",
  async () => {
    const command = await childCommand(findIsolatedVm(), FULL_HARDENING, ATTACK_CHILD);
    const { file, args, cwd } = command;
    const output = execFileSync(file, [...args], { cwd, env: {}, encoding: "utf8", input: "" });
    const { isolation, attacks } = JSON.parse(output) as Report;
    expect(isolation).toMatchObject({ permissionModel: true, seccomp: true, network: "blocked" });
    expect(Object.entries(attacks).filter(([, result]) => result === "open")).toEqual([]);
    expect(attacks["read a file"]).toBe("ERR_ACCESS_DENIED");
    expect(attacks["spawn a program"]).toBe("ERR_ACCESS_DENIED");
    expect(attacks["connect to the network"]).toMatch(/^(EPERM|ERR_ACCESS_DENIED)$/);
  },
);

test("a process that does not start with all of it starts with less, and says so", async () => {
  const installed = findIsolatedVm();
  const pool = createV8Pool(async (fallback) => {
    const weaker = fallback.launcher !== undefined && fallback.network !== undefined;
    if (weaker) return childCommand(installed, fallback);
    return { file: "/nonexistent/node", args: [], cwd: "/" };
  }, 2);
  onTestFinished(() => pool.close());
  await pool.prepare();
  expect(pool.isolation).toMatchObject({ boundary: "process", permissionModel: true });
  expect(pool.isolation?.landlock).toBe(false);
  if (IS_LINUX) {
    expect(pool.isolation?.missing).toContainEqual(
      expect.stringMatching(/^landlock: the process did not start with it: .*(ENOENT|127)/),
    );
  }
});

test("processes that do not start at all fail whoever waits for one", async () => {
  const pool = createV8Pool(async () => ({ file: "/nonexistent/node", args: [], cwd: "/" }), 2);
  await expect(pool.prepare()).rejects.toMatchObject({
    code: "SANDBOX_UNAVAILABLE",
    message: expect.stringMatching(
      /^No V8 process starts: .*(ENOENT|127).*; 4 attempts failed$/,
    ) as string,
  });
  await pool.close();
});
