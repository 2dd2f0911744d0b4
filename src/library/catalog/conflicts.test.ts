import { afterEach, beforeEach, expect, test } from "vitest";
import { noteDraft, skillDraft } from "../../../test/support/skill-draft.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import { rejection, rejections } from "../../../test/support/thrown.ts";
import { VersionConflictError } from "../../base/errors.ts";
import { mergeDrafts } from "../../skill/compare-drafts.ts";
import { draftOf } from "../../skill/definition-of.ts";
import type { SkillDraft } from "../../skill/skill.ts";
import type { SkillLibrary } from "../skill-library.ts";

let fixture: TemporaryLibrary;
let library: SkillLibrary;

beforeEach(async () => {
  fixture = await temporaryLibrary({ embedder: false });
  ({ library } = fixture);
});
afterEach(() => fixture[Symbol.asyncDispose]());

async function conflictOf(work: Promise<unknown>): Promise<VersionConflictError> {
  const error = await rejection(work);
  expect(error).toBeInstanceOf(VersionConflictError);
  // What it says survives a process boundary.
  expect(JSON.parse(JSON.stringify(error.details))).toEqual(error.details);
  return error as VersionConflictError;
}

const BASE: SkillDraft = { ...noteDraft("note", "one"), tags: ["a"], category: "notes" };

async function twoVersions(): Promise<readonly [base: string, theirs: string]> {
  const first = await library.add(BASE);
  const theirs = { ...BASE, instructions: "theirs", tags: ["a", "b"], license: "MIT" };
  const second = await library.add(theirs, { expectedVersion: 1 });
  return [first.contentHash, second.contentHash];
}

test("a conflict says what each side changed, with all three hashes", async () => {
  const [expectedHash, actualHash] = await twoVersions();
  const yours = { ...BASE, instructions: "yours", tags: ["a", "c"], name: "Mine", license: "MIT" };
  const conflict = await conflictOf(library.add(yours, { expectedVersion: 1 }));
  await library.remove("note");
  const yourHash = (await library.add(yours, { expectedVersion: 0 })).contentHash;
  const changes = [
    { field: "name", change: "yours", base: BASE.name, theirs: BASE.name, yours: "Mine" },
    {
      field: "tags",
      change: "merged",
      base: ["a"],
      theirs: ["a", "b"],
      yours: ["a", "c"],
      merged: ["a", "b", "c"],
    },
    { field: "instructions", change: "conflict", base: "one", theirs: "theirs", yours: "yours" },
    { field: "license", change: "same", theirs: "MIT", yours: "MIT" },
  ];
  const facts = { reason: "changed", expectedHash, yourHash, changes };
  expect(conflict).toMatchObject({ expected: 1, actual: 2, actualHash, ...facts });
  expect(conflict.details).toStrictEqual({
    skillId: "note",
    expected: 1,
    actual: 2,
    actualHash,
    ...facts,
  });
  expect(conflict.message).toBe(
    'Expected skill "note" at version 1, but it is at version 2; both changed instructions; both changed, in ways that go together, tags; both changed alike license; you changed name; read it again, merge, and retry with expectedVersion 2',
  );
});

test("an agent merges by what a conflict says, and its retry succeeds", async () => {
  await twoVersions();
  const yours = { ...BASE, tags: ["a", "c"], name: "Mine" };
  const { expected, actual } = await conflictOf(library.add(yours, { expectedVersion: 1 }));
  const read = async (version: number) => draftOf((await library.get("note", { version }))!);
  const merge = mergeDrafts(await read(expected), await read(actual), yours);
  const merged = merge.ok ? merge.draft : expect.unreachable("it can be merged");
  await library.add(merged, { expectedVersion: actual });
  expect(await library.get("note")).toMatchObject({
    version: 3,
    name: "Mine",
    instructions: "theirs",
    tags: ["a", "b", "c"],
    license: "MIT",
  });
});

test("without a base, all that differs is a conflict", async () => {
  const { contentHash } = await library.add(BASE);
  const conflict = await conflictOf(library.add({ ...BASE, tags: ["z"] }));
  expect(conflict).toMatchObject({
    reason: "exists",
    expected: 0,
    actual: 1,
    actualHash: contentHash,
    expectedHash: undefined,
    changes: [{ field: "tags", change: "conflict", theirs: ["a"], yours: ["z"] }],
  });
});

