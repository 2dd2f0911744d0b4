import { expect, test } from "vitest";
import { noteDraft, skillDraft } from "../../../test/support/skill-draft.ts";
import { rejection, rejections } from "../../../test/support/thrown.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { SkillLibrary } from "../skill-library.ts";

/** What a reader at some moment gets: version, text and status; nothing when there was no skill. */
async function readAt(
  library: SkillLibrary,
  at: { version?: number; asOf?: number },
): Promise<unknown> {
  const skill = await library.get("note", at);
  return skill === undefined ? undefined : [skill.version, skill.instructions, skill.status];
}

test("a skill that does not exist, or whose id can not be one, is undefined", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  expect(await library.get("absent")).toBeUndefined();
  expect(await library.get("Not An Id")).toBeUndefined();
  await expect(library.get(7 as unknown as string)).rejects.toMatchObject({
    code: "INVALID_INPUT",
    message: "Expected `id` to be a text, got 7",
  });
});

test("a version is read by its number, and one that was never made is undefined", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("note", "one"));
  await library.add(noteDraft("note", "two"), { expectedVersion: 1 });
  expect(await readAt(library, {})).toStrictEqual([2, "two", "active"]);
  expect(await readAt(library, { version: 1 })).toStrictEqual([1, "one", "active"]);
  expect(await readAt(library, { version: 2 })).toStrictEqual([2, "two", "active"]);
  expect(await readAt(library, { version: 3 })).toBeUndefined();
  await library.add(noteDraft("note", "three"), { expectedVersion: 2 });
  expect(await readAt(library, { version: 3 })).toStrictEqual([3, "three", "active"]);
});

test("asOf shows what was current at each revision of a history", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("other")); // 1
  await library.add(noteDraft("note", "one")); // 2
  await library.setStatus("note", "deprecated", { reason: "old", replacement: "other" }); // 3
  await library.add(noteDraft("note", "two"), { expectedVersion: 1 }); // 4
  await library.remove("note"); // 5
  await library.add(noteDraft("note", "three")); // 6
  await library.rollback("note", 1); // 7
  const seen = [];
  for (let asOf = 0; asOf <= 7; asOf++) seen.push(await readAt(library, { asOf }));
  expect(seen).toStrictEqual([
    undefined,
    undefined,
    [1, "one", "active"],
    [1, "one", "deprecated"],
    [2, "two", "active"],
    undefined,
    [3, "three", "active"],
    [4, "one", "active"],
  ]);
  // What is still to come could turn out to be anything.
  expect(await rejection(library.get("note", { asOf: 8 }))).toMatchObject({
    code: "INVALID_INPUT",
    details: { option: "asOf", revision: 8, newest: 7 },
  });
  expect(await library.get("note", { asOf: 3 })).toMatchObject({
    statusReason: "old",
    replacement: "other",
  });
  expect(await readAt(library, { version: 1, asOf: 2 })).toStrictEqual([1, "one", "active"]);
  expect(await readAt(library, { version: 1, asOf: 7 })).toStrictEqual([1, "one", "deprecated"]);
});

test("useCache: false reads the store anew, and finds the same", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(skillDraft("echo"));
  const cached = await library.get("echo");
  const { loads, hits } = library.cache.stats;
  const fresh = await library.get("echo", { useCache: false });
  expect(fresh).toStrictEqual(cached);
  expect(fresh).not.toBe(cached);
  expect(library.cache.stats).toMatchObject({ loads, hits });
});

test("nothing a caller is given can be changed, at any depth", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(skillDraft("echo", { tags: ["one"], metadata: { deep: { er: [1] } } }));
  await library.execute("echo", {});
  for (const options of [{}, { useCache: false }, { version: 1 }, { asOf: 1 }]) {
    const skill = (await library.get("echo", options))!;
    for (const part of [
      skill,
      skill.tags,
      skill.metadata["deep"],
      (skill.metadata["deep"] as { er: object }).er,
      skill.examples,
      skill.examples[0],
      skill.checks,
      skill.capabilities.tools,
      skill.metrics,
      skill.metrics.failures,
      skill.metrics.lastFailures,
      skill.versionMetrics,
    ])
      expect(() => Object.assign(part as object, { added: 1 })).toThrow(TypeError);
  }
});

test("what other reads return does not reach into what later ones return", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(skillDraft("echo", { tags: ["one"] }));
  const reads = {
    list: () => library.list(),
    search: () => library.search("echo"),
    version: () => library.getVersion("echo"),
    history: () => library.getVersionHistory("echo"),
  };
  for (const read of Object.values(reads)) {
    const before = JSON.stringify(await read());
    spoil(await read());
    expect(JSON.stringify(await read())).toBe(before);
  }
});

/** Empties everything that can be, however deep. */
function spoil(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const member of Object.values(value)) spoil(member);
  for (const key of Object.keys(value)) Reflect.deleteProperty(value, key);
}

test("an id with a version behind it is no id, and reading it spoils nothing", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(skillDraft("echo"));
  expect((await library.execute("echo@1")).status).toBe("not-found");
  expect((await library.get("echo", { version: 1 }))?.version).toBe(1);
  expect((await library.execute("echo@1")).status).toBe("not-found");
  expect(await rejection(library.getVersion("echo@1"))).toMatchObject({ code: "SKILL_NOT_FOUND" });
});

