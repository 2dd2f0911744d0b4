import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "../support/import-graph.ts";
import { packPackage } from "../support/packed-package.ts";
import type { PackedPackage } from "../support/packed-package.ts";

let packed: PackedPackage;

beforeAll(() => {
  packed = packPackage();
  const text = readFileSync(join(ROOT, "docs/testing.md"), "utf8");
  for (const [, code = "", name = ""] of text.matchAll(/^```ts\n(\/\/ (\S+\.mts)[\s\S]*?)^```/gm))
    writeFileSync(join(packed.project, name), code);
});

afterAll(() => packed.remove());

function run(...parameters: readonly string[]): string {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return execFileSync(process.execPath, parameters, {
    cwd: packed.project,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    env,
  });
}

test("a user's store is held to its contract with the runner of Node alone", () => {
  const report = run("--test", "--test-reporter=tap", "my-store.test.mts");
  expect(report).toMatch(/^# fail 0$/m);
  expect(Number(/^# pass (\d+)$/m.exec(report)?.[1])).toBeGreaterThan(20);
}, 60_000);

test("the stress of the documentation runs as it stands and prints what its comments say", () => {
  for (const name of ["stress.mts", "processes.mts"])
    expect(run(name).trim()).toBe("linearizable 0 0");
}, 120_000);
