import { afterEach, describe, expect, test } from "vitest";
import type { RepertoireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { processSandboxOver } from "../run/sandbox-over.ts";
import type { Sandbox, SandboxIsolation, SandboxOutcome } from "../sandbox.ts";
import { createProcessPool } from "./process-pool.ts";
import { unmetHardening } from "./required-hardening.ts";

const FORGED = new URL("./testing-fixtures/forged-child.ts", import.meta.url).pathname;
const NOTHING: SandboxIsolation = {
  boundary: "process",
  permissionModel: false,
  permissionsDropped: false,
  seccomp: false,
  landlock: false,
  network: "open",
  missing: ["everything"],
};

let sandbox: Sandbox | undefined;

afterEach(async () => {
  await sandbox?.close();
});

/** A sandbox whose processes are not to be trusted. */
function forgedSandbox(
  behaviour: string,
  refuse: () => RepertoireError | undefined = () => undefined,
): Sandbox {
  const pool = createProcessPool({
    processes: 1,
    runsPerProcess: 8,
    command: async () => ({
      file: process.execPath,
      args: ["--no-warnings", FORGED, behaviour],
      cwd: "/",
    }),
    refuse,
  });
  sandbox = processSandboxOver({ engine: "forged", pool, capacity: 8 });
  return sandbox;
}

function run(on: Sandbox, code: string, timeoutMs = 5000): Promise<SandboxOutcome> {
  return on.run({
    program: { file: "a@1.js", code },
    contextJson: "null",
    limits: { ...LIMITS, timeoutMs },
    onHostCall: () => expect.unreachable("nothing of a forged message reaches the host"),
  });
}

describe("a process that was taken over", () => {
  test.each([
    ["garbage", "it broke the protocol"],
    ["endless calls", "it broke the protocol: a run calls more than it may"],
    ["no result", "it broke the protocol: the result is no JSON"],
    ["exit", "it exited with code 3"],
    ["exit before it begins", "it exited with code 3"],
  ])("by %s ends the run that did it as crashed, and no other", async (behaviour, reason) => {
    const forged = forgedSandbox(behaviour);
    const innocents = [1, 2, 3].map(() => run(forged, "innocent"));
    const guilty = await run(forged, "attack");
    expect(guilty).toMatchObject({ status: "crashed", error: { name: "Crashed" } });
    expect(guilty.error?.message).toContain(`lost its sandbox process 4 times: ${reason}`);
    const ends = await Promise.all([...innocents, run(forged, "another innocent")]);
    expect(ends.map(({ status, valueJson }) => [status, valueJson])).toEqual(
      Array.from({ length: 4 }, () => ["ok", "1"]),
    );
  });

  test("does not keep a run beyond its deadline by saying nothing", async () => {
    const forged = forgedSandbox("silent");
    expect(await run(forged, "attack", 100)).toMatchObject({
      status: "timeout",
      error: { message: expect.stringContaining("did not finish within 100 ms") as string },
    });
    expect(forged.stats().kills).toBe(1);
  });

  test("does not keep a run that is cancelled", async () => {
    const forged = forgedSandbox("silent");
    const abort = new AbortController();
    const cancelled = forged.run({
      program: { file: "a@1.js", code: "attack" },
      contextJson: "null",
      limits: LIMITS,
      signal: abort.signal,
      onHostCall: () => expect.unreachable(),
    });
    await forged.prepare?.();
    abort.abort();
    expect((await cancelled).status).toBe("cancelled");
  });
});

describe("hardening that is required", () => {
  test("and missing refuses every run by name, with what to do", async () => {
    const refusing = forgedSandbox("exit", () => unmetHardening(NOTHING, ["seccomp", "network"]));
    const refused = {
      code: "SANDBOX_UNAVAILABLE",
      message:
        "The sandbox processes lack seccomp, network, which requireHardening asks for: everything",
      details: { unmet: ["seccomp", "network"], missing: ["everything"] },
    };
    await expect(refusing.prepare?.()).rejects.toMatchObject(refused);
    await expect(run(refusing, "innocent")).rejects.toMatchObject(refused);
  });

  test("and there is no obstacle", () => {
    expect(unmetHardening({ ...NOTHING, seccomp: true }, ["seccomp"])).toBeUndefined();
  });
});

test("runs wait for a process that works while others do not start", async () => {
  let starts = 0;
  const pool = createProcessPool({
    processes: 2,
    runsPerProcess: 1,
    command: async () => ({
      file: ++starts === 1 ? process.execPath : "/nonexistent/node",
      args: ["--no-warnings", FORGED, "honest"],
      cwd: "/",
    }),
    refuse: () => undefined,
  });
  sandbox = processSandboxOver({ engine: "forged", pool, capacity: 8 });
  await sandbox.prepare?.();
  // Longer than the attempts to start another process go on.
  const ends = await Promise.all([run(sandbox, "for 3000 ms"), run(sandbox, "afterwards")]);
  expect(ends.map(({ status }) => status)).toEqual(["ok", "ok"]);
  expect(starts).toBeGreaterThan(4);
});

test("processes that do not start fail the runs that wait, and say why", async () => {
  const pool = createProcessPool({
    processes: 1,
    runsPerProcess: 8,
    command: async () => ({ file: "/nonexistent/node", args: [], cwd: "/" }),
    refuse: () => undefined,
  });
  sandbox = processSandboxOver({ engine: "forged", pool, capacity: 8 });
  await expect(run(sandbox, "innocent")).rejects.toMatchObject({
    code: "INTERNAL",
    message: expect.stringMatching(
      /^No sandbox process starts: .*(ENOENT|127).*; 4 attempts failed$/,
    ) as string,
  });
});