test("the record of a version and of a history is whole and free of metrics", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(skillDraft("echo"));
  await library.add(skillDraft("echo", { description: "Says it again" }), { expectedVersion: 1 });
  await library.setStatus("echo", "deprecated", { reason: "dull" });
  const { metrics: _, versionMetrics: __, ...second } = (await library.get("echo"))!;
  const {
    metrics: ___,
    versionMetrics: ____,
    ...first
  } = (await library.get("echo", {
    version: 1,
  }))!;
  expect(await library.getVersion("echo")).toStrictEqual(second);
  expect(await library.getVersionHistory("echo")).toStrictEqual([first, second]);
  expect(second).toMatchObject({ version: 2, status: "deprecated", statusReason: "dull" });
});

test("the version and the history of what never was are not found", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  for (const read of [
    () => library.getVersion("absent"),
    () => library.getVersionHistory("absent"),
    () => library.diff("absent", 1, 2),
  ])
    expect(await rejection(read())).toMatchObject({
      code: "SKILL_NOT_FOUND",
      details: { skillId: "absent" },
    });
});

test("a diff names the fields that changed, with both sides", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(skillDraft("echo", { tags: ["a"] }));
  await library.add(skillDraft("echo", { tags: ["a", "b"], license: "MIT" }), {
    expectedVersion: 1,
  });
  expect(await library.diff("echo", 1, 2)).toStrictEqual([
    { field: "tags", from: ["a"], to: ["a", "b"] },
    { field: "license", to: "MIT" },
  ]);
  expect(await library.diff("echo", 2, 1)).toStrictEqual([
    { field: "tags", from: ["a", "b"], to: ["a"] },
    { field: "license", from: "MIT" },
  ]);
  expect(await library.diff("echo", 2, 2)).toStrictEqual([]);
  expect(await rejection(library.diff("echo", 1, 3))).toMatchObject({ code: "SKILL_NOT_FOUND" });
});

test("a list has the summaries in order of id, narrowed by category, tags and status", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add({ ...noteDraft("c"), category: "text", tags: ["x", "y"] });
  await library.add({ ...noteDraft("a"), category: "text", tags: ["x"] });
  await library.add(skillDraft("b", { tags: ["y"] }));
  await library.setStatus("b", "quarantined");
  const ids = async (options: Parameters<SkillLibrary["list"]>[0]): Promise<string[]> =>
    (await library.list(options)).map(({ id }) => id);
  expect(await ids({})).toStrictEqual(["a", "b", "c"]);
  expect(await ids({ category: "text" })).toStrictEqual(["a", "c"]);
  expect(await ids({ tags: ["x"] })).toStrictEqual(["a", "c"]);
  expect(await ids({ tags: ["x", "y"] })).toStrictEqual(["c"]);
  expect(await ids({ tags: [] })).toStrictEqual(["a", "b", "c"]);
  expect(await ids({ status: "quarantined" })).toStrictEqual(["b"]);
  expect(await ids({ status: "active", category: "general" })).toStrictEqual([]);
  expect((await library.list({ status: "quarantined" }))[0]).toStrictEqual({
    id: "b",
    version: 1,
    name: "Skill b",
    description: "Does what b says",
    category: "general",
    tags: ["y"],
    status: "quarantined",
    executable: true,
    updatedAt: (await library.getVersion("b")).createdAt,
  });
});

test("pages follow one another without gap or repetition, 100 to a page unless asked otherwise", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const ids = Array.from({ length: 130 }, (_, n) => `note-${String(n).padStart(3, "0")}`);
  await library.addMany(ids.toReversed().map((id) => noteDraft(id)));
  expect(await library.list()).toHaveLength(100);
  const seen: string[] = [];
  for (;;) {
    const after = seen.at(-1);
    const page = await library.list({ limit: 40, ...(after === undefined ? {} : { after }) });
    seen.push(...page.map(({ id }) => id));
    if (page.length < 40) break;
  }
  expect(seen).toStrictEqual(ids);
  expect(await library.list({ after: "note-129" })).toStrictEqual([]);
});

test("options that a read does not know, or of the wrong type, are refused by name", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const refusals: readonly [Promise<unknown>, string][] = [
    [library.get("a", { at: 1 } as object), "at"],
    [library.get("a", { version: 0 }), "version"],
    [library.get("a", { version: 1.5 }), "version"],
    [library.get("a", { asOf: -1 }), "asOf"],
    [library.get("a", { useCache: 0 as unknown as boolean }), "useCache"],
    [library.list({ tag: "x" } as object), "tag"],
    [library.list({ tags: "x" as unknown as string[] }), "tags"],
    [library.list({ tags: [1] as unknown as string[] }), "tags"],
    [library.list({ category: 1 as unknown as string }), "category"],
    [library.list({ after: 1 as unknown as string }), "after"],
    [library.list({ status: "open" as "active" }), "status"],
    [library.list({ limit: 0 }), "limit"],
    [library.list({ limit: 1001 }), "limit"],
    [library.diff("a", 0, 1), "version"],
  ];
  const errors = await rejections(refusals.map(([read]) => read));
  for (const [index, [, option]] of refusals.entries())
    expect(errors[index]).toMatchObject({ code: "INVALID_INPUT", details: { option } });
});

test("an aborted signal rejects a read, also one that the cache could answer", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("note"));
  await library.get("note");
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  expect(await rejection(library.get("note", { signal }))).toMatchObject({
    code: "CANCELLED",
    cause: reason,
  });
});
