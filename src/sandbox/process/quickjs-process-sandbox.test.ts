import { execFile, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import * as vitest from "vitest";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { mainOf, runProgram } from "../contract/program-runner.contract.ts";
import { sandboxContract } from "../sandbox.contract.ts";
import { launchCommand } from "./launch-command.ts";
import { quickjsProcessSandbox } from "./quickjs-process-sandbox.ts";
import type { QuickjsProcessSandboxOptions } from "./quickjs-process-sandbox.ts";
import type { PreparedSandbox } from "../run/sandbox-over.ts";
import type { AttackReport } from "./testing-fixtures/attack-thread.ts";
import {
  isAlive,
  sandboxProcessesOf,
  threadStatuses,
} from "./testing-fixtures/sandbox-processes.ts";
import { declareContract } from "../../testing/contract/run-contract.ts";

const fixture = (name: string): string =>
  new URL(`./testing-fixtures/${name}.ts`, import.meta.url).pathname;
/** Where the kernel's parts can be had at all. */
const IS_LINUX = process.platform === "linux";

declareContract(
  sandboxContract("quickjs-process", (size) => quickjsProcessSandbox(size)),
  vitest,
);

const NAMES = ["a", "b", "c", "d", "e", "f"];

let sandbox: PreparedSandbox | undefined;

function open(options: QuickjsProcessSandboxOptions): PreparedSandbox {
  sandbox = quickjsProcessSandbox(options);
  return sandbox;
}

afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
});

describe("the loss of a process", () => {
  test.runIf(IS_LINUX)("ends no run, and effects happen once", async () => {
    const killed = open({ workers: 1 });
    const effects: string[] = [];
    const waiting = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const runs = NAMES.map((name) =>
      runProgram(
        killed,
        mainOf(
          "const before = await host.tool('effect', context.name + 1); await host.sleep(5); const after = await host.tool('effect', context.name + 2); return [before, after, Math.random(), Date.now()];",
        ),
        {
          context: { name },
          seed: 5,
          now: 1000,
          onHostCall: async ({ args }) => {
            effects.push(args as string);
            if (effects.filter((effect) => effect.endsWith("2")).length === 3) waiting.resolve();
            if ((args as string).endsWith("2")) await gate.promise;
            return { ok: true, value: true };
          },
        },
      ),
    );
    await waiting.promise;
    const pids = sandboxProcessesOf(process.pid);
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 10_000 });
    gate.resolve();
    const outcomes = await Promise.all(runs);
    expect(outcomes.map(({ status }) => status)).toEqual(Array(6).fill("ok"));
    expect(new Set(outcomes.map(({ valueJson }) => valueJson)).size).toBe(1);
    expect(effects.toSorted()).toEqual(NAMES.flatMap((name) => [`${name}1`, `${name}2`]));
    expect(killed.stats().retries).toBeGreaterThanOrEqual(3);
  });

  test.runIf(IS_LINUX)("leaves runs that wait for runs going on", async () => {
    const killed = open({ workers: 1, slotsPerWorker: 1 });
    let isKilled = false;
    const nest = async (depth: number): Promise<number> => {
      const { valueJson, error } = await runProgram(
        killed,
        mainOf("return context.depth === 4 ? 1 : (await host.skill('self', null)) + 1;"),
        {
          depth,
          context: { depth },
          onHostCall: async () => {
            if (depth === 2 && !isKilled) {
              isKilled = true;
              for (const pid of sandboxProcessesOf(process.pid)) process.kill(pid, "SIGKILL");
            }
            return { ok: true, value: await nest(depth + 1) };
          },
        },
      );
      expect(error).toBeUndefined();
      return Number(valueJson);
    };
    expect(await Promise.all([nest(0), nest(0), nest(0)])).toEqual([5, 5, 5]);
  });
});

