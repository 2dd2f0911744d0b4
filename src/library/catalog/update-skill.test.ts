import { expect, test } from "vitest";
import { noteDraft, skillDraft } from "../../../test/support/skill-draft.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import { rejection, rejections } from "../../../test/support/thrown.ts";
import type { SkillDraft } from "../../skill/skill.ts";
import { openLibrary } from "../open-library.ts";
import type { ChangeDraft } from "./update-skill.ts";

const increment: ChangeDraft = (draft) => ({
  ...draft,
  instructions: String(Number(draft.instructions) + 1),
});

test("a change is given the skill as it is, and becomes its next version", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add({ ...noteDraft("note", "1"), author: "ada" });
  const seen: unknown[] = [];
  const updated = await library.update(
    "note",
    (draft, skill) => {
      seen.push(draft.instructions, skill.version, Object.isFrozen(draft), skill.metrics.uses);
      return increment(draft, skill);
    },
    { author: "agent-7", message: "count" },
  );
  expect(seen).toStrictEqual(["1", 1, true, 0]);
  expect(updated).toMatchObject({ version: 2, created: true });
  expect(await library.get("note")).toMatchObject({
    version: 2,
    instructions: "2",
    author: "agent-7",
    message: "count",
  });
});

test("a change is made again of what somebody else has just written", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add(noteDraft("note", "1"));
  let calls = 0;
  await library.update("note", async (draft, skill) => {
    calls += 1;
    if (calls <= 2) await library.update("note", increment);
    return { ...(await increment(draft, skill))!, name: `Seen ${skill.version}` };
  });
  expect(calls).toBe(3);
  expect(await library.get("note")).toMatchObject({
    version: 4,
    name: "Seen 3",
    instructions: "4",
  });
});

test("a status set meanwhile is not undone by an update", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add(noteDraft("note", "1"));
  let calls = 0;
  const stopped = library.update("note", async (draft, skill) => {
    calls += 1;
    if (calls === 1) await library.setStatus("note", "quarantined", { reason: "leaks" });
    return increment(draft, skill);
  });
  expect(await rejection(stopped)).toMatchObject({
    code: "INVALID_INPUT",
    details: { status: "quarantined", version: 1 },
  });
  expect(calls).toBe(2);
  expect(await library.get("note")).toMatchObject({ version: 1, status: "quarantined" });
  const lifted = await library.update("note", (draft) => ({
    ...draft,
    instructions: "safe",
    status: "active",
  }));
  expect(lifted).toMatchObject({ version: 2, status: "active" });
});

test("a skill that is a draft stays one", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add({ ...noteDraft("note", "1"), status: "draft" });
  expect(await library.update("note", increment)).toMatchObject({ version: 2, status: "draft" });
  expect(
    await library.update("note", (draft) => ({ ...draft, name: "Done", status: "active" })),
  ).toMatchObject({ version: 3, status: "active" });
});

test("nothing returned, and nothing changed, leave the skill as it is", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  const { contentHash } = await library.add(noteDraft("note", "1"));
  const same = {
    id: "note",
    version: 1,
    revision: 1,
    contentHash,
    status: "active",
    created: false,
    warnings: [],
  };
  expect(await library.update("note", () => undefined)).toMatchObject(same);
  expect(await library.update("note", (draft) => draft)).toMatchObject(same);
  expect((await library.stats()).revision).toBe(1);
});

test("two who write the very same both count", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add(noteDraft("note", "1"));
  const overtaken: ChangeDraft = async (draft, skill) => {
    if (skill.version === 1) await library.update("note", increment);
    return increment(draft, skill);
  };
  expect(await library.update("note", overtaken)).toMatchObject({ version: 3 });
  expect((await library.get("note"))?.instructions).toBe("3");
  const other: ChangeDraft = async (draft, skill) => {
    await library.update("note", increment);
    return increment(draft, skill);
  };
  expect(await rejection(library.update("note", other, { retries: 0 }))).toMatchObject({
    code: "VERSION_CONFLICT",
    expected: 3,
    actual: 4,
    changes: [],
  });
});

test("after all retries the last conflict is thrown, and nothing is written", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add(noteDraft("note", "1"));
  let calls = 0;
  const overtaken = library.update(
    "note",
    async (draft) => {
      calls += 1;
      await library.update("note", increment);
      return { ...draft, name: "Never" };
    },
    { retries: 3 },
  );
  expect(await rejection(overtaken)).toMatchObject({
    code: "VERSION_CONFLICT",
    expected: 4,
    actual: 5,
    changes: [
      { field: "name", change: "yours" },
      { field: "instructions", change: "theirs" },
    ],
  });
  expect(calls).toBe(4);
  expect((await library.get("note"))?.name).toBe(noteDraft("note").name);
});

