import { parse } from "acorn";
import { describe, expect, test } from "vitest";
import type { SkillDraft } from "../../src/skill/skill.ts";
import { buildDraft } from "./build-draft.ts";
import { findFunctions } from "./find-functions.ts";
import { findFailedExamples } from "./report.ts";

const functions = findFunctions();

function draftFor(path: string): Promise<SkillDraft> {
  const fn = functions.find((candidate) => candidate.path === path);
  if (!fn) throw new Error(`${path} is not in the package`);
  return buildDraft(fn, "1.0.0");
}

describe("a function of the package", () => {
  test("becomes a described, self-contained skill with its documented examples", async () => {
    const { code = "", description, input, ...rest } = await draftFor("array/countBy");
    expect(rest).toEqual({
      id: "es-toolkit/count_by",
      name: "Count by",
      category: "array",
      tags: ["es-toolkit", "array"],
      language: "javascript",
      examples: [
        {
          context: { arr: ["a", "b", "c", "a", "b", "a"], mapper: { $function: "x => x" } },
          result: { a: 3, b: 2, c: 1 },
        },
        {
          context: { arr: [1, 2, 3, 4, 5], mapper: { $function: expect.any(String) } },
          result: { odd: 3, even: 2 },
        },
        {
          context: { arr: ["a", "b", "c", "d"], mapper: { $function: expect.any(String) } },
          result: { first: 2, rest: 2 },
        },
      ],
      output: { anyOf: [{ type: "object" }, { type: "array" }] },
      author: "es-toolkit contributors",
      license: "MIT",
      metadata: { package: "es-toolkit", version: "1.0.0", source: "dist/array/countBy.mjs" },
    });
    expect(description).toMatch(/^Count the occurrences of each item in an array/);
    expect(input).toMatchObject({
      required: ["arr", "mapper"],
      properties: { arr: { type: "array" }, mapper: { required: ["$function"] } },
    });

    const { body } = parse(code, { ecmaVersion: "latest", sourceType: "module" });
    const exported = body.filter(({ type }) => type.startsWith("Export"));
    expect(body.filter(({ type }) => type.startsWith("Import"))).toEqual([]);
    expect(exported.map(({ start, end }) => code.slice(start, end))).toEqual([
      "export { countBy_skill_default as default };",
    ]);
  });

  test("has examples that hold when its code runs", async () => {
    const draft = await draftFor("compat/array/sortBy");
    expect(draft.examples?.length).toBeGreaterThan(0);
    expect(await findFailedExamples([draft])).toEqual([]);
    const wrong = { context: { arrays: [[1]] }, result: [2] };
    const xor = await draftFor("array/xor");
    expect(await findFailedExamples([{ ...xor, examples: [wrong] }])).toHaveLength(1);
  });

  test("is refused when no example can be had, with the reason", async () => {
    await expect(draftFor("function/debounce")).rejects.toThrow("returns a function");
    await expect(draftFor("map/countBy")).rejects.toThrow("an argument is not JSON (Map)");
    await expect(draftFor("compat/array/sample")).rejects.toThrow("its result is random");
    await expect(draftFor("compat/util/uniqueId")).rejects.toThrow("remembers earlier calls");
  });
});
