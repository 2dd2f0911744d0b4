import fc from "fast-check";
import { expect, test } from "vitest";
import { compareContents, mergeDrafts } from "./compare-drafts.ts";
import { draftParser } from "./parse-draft.ts";
import type { SkillDraft } from "./skill.ts";

const BASE: SkillDraft = {
  id: "greet",
  name: "Greet",
  description: "Greets a person",
  code: "export default () => 1;",
  tags: ["text"],
  metadata: { owner: "ada" },
};

test("changes of different fields, and of different entries, are brought together", () => {
  const theirs: SkillDraft = {
    ...BASE,
    description: "Greets anybody",
    tags: ["text", "polite"],
    capabilities: { tools: ["mail.send"] },
    examples: [{ context: {}, result: 1 }],
    metadata: { owner: "ada", team: "words" },
  };
  const yours: SkillDraft = {
    ...BASE,
    code: "export default () => 2;",
    tags: ["text", "quick"],
    capabilities: { skills: ["slugify"] },
    examples: [{ context: { n: 1 }, result: 1 }],
    metadata: {},
    author: "agent-7",
    status: "draft",
  };
  const merge = mergeDrafts(BASE, theirs, yours);
  expect(merge.ok && merge.draft).toStrictEqual({
    id: "greet",
    name: "Greet",
    description: "Greets anybody",
    category: "general",
    tags: ["text", "polite", "quick"],
    language: "javascript",
    code: "export default () => 2;",
    capabilities: { tools: ["mail.send"], skills: ["slugify"], fetch: [] },
    examples: [
      { context: {}, result: 1 },
      { context: { n: 1 }, result: 1 },
    ],
    limits: {},
    metadata: { team: "words" },
    status: "draft",
    author: "agent-7",
  });
  expect(merge.changes.map(({ field, change }) => [field, change])).toStrictEqual([
    ["description", "theirs"],
    ["tags", "merged"],
    ["code", "yours"],
    ["capabilities", "merged"],
    ["examples", "merged"],
    ["metadata", "merged"],
  ]);
});

test("a field that both changed differently is a conflict, and nothing is merged", () => {
  const theirs = { ...BASE, description: "Theirs", metadata: { owner: "bob" } };
  const yours = { ...BASE, description: "Yours", metadata: { owner: "eve" }, name: "Hail" };
  const merge = mergeDrafts(BASE, theirs, yours);
  expect(merge).toMatchObject({
    ok: false,
    conflicts: [
      {
        field: "description",
        change: "conflict",
        base: "Greets a person",
        theirs: "Theirs",
        yours: "Yours",
      },
      { field: "metadata", change: "conflict" },
    ],
  });
  expect(merge.changes).toHaveLength(3);
});

test("a field left out and its default are the same", () => {
  const stated = {
    ...BASE,
    category: "general",
    language: "javascript",
    capabilities: { tools: [], skills: [] },
    examples: [],
    limits: {},
  } as const;
  expect(compareContents(BASE, stated, BASE)).toStrictEqual([]);
});

test("the defaults are those that parsing fills in", () => {
  const { definition } = draftParser()(BASE);
  expect(compareContents(BASE, definition, BASE)).toStrictEqual([]);
});

test("without a base, every field that differs is a conflict", () => {
  const yours = { ...BASE, tags: [], instructions: "Read me" };
  const compared = compareContents(undefined, BASE, yours);
  expect(compared).toStrictEqual([
    { field: "tags", change: "conflict", theirs: ["text"], yours: [] },
    { field: "instructions", change: "conflict", yours: "Read me" },
  ]);
});

test("a side that is not there changed nothing", () => {
  expect(
    compareContents(BASE, undefined, { ...BASE, name: "Hail" }).map(({ change }) => change),
  ).toStrictEqual(["yours"]);
  expect(
    compareContents(BASE, { ...BASE, name: "Hail" }, undefined).map(({ change }) => change),
  ).toStrictEqual(["theirs"]);
  expect(compareContents(undefined, BASE, undefined)).toStrictEqual([]);
});

const draft: fc.Arbitrary<SkillDraft> = fc.record(
  {
    id: fc.constant("greet"),
    name: fc.constantFrom("One", "Two"),
    description: fc.constantFrom("One", "Two"),
    code: fc.constantFrom("one", "two"),
    tags: fc.uniqueArray(fc.constantFrom("a", "b", "c"), { maxLength: 3 }),
    metadata: fc.dictionary(
      fc.constantFrom("x", "y", "constructor"),
      fc.integer({ max: 1, min: 0 }),
      {
        noNullPrototype: true,
      },
    ),
  },
  { requiredKeys: ["id", "name", "description"] },
);

test("merging agrees with one side alone, and both ways round", () => {
  fc.assert(
    fc.property(draft, draft, draft, (base, theirs, yours) => {
      const same = (a: SkillDraft, b: SkillDraft) => compareContents(a, b, a).length === 0;
      const alone = mergeDrafts(base, base, yours);
      expect(alone.ok && same(alone.draft, yours)).toBe(true);
      const forth = mergeDrafts(base, theirs, yours);
      const back = mergeDrafts(base, yours, theirs);
      expect(forth.ok).toBe(back.ok);
      if (!forth.ok || !back.ok) return;
      const ordered = (each: SkillDraft) => ({ ...each, tags: (each.tags ?? []).toSorted() });
      expect(same(ordered(forth.draft), ordered(back.draft))).toBe(true);
    }),
  );
});
