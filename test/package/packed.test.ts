import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../support/import-graph.ts";
import { packPackage } from "../support/packed-package.ts";
import type { PackedPackage } from "../support/packed-package.ts";

let packed: PackedPackage;

beforeAll(() => {
  packed = packPackage();
});

afterAll(() => packed.remove());

const SMOKE = `
import { openLibrary } from "repertoire";
await using library = await openLibrary("./smoke-library");
await library.add({ id: "double", name: "Double", description: "Doubles a number", language: "typescript",
  code: "export default (context: { n: number }): number => context.n * 2",
  input: { type: "object", properties: { n: { type: "number" } }, required: ["n"] },
  examples: [{ context: { n: 2 }, result: 4 }] }, { expectedVersion: "any" });
const run = await library.execute("double", { n: 21 });
const loop = await library.execute("double", { n: 1 }, { timeoutMs: 5000 });
const found = await library.search("multiply a number by two");
console.log(JSON.stringify([run.value, loop.status, found.mode, found.matches[0].id, library.sync.execute("double", { n: 4 }).value]));
`;
const ANSWER = '[42,"ok","hybrid","double",8]';

/** `await using` is newer than the oldest supported Node. */
const smokeFor = (major: number): string =>
  major >= 24
    ? SMOKE
    : `${SMOKE.replace("await using library", "const library")}\nawait library.close();`;

describe("the packed package", () => {
  test("holds the built program, its data and its sources, and no tests", () => {
    expect(packed.files).toEqual(
      expect.arrayContaining([
        "dist/index.js",
        "dist/index.d.ts",
        "dist/cli/bin.js",
        "dist/testing.js",
        "dist/store/skill-store.contract.js",
        "src/store/skill-store.contract.ts",
        "assets/static-embedding/vocab.txt",
        "starter/text/slugify.js",
        "starter/text/slugify.json",
        "LICENSE",
        "README.md",
      ]),
    );
    expect(packed.files.filter((file) => /\.test\.|^src\/.*testing-fixtures/.test(file))).toEqual(
      [],
    );
  });

  test("works from a fresh node_modules on this Node", () => {
    expect(runSmoke(process.execPath, 24)).toBe(ANSWER);
  });

  test("its program runs", () => {
    const bin = join(packed.project, "node_modules/repertoire/dist/cli/bin.js");
    const run = (...args: string[]): string =>
      execFileSync(process.execPath, [bin, "--library", "cli-library", ...args], {
        cwd: packed.project,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
    expect(run("add", "--starter", "--json").trim().split("\n").length).toBeGreaterThan(30);
    expect(
      JSON.parse(run("run", "slugify", "--context", '{"text":"Hello World"}', "--json")),
    ).toMatchObject({ status: "ok", value: "hello-world" });
  });

  test.for([
    [22, "22.23.3"],
    [26, "26.10.0"],
  ] as const)("works on Node %i", { timeout: 180_000 }, ([major, version], { skip }) => {
    const node = otherNode(version);
    if (node === undefined) {
      if (process.env.CI === "true")
        throw new Error(`Node ${version} could not be installed for the smoke test`);
      return skip(`Node ${version} could not be installed, so the package was not tried on it`);
    }
    expect(runSmoke(node, major)).toBe(ANSWER);
  });
});

function runSmoke(node: string, major: number): string {
  const file = join(packed.project, `smoke-${major}.mjs`);
  writeFileSync(file, smokeFor(major));
  return execFileSync(node, [file], {
    cwd: packed.project,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
}

/** Another Node from the registry, kept beside the other caches of this checkout. */
function otherNode(version: string): string | undefined {
  const home = join(ROOT, "node_modules/.cache/repertoire", `node-${version}`);
  const node = join(home, "node_modules/node/bin/node");
  if (existsSync(node)) return node;
  mkdirSync(home, { recursive: true });
  writeFileSync(
    join(home, "package.json"),
    JSON.stringify({ private: true, allowScripts: { node: true } }),
  );
  try {
    execFileSync("npm", ["install", "--no-save", `node@${version}`], {
      cwd: home,
      stdio: "ignore",
      timeout: 150_000,
    });
  } catch {
    // Without the registry there is no other Node; the caller decides what that means.
    return undefined;
  }
  return existsSync(node) ? node : undefined;
}
