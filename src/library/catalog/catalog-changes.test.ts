import { expect, test } from "vitest";
import { noteDraft, skillDraft } from "../../../test/support/skill-draft.ts";
import { rejection, rejections } from "../../../test/support/thrown.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import { VersionConflictError } from "../../base/errors.ts";

test("a rollback appends the old content with its checks, and rewrites no history", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const first = await library.add(skillDraft("echo", { author: "agent-1" }));
  await library.add(skillDraft("echo", { code: "export default () => 2;", examples: [] }), {
    expectedVersion: 1,
  });
  const before = await library.getVersionHistory("echo");
  expect(await library.rollback("echo", 1)).toStrictEqual({
    id: "echo",
    version: 3,
    revision: 3,
    contentHash: first.contentHash,
    status: "active",
    created: true,
    checks: first.checks,
    warnings: [],
  });
  const after = await library.getVersionHistory("echo");
  expect(after.slice(0, 2)).toStrictEqual(before);
  const { author: _, ...content } = before[0]!;
  expect(after[2]).toStrictEqual({
    ...content,
    version: 3,
    revision: 3,
    message: "Roll back to version 1",
    createdAt: after[2]?.createdAt,
  });
  expect((await library.execute("echo", { n: 4 })).unwrap()).toStrictEqual({ n: 4 });
});

test("a rollback takes an author and a message", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("note", "one"));
  await library.add(noteDraft("note", "two"), { expectedVersion: 1 });
  await library.rollback("note", 1, { author: "me", message: "two was wrong" });
  expect(await library.getVersion("note")).toMatchObject({
    version: 3,
    author: "me",
    message: "two was wrong",
    instructions: "one",
  });
});

test("a rollback that expects another version than the current one is a conflict", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("note", "one"));
  const second = await library.add(noteDraft("note", "two"), { expectedVersion: 1 });
  const error = await rejection(library.rollback("note", 1, { expectedVersion: 1 }));
  expect(error).toBeInstanceOf(VersionConflictError);
  expect(error).toMatchObject({ expected: 1, actual: 2, actualHash: second.contentHash });
  expect(await rejection(library.rollback("note", 1, { expectedVersion: 0 }))).toMatchObject({
    expected: 0,
    actual: 2,
  });
  expect((await library.rollback("note", 1, { expectedVersion: 2 })).version).toBe(3);
});

test("a quarantined version can not be rolled back to", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("note", "one"));
  await library.setStatus("note", "quarantined");
  await library.add(noteDraft("note", "two"), { expectedVersion: 1 });
  expect(await rejection(library.rollback("note", 1))).toMatchObject({
    code: "INVALID_INPUT",
    details: { skillId: "note", version: 1, status: "quarantined" },
  });
  expect((await library.getVersion("note")).version).toBe(2);
});

test("a rollback to what never was is not found", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("note"));
  expect(await rejection(library.rollback("note", 2))).toMatchObject({
    code: "SKILL_NOT_FOUND",
    details: { skillId: "note", version: 2 },
  });
  expect(await rejection(library.rollback("absent", 1))).toMatchObject({
    code: "SKILL_NOT_FOUND",
  });
});

test("a rollback to the content that is current changes nothing and says so", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const added = await library.add(noteDraft("note"));
  expect(await library.rollback("note", 1)).toStrictEqual({
    ...added,
    created: false,
    warnings: ["version 1 has the content of the current version"],
  });
  expect((await library.stats()).revision).toBe(1);
});

test("a rollback brings a removed skill back", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("note"));
  await library.remove("note");
  expect(await library.rollback("note", 1)).toMatchObject({ version: 2, created: true });
  expect((await library.get("note"))?.version).toBe(2);
});

