import { afterEach, expect, test } from "vitest";
import { RepertoireError } from "../base/errors.ts";
import { autoSandbox } from "./auto-sandbox.ts";
import type { AutoSandboxOptions } from "./auto-sandbox.ts";
import { mainOf, runProgram } from "./contract/program-runner.contract.ts";
import { quickjsSandbox } from "./quickjs/quickjs-sandbox.ts";
import type { Sandbox } from "./sandbox.ts";
import { v8Sandbox } from "./v8/v8-sandbox.ts";

/** Tens of milliseconds on the standard engine, a few on the fast one; `light` does next to nothing. */
const HEAVY = mainOf(
  "let n = 0; for (let i = 0; i < (context.light ? 1 : 5e5); i++) n = (n * 31 + i) | 0; return n;",
);
const LIGHT = mainOf("return 1;");

const opened: Sandbox[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((sandbox) => sandbox.close()));
});

function open(options: Partial<AutoSandboxOptions> = {}): Sandbox {
  const sandbox = autoSandbox({
    standard: quickjsSandbox({ workers: 1 }),
    fast: () => v8Sandbox({ workers: 1 }),
    fastName: "isolated-vm@",
    ...options,
  });
  opened.push(sandbox);
  return sandbox;
}

/** How often the fast engine ran something, after these programs ran one after the other. */
async function fastRuns(sandbox: Sandbox, programs: readonly string[]): Promise<number> {
  for (const code of programs) {
    expect((await runProgram(sandbox, code)).status).toBe("ok");
  }
  return sandbox.stats().engines?.[1]?.runs ?? 0;
}

test("a program that computes a lot moves to the fast engine after three runs", async () => {
  const sandbox = open();
  expect(await fastRuns(sandbox, [HEAVY, HEAVY, HEAVY])).toBe(0);
  expect(await fastRuns(sandbox, [HEAVY, HEAVY])).toBe(2);
  expect(sandbox.stats()).toMatchObject({
    engine: "auto",
    runs: 5,
    isolation: { boundary: "thread" },
    engines: [
      { engine: expect.stringMatching(/^quickjs/), runs: 3 },
      { engine: expect.stringMatching(/^isolated-vm@/), runs: 2 },
    ],
  });
});

test("a program that computes little by now moves back when it was looked at again", async () => {
  const sandbox = open({ promoteAboveMs: 60 });
  const slow = HEAVY.replace("5e5", "2e6");
  const counts: number[] = [];
  for (const light of [false, false, false, ...Array<boolean>(53).fill(true)]) {
    await runProgram(sandbox, slow, { context: { light }, limits: { timeoutMs: 60_000 } });
    counts.push(sandbox.stats().engines?.[1]?.runs ?? 0);
  }
  expect([counts[2], counts[3], counts.at(-1)]).toEqual([0, 1, 50]);
});

test("results are the same on either engine", async () => {
  const sandbox = open();
  const values = new Set<string | undefined>();
  for (let run = 0; run < 5; run++) {
    values.add((await runProgram(sandbox, HEAVY, { seed: 1, now: 0 })).valueJson);
  }
  expect(values.size).toBe(1);
});

test("a program that computes little stays on the standard engine", async () => {
  const sandbox = open({ promoteAboveMs: 1000 });
  expect(await fastRuns(sandbox, Array<string>(6).fill(LIGHT))).toBe(0);
});

test("runs that did not succeed say nothing about a program", async () => {
  const sandbox = open();
  for (let run = 0; run < 4; run++) {
    await runProgram(sandbox, HEAVY.replace("return n", "null.x"));
  }
  expect(sandbox.stats().engines?.length).toBe(1);
});

test("where there is no fast engine everything stays on the standard one", async () => {
  let asked = 0;
  const sandbox = open({
    fast() {
      asked++;
      throw new RepertoireError("SANDBOX_UNAVAILABLE", "not installed");
    },
  });
  await fastRuns(sandbox, Array<string>(6).fill(HEAVY));
  expect([asked, sandbox.stats().runs]).toEqual([1, 6]);
});

test("a fast engine that does not start is replaced by the standard one for the run", async () => {
  const dead = v8Sandbox({ workers: 1 });
  opened.push(dead);
  const sandbox = open({
    fast: () => ({
      ...dead,
      run: () => Promise.reject(new RepertoireError("SANDBOX_UNAVAILABLE", "no process starts")),
    }),
  });
  await fastRuns(sandbox, Array<string>(5).fill(HEAVY));
  expect(sandbox.stats().runs).toBe(5);
});

test("a replay goes to the engine that was recorded", async () => {
  const sandbox = open();
  const replay = { seed: 1, now: 0, contextJson: "{}", calls: [], order: [] };
  const request = {
    program: { file: "a@1.js", code: LIGHT },
    contextJson: "{}",
    limits: (await import("../base/limits.ts")).LIMITS,
    onHostCall: () => Promise.reject(new Error("not asked")),
  };
  await sandbox.run({ ...request, replay: { ...replay, engine: "quickjs-wasi@3.6.2" } });
  expect(sandbox.stats().engines?.length).toBe(1);
  await sandbox.run({ ...request, replay: { ...replay, engine: "isolated-vm@7.0.1" } });
  expect(sandbox.stats().engines?.[1]?.runs).toBe(1);
});

test("after close every run rejects with CLOSED", async () => {
  const sandbox = open();
  await sandbox.close();
  await expect(runProgram(sandbox, LIGHT)).rejects.toMatchObject({ code: "CLOSED" });
});