describe("the life of a process", () => {
  test("a sandbox nobody closed does not keep its process alive", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [fixture("orphan")], {
      timeout: 25_000,
    });
    expect(stdout).toBe("ok\n");
  });

  test.runIf(IS_LINUX)("it ends when its parent is killed", async () => {
    const parent = spawn(process.execPath, [fixture("orphan"), "stay"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    onTestFinished(() => void parent.kill("SIGKILL"));
    await new Promise((resolve) => parent.stdout.once("data", resolve));
    const [pid = 0] = sandboxProcessesOf(parent.pid as number);
    expect(isAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 10_000 });
  });

  test.runIf(IS_LINUX)("several processes share the runs, and close leaves none", async () => {
    const several = open({ processes: 2, workers: 1, slotsPerWorker: 1 });
    const all = Promise.withResolvers<void>();
    let begun = 0;
    const runs = Array.from({ length: 4 }, () =>
      runProgram(several, mainOf("return await host.tool('t');"), {
        onHostCall: async () => {
          if (++begun === 2) all.resolve();
          await all.promise;
          return { ok: true, value: 1 };
        },
      }),
    );
    const ends = await Promise.all(runs);
    expect(ends.map(({ status }) => status)).toEqual(Array(4).fill("ok"));
    expect(sandboxProcessesOf(process.pid).length).toBe(2);
    await several.close();
    expect(sandboxProcessesOf(process.pid)).toEqual([]);
  });
});

describe("hardening", () => {
  test("nothing is claimed before a process has started", async () => {
    const { isolation } = open({}).stats();
    expect(isolation).toMatchObject({ boundary: "process", seccomp: false, network: "open" });
    expect(isolation.missing).toEqual([
      "no process has started yet: what holds is known from the first run on",
    ]);
  });

  test.runIf(IS_LINUX)("what is reported is what the kernel says of every thread", async () => {
    const hardened = open({ workers: 2, requireHardening: ["seccomp", "permissionModel"] });
    await hardened.prepare();
    await runProgram(hardened, mainOf("return 1;"));
    const [pid = 0] = sandboxProcessesOf(process.pid);
    expect(new Set(threadStatuses(pid, "Seccomp"))).toEqual(new Set(["2"]));
    expect(new Set(threadStatuses(pid, "NoNewPrivs"))).toEqual(new Set(["1"]));
    expect(readFileSync(`/proc/${pid}/environ`, "utf8")).toBe("");
    expect(hardened.stats().isolation).toMatchObject({ seccomp: true, permissionModel: true });
  });

  test.runIf(IS_LINUX)(
    "code that got out of the engine reaches no file, program, socket or process",
    async () => {
      const { file, args, cwd } = await launchCommand(
        { workers: 1, slotsPerWorker: 1 },
        { launcher: undefined, network: undefined },
        fixture("attack-child"),
      );
      const output = execFileSync(file, [...args], { cwd, env: {}, encoding: "utf8", input: "" });
      const { isolation, thread, main, kernel } = JSON.parse(output) as {
        readonly isolation: object;
        readonly thread: AttackReport;
        readonly main: AttackReport;
        readonly kernel: Readonly<Record<string, number | string>>;
      };
      expect(isolation).toMatchObject({ permissionModel: true, seccomp: true, network: "blocked" });
      const isDone = ([, result]: [string, unknown]): boolean => result === "open";
      expect(Object.entries(thread).filter(isDone)).toEqual([]);
      expect(Object.entries(main).filter(isDone)).toEqual([]);
      expect(thread["connect to the network"]).toMatch(/^(EPERM|ERR_ACCESS_DENIED)$/);
      expect(thread["read a file"]).toBe("ERR_ACCESS_DENIED");
      // EPERM, or ENOSYS where the caller falls back to what is refused then.
      const refused = new Set<unknown>([-1, -38, "ERR_ACCESS_DENIED"]);
      expect(Object.entries(kernel).filter(([, result]) => !refused.has(result))).toEqual([]);
      expect(Object.keys(kernel).length).toBe(31);
    },
  );

  test("a part that is none is refused by name", () => {
    expect(() => quickjsProcessSandbox({ requireHardening: ["magic" as "seccomp"] })).toThrow(
      'Expected `requireHardening` to be true, false or a list of permissionModel, permissionsDropped, seccomp, landlock, network, got ["magic"]',
    );
  });
});