test("a version that never was has no base, whether the skill is there or not", async () => {
  await library.add(BASE);
  const ahead = await conflictOf(library.add({ ...BASE, name: "Z" }, { expectedVersion: 9 }));
  expect(ahead).toMatchObject({
    reason: "unknown-version",
    expected: 9,
    actual: 1,
    changes: [{ field: "name", change: "conflict", theirs: BASE.name, yours: "Z" }],
  });
  expect(ahead.message).toContain("at version 9, a version it never had, but it is at version 1;");
  expect(await conflictOf(library.add(noteDraft("other"), { expectedVersion: 3 }))).toMatchObject({
    reason: "unknown-version",
    expected: 3,
    actual: 0,
    actualHash: undefined,
    changes: [],
  });
});

test("a skill that was removed still has the base, and yours alone changed it", async () => {
  const { contentHash } = await library.add(BASE);
  await library.remove("note");
  const conflict = await conflictOf(library.add({ ...BASE, name: "Z" }, { expectedVersion: 1 }));
  expect(conflict).toMatchObject({
    reason: "removed",
    expected: 1,
    actual: 0,
    actualHash: undefined,
    expectedHash: contentHash,
    changes: [{ field: "name", change: "yours", base: BASE.name, theirs: BASE.name, yours: "Z" }],
  });
  expect(conflict.message).toContain("at version 1, but it was removed;");
});

test("a skill that was removed and added again is compared with what was there before", async () => {
  await library.add(BASE);
  await library.remove("note");
  await library.add({ ...BASE, instructions: "anew" });
  expect(
    await conflictOf(library.add({ ...BASE, name: "Z" }, { expectedVersion: 1 })),
  ).toMatchObject({
    reason: "changed",
    expected: 1,
    actual: 2,
    changes: [
      { field: "name", change: "yours" },
      { field: "instructions", change: "theirs", base: "one", theirs: "anew" },
    ],
  });
});

test("rollback, status and removal say what changed as well", async () => {
  const [expectedHash, actualHash] = await twoVersions();
  const theirs = [
    { field: "tags", change: "theirs" },
    { field: "instructions", change: "theirs" },
    { field: "license", change: "theirs", theirs: "MIT" },
  ];
  const expectedVersion = 1;
  const facts = { reason: "changed", expected: 1, actual: 2, expectedHash, actualHash };
  const back = await conflictOf(library.rollback("note", 1, { expectedVersion }));
  expect(back).toMatchObject({ ...facts, yourHash: expectedHash, changes: theirs });
  const status = await conflictOf(library.setStatus("note", "failed", { expectedVersion }));
  expect(status).toMatchObject({ ...facts, yourHash: undefined, changes: theirs });
  const removal = await conflictOf(library.remove("note", { expectedVersion }));
  expect(removal).toMatchObject({ ...facts, yourHash: undefined, changes: theirs });
  expect(await conflictOf(library.remove("note", { expectedVersion: 0 }))).toMatchObject({
    reason: "exists",
    changes: [],
  });
});

test("a saved workflow is added on the condition of a version like any skill", async () => {
  await library.add(skillDraft("echo"));
  const workflow = { id: "flow", name: "Flow", description: "Runs echo", steps: ["echo"] };
  await library.saveWorkflow(workflow);
  const longer = { ...workflow, steps: ["echo", "echo"] };
  expect(await conflictOf(library.saveWorkflow(longer))).toMatchObject({
    reason: "exists",
    changes: [{ field: "code", change: "conflict" }],
  });
  expect(await library.saveWorkflow(longer, { expectedVersion: 1 })).toMatchObject({ version: 2 });
});

test("a status other than expected is a conflict", async () => {
  await library.add(BASE);
  await library.setStatus("note", "quarantined", { reason: "leaks" });
  const expectedStatus = "active" as const;
  const refused = await conflictOf(
    library.setStatus("note", "deprecated", { expectedVersion: 1, expectedStatus }),
  );
  expect(refused.message).toBe(
    'Expected skill "note" at version 1 to be active, but it is quarantined; read it again, merge, and retry with expectedVersion 1',
  );
  const next = { ...BASE, name: "Z" };
  const late = await conflictOf(library.add(next, { expectedVersion: 1, expectedStatus }));
  expect(late).toMatchObject({
    reason: "status",
    expected: 1,
    actual: 1,
    details: { expectedStatus, actualStatus: "quarantined" },
    changes: [{ field: "name", change: "yours" }],
  });
  expect(await library.get("note")).toMatchObject({ version: 1, status: "quarantined" });
  const known = { expectedVersion: 1, expectedStatus: "quarantined" } as const;
  expect(await library.add(next, known)).toMatchObject({ version: 2, status: "active" });
  for (const error of await rejections([
    library.add(next, { expectedStatus: "on" as never }),
    library.setStatus("note", "failed", { expectedStatus: 1 as never }),
  ]))
    expect(error).toMatchObject({ code: "INVALID_INPUT" });
});

