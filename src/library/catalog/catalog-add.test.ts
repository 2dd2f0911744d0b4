import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { noteDraft, skillDraft } from "../../../test/support/skill-draft.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import { rejection } from "../../../test/support/thrown.ts";
import { VersionConflictError } from "../../base/errors.ts";

const HASH = /^[0-9a-f]{64}$/;

test("adding a skill returns its version, its revision, its hash and the checks it passed", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const result = await library.add(skillDraft("echo"));
  expect(result).toStrictEqual({
    id: "echo",
    version: 1,
    revision: 1,
    contentHash: expect.stringMatching(HASH),
    status: "active",
    created: true,
    checks: [
      { name: "structure", passed: true, durationMs: 0 },
      { name: "example:0", passed: true, durationMs: expect.any(Number) },
    ],
    warnings: [],
  });
});

test("a draft is read back whole, with every default filled in", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const added = await library.add(
    skillDraft("echo", { author: "agent-7", license: "MIT", metadata: { origin: "test" } }),
    { message: "the first" },
  );
  const none = { uses: 0, successes: 0, failures: {}, lastFailures: [] };
  expect(await library.get("echo")).toStrictEqual({
    id: "echo",
    version: 1,
    revision: 1,
    contentHash: added.contentHash,
    status: "active",
    checks: added.checks,
    author: "agent-7",
    message: "the first",
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    name: "Skill echo",
    description: "Does what echo says",
    category: "general",
    tags: [],
    language: "javascript",
    code: "export default (context) => context;",
    capabilities: { tools: [], skills: [], fetch: [] },
    examples: [{ context: { n: 1 }, result: { n: 1 } }],
    limits: {},
    license: "MIT",
    metadata: { origin: "test" },
    metrics: none,
    versionMetrics: none,
  });
});

test("the author given to add stands before the draft's own", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add({ ...noteDraft("note"), author: "drafter" }, { author: "adder" });
  expect((await library.getVersion("note")).author).toBe("adder");
});

test("without an expected version, and with 0, a skill that exists already is a conflict", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const { contentHash } = await library.add(noteDraft("note", "one"));
  for (const options of [{}, { expectedVersion: 0 }]) {
    const error = await rejection(library.add(noteDraft("note", "two"), options));
    expect(error).toBeInstanceOf(VersionConflictError);
    expect(error).toMatchObject({
      code: "VERSION_CONFLICT",
      skillId: "note",
      expected: 0,
      actual: 1,
      actualHash: contentHash,
      details: { skillId: "note", expected: 0, actual: 1, actualHash: contentHash },
    });
  }
  expect(await library.getVersionHistory("note")).toHaveLength(1);
});

test("a number appends to that version, and to no other", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("note", "one"));
  const second = await library.add(noteDraft("note", "two"), { expectedVersion: 1 });
  expect(second).toMatchObject({ version: 2, revision: 2, created: true });
  expect(
    await rejection(library.add(noteDraft("note", "three"), { expectedVersion: 1 })),
  ).toMatchObject({ expected: 1, actual: 2, actualHash: second.contentHash });
  expect(
    await rejection(library.add(noteDraft("note", "three"), { expectedVersion: 3 })),
  ).toMatchObject({ expected: 3, actual: 2, actualHash: second.contentHash });
});

test("a number for a skill that does not exist is a conflict with version 0 and no hash", async () => {
  await using fixture = await temporaryLibrary();
  const error = await rejection(fixture.library.add(noteDraft("note"), { expectedVersion: 1 }));
  expect(error).toMatchObject({ expected: 1, actual: 0, actualHash: undefined });
});

test('"any" creates what is missing and appends to what is there', async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const first = await library.add(noteDraft("note", "one"), { expectedVersion: "any" });
  const second = await library.add(noteDraft("note", "two"), { expectedVersion: "any" });
  expect([first.version, second.version]).toStrictEqual([1, 2]);
});

test("an expected version that is no version is refused", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  for (const value of [-1, 1.5, "1", null, Number.NaN]) {
    const expectedVersion = value as number;
    expect(await rejection(library.add(noteDraft("note"), { expectedVersion }))).toMatchObject({
      code: "INVALID_INPUT",
      details: { option: "expectedVersion" },
    });
  }
});

test("of writers that expect the same version exactly one wins, and the others know what is there", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, (_, n) => library.add(noteDraft("note", `text ${n}`))),
  );
  const won = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? outcome.value : []));
  expect(won).toMatchObject([{ version: 1, created: true }]);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected")
      expect(outcome.reason).toMatchObject({ actual: 1, actualHash: won[0]?.contentHash });
  }
});

test("content identical to the current version is no conflict, whatever was expected", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const added = await library.add(skillDraft("echo"));
  const again = { ...added, created: false };
  expect(await library.add(skillDraft("echo"))).toStrictEqual(again);
  expect(await library.add(skillDraft("echo"), { expectedVersion: 0 })).toStrictEqual(again);
  expect(await library.add(skillDraft("echo"), { expectedVersion: 1 })).toStrictEqual(again);
  expect(await library.add(skillDraft("echo"), { expectedVersion: 7 })).toStrictEqual(again);
  expect(await library.add(skillDraft("echo"), { expectedVersion: "any" })).toStrictEqual(again);
  expect(await library.add(skillDraft("echo"), { validate: false })).toStrictEqual(again);
  expect(await library.stats()).toMatchObject({ revision: 1, versions: 1 });
});

