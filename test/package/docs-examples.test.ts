/** The TypeScript of `docs/`: all of it is checked against the package's types, and run as a user would. */
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as library from "../../src/index.ts";
import * as testing from "../../src/testing.ts";
import { programOf } from "../support/docs-scenes.ts";
import { ROOT } from "../support/import-graph.ts";
import { packPackage } from "../support/packed-package.ts";
import type { PackedPackage } from "../support/packed-package.ts";

const EXPORTED = { repertoire: Object.keys(library), "repertoire/testing": Object.keys(testing) };
/** Needs a package that is not installed with this one. */
const ONLY_CHECKED = "miniLmEmbedder(";

interface Example {
  readonly file: string;
  readonly program: string;
  readonly isRun: boolean;
}

const examples: readonly Example[] = readdirSync(join(ROOT, "docs"))
  .filter((name) => name.endsWith(".md"))
  .flatMap((document) => {
    const text = readFileSync(join(ROOT, "docs", document), "utf8");
    return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = ""], at): Example => {
      // Whole programs say what they are called; another test runs them.
      const [, name] = /^\/\/ (\S+\.mts)/.exec(code) ?? [];
      if (name !== undefined) return { file: name, program: code, isRun: false };
      const file = `${document.replace(".md", "")}-${at + 1}.mts`;
      const isRun = !code.includes(ONLY_CHECKED);
      return { file, program: programOf(document, code, EXPORTED), isRun };
    });
  });

let packed: PackedPackage;

beforeAll(() => {
  packed = packPackage();
  for (const { file, program } of examples) writeFileSync(join(packed.project, file), program);
}, 60_000);

afterAll(() => packed.remove());

test("every example of the documentation has the types of the package", () => {
  const modules = join(packed.project, "node_modules");
  mkdirSync(join(modules, "@types"), { recursive: true });
  symlinkSync(join(ROOT, "node_modules/@types/node"), join(modules, "@types/node"));
  const options = { noEmit: true, strict: true, skipLibCheck: true, types: ["node"] };
  const language = { module: "nodenext", target: "esnext", allowImportingTsExtensions: true };
  writeFileSync(
    join(packed.project, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: { ...options, ...language },
      files: examples.map(({ file }) => file),
    }),
  );
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  let problems = "";
  try {
    execFileSync(process.execPath, [compiler, "-p", packed.project], { encoding: "utf8" });
  } catch (error) {
    problems = (error as { readonly stdout: string }).stdout;
  }
  expect(problems).toBe("");
}, 120_000);

test("every example of the documentation runs as it stands", async () => {
  const files = examples.filter(({ isRun }) => isRun).map(({ file }) => file);
  expect(files.length).toBeGreaterThan(10);
  // One process for all of them: starting one for each takes most of the time.
  const runner = `for (const file of ${JSON.stringify(files)}) {
    try {
      await import("./" + file);
    } catch (error) {
      throw new Error("The example " + file + " failed", { cause: error });
    }
  }`;
  writeFileSync(join(packed.project, "run-examples.mjs"), runner);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stderr } = await promisify(execFile)(process.execPath, ["run-examples.mjs"], {
    cwd: packed.project,
    env: { ...env, REPERTOIRE_LIBRARY: join(packed.project, "default-library") },
  });
  // Neither a warning nor an unhandled rejection.
  expect(stderr).toBe("");
}, 120_000);
