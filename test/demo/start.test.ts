/** `npm start` as a stranger runs it: from source, in a process of its own. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { DemoReport } from "../../src/cli/demo/demo-report.ts";

const START = fileURLToPath(new URL("../../scripts/start.ts", import.meta.url));

interface Ended {
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function start(...flags: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [START, ...flags], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

test("admits real functions, keeps every guarantee, and leaves nothing behind", async () => {
  const { code, stdout, stderr } = await start("--seconds", "2", "--agents", "2", "--json");
  const report = JSON.parse(stdout) as DemoReport;

  expect(report.guarantees.filter(({ held }) => !held)).toEqual([]);
  expect(code).toBe(0);
  expect(report).toMatchObject({
    ok: true,
    seed: 1,
    agents: 2,
    seconds: 2,
    library: null,
    story: {
      conflict: { expected: 3, actual: 4 },
      mergedVersion: 5,
      keptBothChanges: true,
      seenVersion: 5,
      rollbackVersion: 6,
      rollbackRestored: true,
    },
    updates: { lost: [], irregular: [], abandoned: 0 },
    reads: { stale: [], phantom: [] },
    answers: { wrong: 0 },
  });

  const { admission, updates, reads, figures, runs } = report;
  expect(admission.admitted).toBeGreaterThanOrEqual(200);
  expect(admission.refused.length).toBeGreaterThan(0);
  expect(new Set(admission.refused.map((refusal) => refusal.code))).toEqual(
    new Set(["VALIDATION_FAILED"]),
  );
  expect(updates.acknowledged).toBeGreaterThanOrEqual(5);
  expect(updates.conflicts).toBeGreaterThanOrEqual(1);
  expect(reads.checked).toBeGreaterThan(10);
  expect(figures.versions).toBe(figures.revision);
  expect(figures.runsRecorded).toBe(Object.values(runs).reduce((sum, count) => sum + count, 0));

  const path = /library (\S+);/.exec(stderr)?.[1] ?? "";
  expect(path).toContain("repertoire-demo-");
  expect(existsSync(path)).toBe(false);
  expect(stderr).not.toContain("\u001B");
}, 120_000);

test("refuses options it does not know or that are out of range", async () => {
  expect(await start("--agents", "1")).toEqual({
    code: 2,
    stdout: "",
    stderr: "Expected `agents` to be a number from 2 to 16, got 1\n",
  });
  expect((await start("--agent", "4")).code).toBe(2);
});