test("a skill that is not there is added when that is asked for", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  expect(await rejection(library.update("note", increment))).toMatchObject({
    code: "SKILL_NOT_FOUND",
    details: { skillId: "note" },
  });
  const orAdd = noteDraft("note", "1");
  // Both find nothing and add the same, so the slower one raises what the other one added.
  const both = [1, 2].map(() => library.update("note", increment, { orAdd }));
  const versions = (await Promise.all(both)).map(({ version }) => version);
  expect(versions.toSorted((a, b) => a - b)).toStrictEqual([1, 2]);
  expect((await library.get("note"))?.instructions).toBe("2");
});

test("a skill removed for good while it is changed is not found", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add(noteDraft("note", "1"));
  const removed = library.update("note", async (draft, skill) => {
    await library.remove("note");
    return increment(draft, skill);
  });
  expect(await rejection(removed)).toMatchObject({ code: "SKILL_NOT_FOUND" });
});

test("what a change throws, and what add refuses, is thrown at once", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(skillDraft("echo"));
  const failure = new Error("no idea");
  await expect(
    library.update("echo", () => {
      throw failure;
    }),
  ).rejects.toBe(failure);
  const broken: ChangeDraft = (draft) => ({ ...draft, code: "export default () => 0;" });
  expect(await rejection(library.update("echo", broken))).toMatchObject({
    code: "VALIDATION_FAILED",
  });
  expect(await library.update("echo", broken, { validate: false })).toMatchObject({ version: 2 });
});

test("an update under a lease that is over is refused at once, and not tried again", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add(noteDraft("note", "1"));
  let calls = 0;
  const lease = await library.claim("note");
  const refused = library.update(
    "note",
    async (draft, skill) => {
      calls += 1;
      await library.endClaim("note");
      return increment(draft, skill);
    },
    { lease },
  );
  expect(await rejection(refused)).toMatchObject({ code: "LEASE_LOST" });
  expect(calls).toBe(1);
  expect(await library.get("note")).toMatchObject({ version: 1, instructions: "1" });
});

test("options and results that are wrong are refused", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add(noteDraft("note", "1"));
  const other = noteDraft("other");
  const refusals = [
    library.update(1 as unknown as string, increment),
    library.update("note", undefined as unknown as ChangeDraft),
    library.update("note", increment, { retries: -1 }),
    library.update("note", increment, { retries: Number.NaN }),
    library.update("note", increment, { retries: 1.5 }),
    library.update("note", increment, { expectedVersion: 1 } as object),
    library.update("note", increment, { orAdd: other }),
    library.update("note", increment, { orAdd: null as unknown as SkillDraft }),
    library.update("note", () => "text" as unknown as SkillDraft),
    library.update("note", () => other),
  ];
  for (const error of await rejections(refusals))
    expect(error).toMatchObject({ code: "INVALID_INPUT" });
  await expect(
    library.update("note", (draft) => {
      (draft as { name: string }).name = "changed in place";
      return draft;
    }),
  ).rejects.toBeInstanceOf(TypeError);
  expect((await library.stats()).revision).toBe(1);
});

test("an update ends with its signal, and with the library", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add(noteDraft("note", "1"));
  expect(
    await rejection(library.update("note", increment, { signal: AbortSignal.abort() })),
  ).toMatchObject({ code: "CANCELLED" });
  const controller = new AbortController();
  const cancelled = library.update(
    "note",
    async (draft) => {
      await library.update("note", increment);
      controller.abort();
      return { ...draft, name: "Never" };
    },
    { signal: controller.signal },
  );
  expect(await rejection(cancelled)).toMatchObject({ code: "CANCELLED" });
  // A change that never ends keeps nothing from closing.
  let begun = (): void => undefined;
  const started = new Promise<void>((resolve) => {
    begun = resolve;
  });
  let go = (): void => undefined;
  const closed = library.update("note", async (draft, skill) => {
    begun();
    await new Promise<void>((resolve) => {
      go = resolve;
    });
    return increment(draft, skill);
  });
  await started;
  await library.close();
  go();
  expect(await rejection(closed)).toMatchObject({ code: "CLOSED" });
});

test("connections that update one skill at once lose no update", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  await fixture.library.add(noteDraft("note", "0"));
  const options = { path: fixture.path, embedder: false, sandbox: { workers: 1 } } as const;
  await using second = await openLibrary(options);
  await using third = await openLibrary(options);
  const updates = [fixture.library, second, third].flatMap((library) =>
    Array.from({ length: 10 }, () => library.update("note", increment, { retries: 1000 })),
  );
  const versions = (await Promise.all(updates)).map(({ version }) => version);
  expect(versions.toSorted((a, b) => a - b)).toStrictEqual(
    Array.from({ length: 30 }, (_, n) => n + 2),
  );
  expect((await second.get("note"))?.instructions).toBe("30");
});