test("drafts of a batch each say which version they expect", async () => {
  await library.addMany([noteDraft("a"), noteDraft("b"), noteDraft("c")]);
  const outcomes = await library.addMany(
    [noteDraft("a", "two"), noteDraft("b", "two"), noteDraft("c", "two"), noteDraft("d")],
    { expectedVersion: [1, 2, "any", undefined] },
  );
  expect(outcomes.map((each) => (each.ok ? each.version : each.error.code))).toStrictEqual([
    2,
    "VERSION_CONFLICT",
    2,
    1,
  ]);
  expect(outcomes[1]).toMatchObject({
    error: { reason: "unknown-version", changes: [{ field: "instructions" }] },
  });
});

test("of many conflicts the first hundred say what changed", async () => {
  const drafts = Array.from({ length: 130 }, (_, n) => noteDraft(`n-${n}`));
  await library.addMany(drafts);
  const outcomes = await library.addMany(drafts.map(({ id }) => noteDraft(id, "two")));
  const explained = outcomes.filter(
    (each) => !each.ok && (each.error as VersionConflictError).changes?.length === 1,
  );
  expect(explained).toHaveLength(100);
  expect(outcomes.every((each) => !each.ok && each.error.code === "VERSION_CONFLICT")).toBe(true);
});

test("huge values are told by what changed in them, within bounds, and are whole in their versions", async () => {
  const lines = (word: string, count: number) =>
    Array.from({ length: count }, (_, n) => `// ${word} ${n}`);
  const code = (word: string, changed: number): string =>
    [...lines("line", 100), ...lines(word, changed), ...lines("tail", 2000)].join("\n") +
    "\nexport default () => 1;\n";
  const huge = (word: string): SkillDraft => ({
    ...skillDraft("huge", { examples: [] }),
    code: code(word, 3),
    instructions: lines(word, 20_000).join("\n"),
    metadata: { text: word.repeat(10_000) },
    input: { type: "object", description: word.repeat(10_000) },
    output: { description: word.repeat(10_000) },
    examples: [],
  });
  await library.add(huge("base"), { validate: false });
  await library.add(huge("theirs"), { expectedVersion: 1, validate: false });
  const conflict = await conflictOf(
    library.add(huge("yours"), { expectedVersion: 1, validate: false }),
  );
  expect(JSON.stringify(conflict.details).length).toBeLessThan(100_000);
  const found = conflict.changes?.find(({ field }) => field === "code");
  expect(found).toMatchObject({ field: "code", change: "conflict" });
  expect(found?.theirs).toBeUndefined();
  expect(found?.long).toStrictEqual({
    characters: {
      base: huge("base").code!.length,
      theirs: huge("theirs").code!.length,
      yours: huge("yours").code!.length,
    },
    theirDiff: expect.stringContaining("-// base 2\n+// theirs 0\n"),
    yourDiff: expect.stringContaining("-// base 2\n+// yours 0\n"),
  });
  expect(conflict.changes?.find(({ field }) => field === "instructions")?.long).toMatchObject({
    truncated: true,
  });
  expect((await library.get("huge", { version: conflict.expected }))?.code).toBe(huge("base").code);
  expect((await library.get("huge", { version: conflict.actual }))?.code).toBe(huge("theirs").code);
});

test("the synchronous twin throws the same conflict", async () => {
  await twoVersions();
  const yours = { ...BASE, name: "Mine" };
  const conflict = await conflictOf(library.add(yours, { expectedVersion: 1 }));
  let twin: unknown;
  await using other = await temporaryLibrary({ embedder: false });
  other.library.sync.add(BASE);
  other.library.sync.add(
    { ...BASE, instructions: "theirs", tags: ["a", "b"], license: "MIT" },
    { expectedVersion: 1 },
  );
  try {
    other.library.sync.add(yours, { expectedVersion: 1 });
  } catch (error) {
    twin = error;
  }
  expect(twin).toStrictEqual(conflict);
});
