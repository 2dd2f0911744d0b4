import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryDirectory } from "../../store/testing-fixtures/temporary-directory.ts";
import { stressProcesses } from "./stress-processes.ts";

let directory: ReturnType<typeof temporaryDirectory>;

beforeEach(() => {
  directory = temporaryDirectory();
});

afterEach(() => directory.remove());

const fixture = (name: string): URL => new URL(`../testing-fixtures/${name}.ts`, import.meta.url);

test("processes that are killed and paused lose nothing that was acknowledged", async () => {
  let looked = 0;
  const report = await stressProcesses({
    module: fixture("sqlite-subject"),
    argument: join(directory.path, "library.sqlite"),
    seed: 7,
    durationMs: 3000,
    processes: 3,
    kills: 4,
    pauses: 3,
    maxPauseMs: 300,
    onKilled: async () => void (looked += 1),
  });
  expect(report.findings).toStrictEqual([]);
  expect(report).toMatchObject({ isSound: true, lostWrites: 0, staleReads: 0 });
  expect(report.kills).toBeGreaterThan(0);
  expect(report.kills).toBe(looked);
  expect(report.processes).toBe(3 + report.kills);
  expect(report.acknowledgedWrites).toBeGreaterThan(30);
}, 60_000);

test("a process that fails, and what is found after a kill, are findings", async () => {
  const report = await stressProcesses({
    module: fixture("failing-subject"),
    argument: join(directory.path, "library.sqlite"),
    seed: 8,
    durationMs: 1500,
    processes: 2,
    kills: 1,
    onKilled: () => Promise.reject(new Error("a hole in the history")),
  });
  expect(report.isSound).toBe(false);
  const text = report.findings.join("\n");
  expect(text).toContain("Found with seed 8:");
  expect(text).toMatch(/^p1\.0 ended with 1:\n[\s\S]*the subject gave up/m);
}, 60_000);

test("a module that can not be opened is a finding, and options that make no sense are refused", async () => {
  const module = fixture("nowhere");
  const report = await stressProcesses({ module, seed: 9, durationMs: 100, processes: 1 });
  expect(report.isSound).toBe(false);
  expect(report.findings.join("\n")).toMatch(/p1\.0 ended with 1:[\s\S]*nowhere/);
  const base = { module, seed: 1, durationMs: 100 };
  for (const options of [{ durationMs: -1 }, { processes: 0 }, { kills: Number.NaN }, { keys: 0 }])
    await expect(stressProcesses({ ...base, ...options })).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining(
        `Expected \`${Object.keys(options)[0]}\` to be a whole number`,
      ),
    });
  const wrong = { ...base, module: "./subject.ts" as unknown as URL };
  await expect(stressProcesses(wrong)).rejects.toMatchObject({ code: "INVALID_INPUT" });
}, 60_000);
