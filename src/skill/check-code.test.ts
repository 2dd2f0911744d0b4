import { describe, expect, test } from "vitest";
import type { SkillLanguage } from "./skill.ts";
import { checkCode } from "./check-code.ts";

async function problems(code: string, language: SkillLanguage = "javascript"): Promise<unknown[]> {
  const checked = await checkCode(code, language);
  return checked.ok
    ? []
    : checked.issues.map(({ message, line, column }) => [message, line, column]);
}

describe("JavaScript", () => {
  test.each([
    ["export default function (context, host) { return context }"],
    ["export default async (context) => context"],
    ["const f = () => 1;\nexport { f as default }"],
    ["function f() {}\nexport default f"],
    ["export default wrap(() => 1); function wrap(f) { return f }"],
    ["const text = 'import x from y'; export default () => text"],
  ])("accepts %j as it is", async (code) => {
    expect(await checkCode(code, "javascript")).toEqual({ ok: true, program: code });
  });

  test("says where the code does not parse", async () => {
    expect(await problems("export default () => {\n  const a = ;\n}")).toEqual([
      ["Unexpected token", 2, 13],
    ]);
  });

  test("refuses every form of import, each with its place", async () => {
    const code = [
      'import fs from "node:fs";',
      'export { x } from "y";',
      'export * from "z";',
      'export default async () => { await import("q"); return import.meta.url }',
    ].join("\n");
    expect(await problems(code)).toEqual([
      ["`import` is not available to a skill", 1, 1],
      ["`export … from` is not available to a skill", 2, 1],
      ["`export … from` is not available to a skill", 3, 1],
      ["`import()` is not available to a skill", 4, 36],
      ["`import.meta` is not available to a skill", 4, 56],
    ]);
  });

  test("needs a default export that can be a function", async () => {
    expect(await problems("export const a = 1")).toEqual([["there is no default export", 1, 1]]);
    expect(await problems("\n  export default { run() {} }")).toEqual([
      ["the default export is not a function", 2, 3],
    ]);
    expect(await problems("export default class {}")).toEqual([
      ["the default export is not a function", 1, 1],
    ]);
  });

  test("survives code nested too deeply to parse", async () => {
    expect(await problems(`export default ${"[".repeat(200_000)}`)).toHaveLength(1);
  });
});

describe("TypeScript", () => {
  test("is stripped of its types with every position kept", async () => {
    const code = "interface A { b: number }\nexport default (a: A): number => a.b as number;";
    const checked = await checkCode(code, "typescript");
    if (!checked.ok) throw new Error("refused");
    expect(checked.program).not.toContain("number");
    expect(checked.program.split("\n")[1]?.indexOf("a.b")).toBe(
      code.split("\n")[1]?.indexOf("a.b"),
    );
  });

  test.each([
    [
      "export default () => 1;\nenum Color { Red }",
      "TypeScript enum is not supported in strip-only mode",
      2,
      1,
    ],
    [
      "export default () => 1;\n  namespace N { export const a = 1 }",
      "TypeScript namespace declaration is not supported in strip-only mode",
      2,
      3,
    ],
    [
      "import { a } from 'b';\nexport default () => a",
      "`import` is not available to a skill",
      1,
      1,
    ],
    ["@sealed class A {}\nexport default () => A", "decorators are not available to a skill", 1, 1],
    ["export default (a: number => a", "Expected ',', got '<eof>'", 1, 31],
  ])("refuses %j", async (code, message, line, column) => {
    expect(await problems(code, "typescript")).toContainEqual([message, line, column]);
  });

  test("is not accepted as JavaScript", async () => {
    expect(await problems("export default (a: number) => a")).toEqual([
      ["Unexpected token", 1, 18],
    ]);
  });
});
