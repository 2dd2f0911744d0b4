import { expect, test } from "vitest";
import { diffDefinitions } from "./definition-diff.ts";
import { draftParser } from "./parse-draft.ts";
import type { SkillDefinition, SkillDraft } from "./skill.ts";

const parse = draftParser();

function definitionOf(more: Partial<SkillDraft>): SkillDefinition {
  return parse({ id: "a", name: "A", description: "It adds", code: "x", ...more }).definition;
}

test("definitions that say the same have no changes, in whatever order their members are", () => {
  const from = definitionOf({ metadata: { a: 1, b: { c: 2, d: 3 } } });
  const to = definitionOf({ metadata: { b: { d: 3, c: 2 }, a: 1 } });
  expect(diffDefinitions(from, to)).toEqual([]);
});

test("a changed field has both sides, an added one no `from`, a dropped one no `to`", () => {
  const from = definitionOf({ tags: ["x", "y"], input: true, limits: { timeoutMs: 1 } });
  const to = definitionOf({ tags: ["y", "x"], instructions: "Read me", limits: { timeoutMs: 2 } });
  expect(diffDefinitions(from, to)).toEqual([
    { field: "tags", from: ["x", "y"], to: ["y", "x"] },
    { field: "instructions", to: "Read me" },
    { field: "input", from: true },
    { field: "limits", from: { timeoutMs: 1 }, to: { timeoutMs: 2 } },
  ]);
});

test("a change of any field is seen", () => {
  const from = definitionOf({});
  const to = definitionOf({
    name: "B",
    description: "It multiplies",
    category: "math",
    tags: ["t"],
    language: "typescript",
    code: "y",
    instructions: "i",
    input: true,
    output: false,
    capabilities: { tools: ["t"] },
    examples: [{ context: {} }],
    limits: { timeoutMs: 1 },
    license: "MIT",
    metadata: { m: 1 },
  });
  expect(
    diffDefinitions(from, to)
      .map(({ field }) => field)
      .toSorted(),
  ).toEqual(Object.keys(to).toSorted());
});