test("content of an older version is a new version", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("note", "one"));
  await library.add(noteDraft("note", "two"), { expectedVersion: 1 });
  const third = await library.add(noteDraft("note", "one"), { expectedVersion: 2 });
  expect(third).toMatchObject({ version: 3, created: true });
});

test("the same content added at the same moment is stored once", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const results = await Promise.all(
    Array.from({ length: 5 }, () => library.add(noteDraft("note"))),
  );
  expect(results.filter(({ created }) => created)).toHaveLength(1);
  expect(results.every(({ version, revision }) => version === 1 && revision === 1)).toBe(true);
});

test("a draft that says so is stored as a draft and not offered", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  expect(await library.add({ ...noteDraft("note"), status: "draft" })).toMatchObject({
    status: "draft",
    created: true,
  });
  expect((await library.get("note"))?.status).toBe("draft");
  expect((await library.search("note")).matches).toStrictEqual([]);
});

test("adding the content of a stored draft as active changes nothing, and says how to", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const added = await library.add({ ...noteDraft("note"), status: "draft" });
  expect(await library.add(noteDraft("note"))).toStrictEqual({
    ...added,
    created: false,
    warnings: ["its content is that of version 1, which is draft; change that with setStatus"],
  });
  expect((await library.get("note"))?.status).toBe("draft");
});

test("validate: false skips the examples, keeps the structural checks, and warns", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const wrong = skillDraft("wrong", { examples: [{ context: {}, result: "something else" }] });
  expect(await rejection(library.add(wrong))).toMatchObject({ code: "VALIDATION_FAILED" });
  expect(await library.get("wrong")).toBeUndefined();
  expect(await library.add(wrong, { validate: false })).toStrictEqual({
    id: "wrong",
    version: 1,
    revision: 1,
    contentHash: expect.stringMatching(HASH),
    status: "active",
    created: true,
    checks: [],
    warnings: ["its examples were not run: it was added with `validate: false`"],
  });
  const broken = skillDraft("broken", { code: "export default (" });
  expect(await rejection(library.add(broken, { validate: false }))).toMatchObject({
    code: "INVALID_DRAFT",
  });
});

test("warnings name missing examples and declared skills that are not there", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const result = await library.add(
    skillDraft("caller", {
      examples: [],
      capabilities: { skills: ["caller", "absent", "present"] },
    }),
  );
  expect(result.warnings).toStrictEqual([
    "it has no examples, so nothing shows yet that it works",
    'it declares skill "absent", which is not in the library',
    'it declares skill "present", which is not in the library',
  ]);
  await library.add(noteDraft("present"));
  const next = await library.add(skillDraft("other", { capabilities: { skills: ["present"] } }));
  expect(next.warnings).toStrictEqual([]);
});

test("a conflict that is certain is told before the examples have run", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("note"));
  const endless = skillDraft("note", {
    code: "export default () => { for (;;); };",
    examples: [{ context: {} }],
  });
  expect(await rejection(library.add(endless))).toMatchObject({ code: "VERSION_CONFLICT" });
});

test("an aborted signal keeps a draft from being stored", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const reason = new Error("changed my mind");
  const error = await rejection(
    library.add(noteDraft("note"), { signal: AbortSignal.abort(reason) }),
  );
  expect(error).toMatchObject({ code: "CANCELLED", cause: reason });
  expect(await library.get("note")).toBeUndefined();
});

test("a signal that aborts while the examples run ends them, and nothing is stored", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const endless = skillDraft("endless", {
    code: "export default () => { for (;;); };",
    examples: [{ context: {} }],
  });
  const controller = new AbortController();
  const adding = rejection(library.add(endless, { signal: controller.signal }));
  setTimeout(() => controller.abort(), 50);
  expect(await adding).toMatchObject({ code: "CANCELLED" });
  expect(await library.get("endless")).toBeUndefined();
});

test("a signal ends the wait for a process that holds the file, and nothing is stored", async () => {
  await using fixture = await temporaryLibrary();
  const { library, path } = fixture;
  await library.add(noteDraft("first"));
  const other = new DatabaseSync(join(path, "library.sqlite"), { timeout: 0 });
  try {
    other.exec("BEGIN IMMEDIATE");
    const stopping = new AbortController();
    const { signal } = stopping;
    const adding = rejection(library.add(noteDraft("one"), { signal }));
    const addingMany = library.addMany([noteDraft("two"), noteDraft("three")], { signal });
    setTimeout(() => stopping.abort(), 50);
    expect(await adding).toMatchObject({ code: "CANCELLED" });
    expect(await addingMany).toMatchObject([
      { ok: false, error: { code: "CANCELLED" } },
      { ok: false, error: { code: "CANCELLED" } },
    ]);
  } finally {
    // Only now, so that none of them can have waited for it.
    other.close();
  }
  await library.add(noteDraft("last"));
  expect((await library.list()).map(({ id }) => id)).toEqual(["first", "last"]);
});

test("unknown options, and options of the wrong type, are refused by name", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const draft = noteDraft("note");
  for (const [options, option] of [
    [{ expectedversion: 1 }, "expectedversion"],
    [{ author: 7 }, "author"],
    [{ author: "a".repeat(257) }, "author"],
    [{ message: {} }, "message"],
    [{ validate: "no" }, "validate"],
  ] as const) {
    expect(await rejection(library.add(draft, options as object))).toMatchObject({
      code: "INVALID_INPUT",
      details: { option },
    });
  }
  for (const options of [null, "any", 1, []])
    expect(await rejection(library.add(draft, options as object))).toMatchObject({
      code: "INVALID_INPUT",
    });
  expect(await library.get("note")).toBeUndefined();
});
