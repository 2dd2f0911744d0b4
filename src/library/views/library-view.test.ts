import { expect, test } from "vitest";
import { noteDraft, skillDraft } from "../../../test/support/skill-draft.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import { rejection, rejections } from "../../../test/support/thrown.ts";
import type { SkillDraft } from "../../skill/skill.ts";

function constant(id: string, value: number, fields: Partial<SkillDraft> = {}): SkillDraft {
  return skillDraft(id, { code: `export default () => ${value};`, examples: [], ...fields });
}

const CALLER = constant("caller", 0, {
  code: "export default async (context, host) => ['called', await host.skill('called', {})];",
  capabilities: { skills: ["called"] },
});

test("what a view runs, and what that calls, is of its revision", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add(constant("called", 1));
  await library.add(CALLER);
  const view = await library.at();
  await library.add(constant("called", 2), { expectedVersion: 1 });
  await library.add({ ...CALLER, code: "export default () => 'new';" }, { expectedVersion: 1 });
  await library.remove("caller");
  await library.add(constant("later", 3));

  const run = await view.execute("caller");
  expect([run.unwrap(), run.version]).toStrictEqual([["called", 1], 1]);
  expect((await view.execute("later")).status).toBe("not-found");
  const many = await view.executeMany([{ id: "called" }, { id: "called", version: 1 }]);
  expect(many.map(({ value }) => value)).toStrictEqual([1, 1]);
  expect((await view.executeMany([{ id: "called", version: 2 }]))[0]?.status).toBe("not-found");
  expect(await view.compose(["caller", "called"])).toMatchObject({
    status: "ok",
    steps: [
      { skillId: "caller", version: 1 },
      { skillId: "called", version: 1, value: 1 },
    ],
  });
  expect(await rejection(view.compose(["later"]))).toMatchObject({ code: "SKILL_NOT_FOUND" });
  // What it ran is recorded, and is evidence for the skill.
  expect((await view.get("called"))?.metrics.uses).toBe(5);
  expect((await library.execute("called")).value).toBe(2);
});

test("a version that was quarantined since is not run, except by its number", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add(constant("called", 1));
  await library.add(CALLER);
  const view = await library.at();
  await library.setStatus("called", "quarantined", { reason: "leaks" });
  await expect(view.execute("called")).rejects.toMatchObject({
    code: "NOT_EXECUTABLE",
    message:
      'Skill "called" can not be run: it is quarantined (leaks); name version 1 to run it all the same',
  });
  await expect(view.compose(["called"])).rejects.toMatchObject({ code: "NOT_EXECUTABLE" });
  expect(await view.execute("caller")).toMatchObject({
    status: "error",
    error: { message: expect.stringContaining("it is quarantined") },
  });
  expect((await view.execute("called", {}, { version: 1 })).value).toBe(1);
  // It reads as it was all the same.
  expect((await view.get("called"))?.status).toBe("active");
  // A newer version that is not quarantined changes nothing for the one of then.
  await library.add(constant("called", 2), { expectedVersion: 1 });
  expect((await rejection(view.execute("called"))).code).toBe("NOT_EXECUTABLE");
  // And what was deprecated since runs as it did, without a warning.
  const next = await library.at();
  await library.setStatus("called", "deprecated");
  const run = await next.execute("called");
  expect([run.value, run.warnings]).toStrictEqual([2, undefined]);
});

test("versions, history and differences are those there were", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add(noteDraft("note", "one"));
  await library.add(noteDraft("note", "two"), { expectedVersion: 1 });
  const view = await library.at();
  const [version, history] = [await view.getVersion("note"), await view.getVersionHistory("note")];
  await library.setStatus("note", "deprecated", { reason: "old" });
  await library.add(noteDraft("note", "three"), { expectedVersion: 2 });
  await library.remove("note");
  expect(await view.getVersion("note")).toStrictEqual(version);
  expect(await view.getVersionHistory("note")).toStrictEqual(history);
  expect(history.map(({ status }) => status)).toStrictEqual(["active", "active"]);
  expect(await view.diff("note", 1, 2)).toStrictEqual([
    { field: "instructions", from: "one", to: "two" },
  ]);
  const [now, before] = [await library.at(), await library.at(0)];
  for (const error of await rejections([
    view.diff("note", 1, 3),
    view.getVersion("other"),
    view.getVersionHistory("other"),
    now.getVersion("note"),
    before.getVersionHistory("note"),
  ]))
    expect(error.code).toBe("SKILL_NOT_FOUND");
});

const TOOLS = [
  ["slugify", "Turn a title into a URL slug", "Lower case, words joined by hyphens"],
  ["parse_csv", "Parse CSV", "Read rows of comma separated values from a text"],
  ["send_mail", "Send e-mail", "Deliver a message to an address"],
  ["resize_image", "Resize a picture", "Scale an image to a width and a height"],
] as const;

function toolDrafts(): readonly SkillDraft[] {
  return TOOLS.map(([id, name, description]) => ({ ...noteDraft(id), name, description }));
}

