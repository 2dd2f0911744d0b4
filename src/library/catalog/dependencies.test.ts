import { expect, test } from "vitest";
import { noteDraft } from "../../../test/support/skill-draft.ts";
import { rejection } from "../../../test/support/thrown.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { SkillDraft } from "../../skill/skill.ts";
import type { SearchOptions } from "../retrieval/searcher.ts";

/** A skill that declares that it calls others. */
function calling(id: string, ...skills: string[]): SkillDraft {
  return { ...noteDraft(id), capabilities: { skills } };
}

const OPTIONS = { withDependencies: true, limit: 1 } as const;

test("a match comes with what it calls, callees before callers, and what is missing by name", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.addMany([
    calling("leaf"),
    calling("left", "leaf"),
    calling("right", "leaf", "lost"),
    calling("top", "right", "left", "leaf"),
  ]);
  const { matches } = await library.search("top", OPTIONS);
  expect(matches).toMatchObject([{ id: "top", missingDependencies: ["lost"] }]);
  expect(matches[0]?.dependencies?.map(({ id }) => id)).toEqual(["leaf", "right", "left"]);
  expect(matches[0]?.dependencies?.[0]).toEqual((await library.list({ limit: 1 }))[0]);
  expect(matches[0]).not.toHaveProperty("moreDependencies");
  const plain = await library.search("top", { limit: 1 });
  expect(plain.matches[0]).not.toHaveProperty("dependencies");
  const none = await library.search("leaf", OPTIONS);
  expect(none.matches).toMatchObject([{ id: "leaf", dependencies: [] }]);
});

test("cycles end, and a budget keeps what is called most directly", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.addMany([
    calling("first", "second", "first"),
    calling("second", "third"),
    calling("third", "first", "second"),
  ]);
  async function needs(options: SearchOptions): Promise<unknown> {
    const [match] = (await library.search("first", { limit: 1, ...options })).matches;
    return [match?.dependencies?.map(({ id }) => id), match?.moreDependencies];
  }
  expect(await needs({ withDependencies: true })).toEqual([["third", "second"], undefined]);
  expect(await needs({ withDependencies: { maxSkills: 1 } })).toEqual([["second"], true]);
  const long = Array.from({ length: 600 }, (_, at) => calling(`n${at}`, `n${at + 1}`));
  await library.addMany(long.toReversed());
  const [match] = (await library.search("n0", { limit: 1, withDependencies: { maxSkills: 500 } }))
    .matches;
  expect(match?.dependencies?.at(0)?.id).toBe("n500");
  expect(match?.dependencies?.at(-1)?.id).toBe("n1");
});

test("a cached answer still comes with what is called now", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.addMany([calling("leaf"), calling("top", "leaf")]);
  await library.search("top", OPTIONS);
  await library.setStatus("leaf", "quarantined");
  expect((await library.search("top", OPTIONS)).matches).toMatchObject([
    { dependencies: [{ id: "leaf", status: "quarantined" }] },
  ]);
});

test("a budget that is none is refused", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  for (const withDependencies of [1, "yes", null, { maxSkills: 0 }, { max: 1 }, []] as never[])
    expect(await rejection(fixture.library.search("top", { withDependencies }))).toMatchObject({
      code: "INVALID_INPUT",
    });
});

test("the dependents of a skill are listed, and told before it goes", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.addMany([calling("base"), calling("b", "base"), calling("a", "base")]);
  const dependents = { ids: ["a", "b"], count: 2 };
  expect(await library.dependents("base")).toEqual(dependents);
  expect(await library.dependents("base", { limit: 1 })).toEqual({ ids: ["a"], count: 2 });
  expect(await library.dependents("nobody")).toEqual({ ids: [], count: 0 });
  expect(await library.setStatus("base", "deprecated")).toMatchObject({ dependents });
  expect(await library.setStatus("base", "active")).not.toHaveProperty("dependents");
  expect(await library.remove("base")).toMatchObject({ dependents });
  expect(await library.remove("a")).not.toHaveProperty("dependents");
  expect(await rejection(library.dependents(7 as never))).toMatchObject({ code: "INVALID_INPUT" });
});