test("a status is set with its reason and its replacement, without a new version", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("note"));
  const { contentHash } = await library.getVersion("note");
  expect(
    await library.setStatus("note", "deprecated", { reason: "dull", replacement: "better/note" }),
  ).toStrictEqual({ id: "note", version: 1, revision: 2, status: "deprecated" });
  expect(await library.getVersion("note")).toMatchObject({
    version: 1,
    contentHash,
    status: "deprecated",
    statusReason: "dull",
    replacement: "better/note",
  });
  await library.setStatus("note", "active");
  const active = await library.getVersion("note");
  expect(active.status).toBe("active");
  expect(active).not.toHaveProperty("statusReason");
  expect(active).not.toHaveProperty("replacement");
});

test("a status that expects another version is a conflict, and nothing is changed", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  const { contentHash } = await library.add(noteDraft("note"));
  expect(
    await rejection(library.setStatus("note", "failed", { expectedVersion: 2 })),
  ).toMatchObject({
    code: "VERSION_CONFLICT",
    expected: 2,
    actual: 1,
    actualHash: contentHash,
  });
  expect((await library.getVersion("note")).status).toBe("active");
  expect(await library.setStatus("note", "failed", { expectedVersion: 1 })).toMatchObject({
    status: "failed",
  });
});

test("a removed skill is gone from reads, and its history stays", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(skillDraft("echo"));
  const before = await library.getVersionHistory("echo");
  expect(await library.remove("echo")).toStrictEqual({ id: "echo", version: 1, revision: 2 });
  expect(await library.get("echo")).toBeUndefined();
  expect(await library.list()).toStrictEqual([]);
  expect((await library.search("echo")).matches).toStrictEqual([]);
  expect((await library.execute("echo")).status).toBe("not-found");
  expect(await rejection(library.getVersion("echo"))).toMatchObject({ code: "SKILL_NOT_FOUND" });
  expect(await rejection(library.remove("echo"))).toMatchObject({ code: "SKILL_NOT_FOUND" });
  expect(await library.getVersionHistory("echo")).toStrictEqual(before);
  expect((await library.get("echo", { version: 1 }))?.version).toBe(1);
});

test("the id of a removed skill is free again, and its count goes on", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("note", "one"));
  await library.remove("note");
  expect(
    await rejection(library.add(noteDraft("note", "one"), { expectedVersion: 1 })),
  ).toMatchObject({ expected: 1, actual: 0 });
  // The same content is a new version: the skill it would be identical to is gone.
  expect(await library.add(noteDraft("note", "one"))).toMatchObject({
    version: 2,
    revision: 3,
    created: true,
  });
  expect((await library.getVersionHistory("note")).map(({ version }) => version)).toStrictEqual([
    1, 2,
  ]);
});

test("a removal that expects another version is a conflict", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("note"));
  expect(await rejection(library.remove("note", { expectedVersion: 2 }))).toMatchObject({
    code: "VERSION_CONFLICT",
    expected: 2,
    actual: 1,
  });
  expect(await library.remove("note", { expectedVersion: 1 })).toMatchObject({ version: 1 });
});

test("changing what is not there is not found", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  expect(await rejection(library.setStatus("absent", "active"))).toMatchObject({
    code: "SKILL_NOT_FOUND",
  });
  expect(await rejection(library.remove("absent"))).toMatchObject({ code: "SKILL_NOT_FOUND" });
});

test("options that a change does not know, or of the wrong type, are refused", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("note"));
  const text = (value: unknown): string => value as string;
  const refusals = [
    library.rollback("note", undefined as unknown as number),
    library.rollback("note", 0),
    library.rollback("note", 1, { reason: "x" } as object),
    library.rollback("note", 1, { author: text(1) }),
    library.rollback("note", 1, { expectedVersion: -1 }),
    library.setStatus("note", "open" as "active"),
    library.setStatus("note", undefined as unknown as "active"),
    library.setStatus("note", "failed", { message: "x" } as object),
    library.setStatus("note", "failed", { reason: text({}) }),
    library.setStatus("note", "failed", { replacement: "Not An Id" }),
    library.remove("note", { reason: "x" } as object),
    library.remove("note", { expectedVersion: "1" as "any" }),
  ];
  for (const error of await rejections(refusals))
    expect(error).toMatchObject({ code: "INVALID_INPUT" });
  expect(await library.stats()).toMatchObject({ revision: 1 });
});