test("while nothing has changed, a view finds what the library finds", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.addMany(toolDrafts());
  const view = await library.at();
  for (const query of ["make a link from a headline", "csv", "an image of 20 pixels"])
    expect(await view.search(query)).toStrictEqual(await library.search(query));
});

test("a search finds what was removed or rewritten since, as it was, and nothing newer", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.addMany(toolDrafts());
  const view = await library.at();
  const before = await view.search("send a letter to an e-mail address");
  await library.remove("send_mail");
  await library.add(
    { ...noteDraft("slugify"), name: "Send e-mail", description: "Deliver mail to an address" },
    { expectedVersion: 1 },
  );
  await library.add({ ...noteDraft("post"), name: "Send e-mail by post", description: "Mail" });
  await library.setStatus("parse_csv", "deprecated");
  const after = await view.search("send a letter to an e-mail address");
  expect(after).toMatchObject({ mode: "hybrid", revision: view.revision, confident: true });
  expect(after.matches.map(({ id }) => id)).toStrictEqual(before.matches.map(({ id }) => id));
  expect(after.matches[0]).toMatchObject({
    id: "send_mail",
    version: 1,
    status: "active",
    name: "Send e-mail",
  });
  const [first, formerly] = [after.matches[0]!, before.matches[0]!];
  expect(Math.abs(first.scoreParts.vector - formerly.scoreParts.vector)).toBeLessThan(0.02);
  expect(Math.abs(first.score - formerly.score)).toBeLessThan(0.1);
  expect((await view.search("title to URL slug")).matches[0]).toMatchObject({
    id: "slugify",
    version: 1,
    name: "Turn a title into a URL slug",
  });
  expect((await view.search("comma separated rows")).matches[0]?.id).toBe("parse_csv");
  expect((await view.search("x", { status: "deprecated" })).matches).toStrictEqual([]);
  // The library itself is where it is.
  expect((await library.search("e-mail")).matches.map(({ id }) => id)).not.toContain("send_mail");
});

test("matches come with the skills they called, and pass filters on evidence", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add(constant("called", 1));
  await library.add(CALLER);
  await library.execute("called");
  const view = await library.at();
  await library.remove("called");
  const [match] = (await view.search("caller", { withDependencies: true })).matches;
  expect(match).toMatchObject({ id: "caller", dependencies: [{ id: "called", version: 1 }] });
  expect(match?.missingDependencies).toBeUndefined();
  const reliable = await view.search("skill does what it says called", { minSuccessRate: 1 });
  expect(reliable.matches.map(({ id }) => id)).toStrictEqual(["called"]);
  expect((await view.list({ orderBy: "uses" })).map(({ id, uses }) => [id, uses])).toStrictEqual([
    ["called", 1],
    ["caller", 0],
  ]);
});

test("a revision that is none, or still to come, is refused", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add(noteDraft("note"));
  expect((await library.at()).revision).toBe(1);
  expect((await library.at(1)).revision).toBe(1);
  for (const wrong of [2, -1, Number.NaN, 0.5, Number.POSITIVE_INFINITY, "1", null])
    expect(await rejection(library.at(wrong as number))).toMatchObject({
      code: "INVALID_INPUT",
      details: { option: "revision" },
    });
  const empty = await library.at(0);
  expect(await empty.list()).toStrictEqual([]);
  expect(await empty.get("note")).toBeUndefined();
  expect((await empty.search("note")).matches).toStrictEqual([]);
  expect((await empty.execute("note")).status).toBe("not-found");
});

test("a view reads only, and says so of options of its own", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  const view = await library.at();
  for (const write of ["add", "addMany", "update", "rollback", "setStatus", "remove"])
    expect(write in view).toBe(false);
  for (const error of await rejections([
    view.get("note", { asOf: 0 } as object),
    view.get("note", { version: 0 }),
    view.list({ limit: 0 }),
    view.list({ order: "id" } as object),
    view.search(""),
    view.search("x", { asOf: 0 } as object),
  ]))
    expect(error.code).toBe("INVALID_INPUT");
  await library.close();
  const late = [view.get("note"), view.list(), view.search("x"), view.execute("note")];
  for (const error of await rejections(late)) expect(error.code).toBe("CLOSED");
});

test("a view from which too much has changed says so, and still reads by id", async () => {
  await using fixture = await temporaryLibrary({ embedder: false, limits: { viewChanges: 3 } });
  const { library } = fixture;
  await library.add(noteDraft("note"));
  const view = await library.at();
  await library.addMany(["a", "b", "c"].map((id) => noteDraft(id)));
  expect((await view.list()).map(({ id }) => id)).toStrictEqual(["note"]);
  await library.add(noteDraft("note", "two"), { expectedVersion: 1 });
  for (const error of await rejections([view.list(), view.search("note")]))
    expect(error).toMatchObject({
      code: "LIMIT_EXCEEDED",
      details: { limit: "viewChanges", max: 3, revision: 1 },
    });
  expect((await view.get("note"))?.instructions).toBe("one");
  expect((await (await library.at()).list()).length).toBe(4);
});
