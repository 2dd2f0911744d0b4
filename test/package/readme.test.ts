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
});

afterAll(() => packed.remove());

const readme = readFileSync(join(ROOT, "README.md"), "utf8");

/** Code blocks in the language, in order. */
function blocks(language: string): readonly string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
    (match) => match[1] as string,
  );
}

test("the README's TypeScript runs as it stands and prints what its comments say", () => {
  const programs = blocks("ts");
  expect(programs.length).toBeGreaterThan(0);
  for (const [index, program] of programs.entries()) {
    const file = join(packed.project, `readme-${index}.mts`);
    writeFileSync(file, program);
    const printed = execFileSync(process.execPath, [file], {
      cwd: packed.project,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    const promised = [...program.matchAll(/console\.log\(.*\);\s*\/\/ (.*)$/gm)].map(
      (match) => match[1],
    );
    expect(printed.trim().split("\n")).toEqual(promised);
  }
});

test("the README's shell session runs, command by command", () => {
  const [session] = blocks("console");
  if (session === undefined) throw new Error("The README has no console session");
  const bin = join(packed.project, "node_modules/repertoire/dist/cli/bin.js");
  for (const line of session.split("\n").filter((text) => text.startsWith("$ npx repertoire "))) {
    const command = line.replace(
      "$ npx repertoire",
      `"${process.execPath}" "${bin}" --library readme-library`,
    );
    expect(execFileSync("sh", ["-c", command], { cwd: packed.project, encoding: "utf8" })).not.toBe(
      "",
    );
  }
});
