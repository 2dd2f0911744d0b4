import { expect, test } from "vitest";
import { noteDraft, skillDraft } from "../../../test/support/skill-draft.ts";
import { rejection } from "../../../test/support/thrown.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { ListOptions, ListOrder } from "./catalog-options.ts";
import type { SkillLibrary } from "../skill-library.ts";

const IDLE = { examples: [], description: "Gives its context" };

/** Ids of a list read a few at a time, and something done between the pages. */
async function paged(
  library: SkillLibrary,
  options: ListOptions & { readonly orderBy: ListOrder },
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await library.list({ limit: 2, ...options, ...(after ? { after } : {}) });
    ids.push(...page.map(({ id }) => id));
    const last = page.at(-1);
    if (last === undefined) return ids;
    after = last.cursor ?? last.id;
    await between();
  }
}

/** Four skills that were run and two that never were. */
async function usedLibrary(): Promise<Awaited<ReturnType<typeof temporaryLibrary>>> {
  const fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  const fails =
    "export default (context) => { if (context.fail) throw new Error('no'); return 1; }";
  const ids = ["good", "often", "poor", "once"];
  await library.addMany([
    ...ids.map((id) =>
      skillDraft(id, { ...IDLE, name: id.toUpperCase(), code: fails, tags: ["run"] }),
    ),
    noteDraft("a_note"),
    { ...noteDraft("z_note"), tags: ["run"] },
  ]);
  const runs = { good: [0, 0, 0], often: [0, 0, 0, 0, 1], poor: [1, 1, 0], once: [0] };
  for (const [id, outcomes] of Object.entries(runs))
    for (const fail of outcomes) await library.execute(id, { fail: fail === 1 });
  return fixture;
}

test("lists by evidence are best first, skills without any last, and each page goes on", async () => {
  await using fixture = await usedLibrary();
  const { library } = fixture;
  const byUses = ["often", "good", "poor", "once", "a_note", "z_note"];
  const bySuccess = ["good", "once", "often", "poor", "a_note", "z_note"];
  expect(await paged(library, { orderBy: "uses" })).toEqual(byUses);
  expect(await paged(library, { orderBy: "uses", limit: 1 })).toEqual(byUses);
  expect(await paged(library, { orderBy: "uses", limit: 9 })).toEqual(byUses);
  expect(await paged(library, { orderBy: "success" })).toEqual(bySuccess);
  const filter = { tags: ["run"], status: "active" } as const;
  const filtered = ["good", "once", "often", "poor", "z_note"];
  expect(await paged(library, { orderBy: "success", ...filter })).toEqual(filtered);
  const [first] = await library.list({ orderBy: "success", limit: 1 });
  const { cursor: _, ...shown } = first!;
  const [plain] = await library.list({ tags: ["run"], limit: 1 });
  expect(shown).toEqual({ ...plain, uses: 3, successRate: 1 });
});

test("a list goes on from its place although the skill there is gone or was used since", async () => {
  await using fixture = await usedLibrary();
  const { library } = fixture;
  const [, second] = await library.list({ orderBy: "uses", limit: 2 });
  await library.remove(second!.id);
  const rest = await library.list({ orderBy: "uses", after: second!.cursor! });
  expect(rest.map(({ id }) => id)).toEqual(["poor", "once", "a_note", "z_note"]);
  let runs = 0;
  const ids = await paged(library, { orderBy: "uses" }, async () => {
    runs += 1;
    await library.execute("often", {});
  });
  expect(runs).toBeGreaterThan(1);
  expect(ids).toEqual(["often", "poor", "once", "a_note", "z_note"]);
});

test("lists by name and by time have places too", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  const named = (id: string, name: string) => library.add({ ...noteDraft(id), name });
  await named("a", "zebra");
  await named("b", "Apple");
  await named("c", "apple pie 🥧");
  expect(await paged(library, { orderBy: "name" })).toEqual(["b", "c", "a"]);
  const recent = await paged(library, { orderBy: "recent", limit: 1 });
  expect(recent.toSorted()).toEqual(["a", "b", "c"]);
  expect(await paged(library, { orderBy: "id" })).toEqual(["a", "b", "c"]);
  expect((await library.list({ orderBy: "id" }))[0]).not.toHaveProperty("cursor");
});

test("what is no cursor of the order is refused", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.add(noteDraft("one"));
  const [{ cursor } = {}] = await library.list({ orderBy: "name" });
  const forged = (value: unknown): string =>
    `~${Buffer.from(JSON.stringify(value)).toString("base64url")}`;
  const wrong: readonly (readonly [ListOrder, unknown])[] = [
    ["recent", cursor],
    ["name", "one"],
    ["name", ""],
    ["name", "~"],
    ["name", "~!!"],
    ["name", 7],
    ["name", "x".repeat(5000)],
    ["name", forged(["name", "one", 1])],
    ["uses", forged(["uses", "one", ["1"]])],
    ["uses", forged(["uses", "one", [1, 2]])],
    ["success", forged(["success", "../one", [1, 1]])],
    ["success", forged({ length: 3 })],
    ["size" as ListOrder, undefined],
  ];
  for (const [orderBy, after] of wrong) {
    const options = { orderBy, ...(after === undefined ? {} : { after: after as string }) };
    expect(await rejection(library.list(options))).toMatchObject({ code: "INVALID_INPUT" });
  }
});

test("facets count what there is, all of it or what passes a filter", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.addMany([
    { ...noteDraft("a"), category: "web", tags: ["x"] },
    { ...noteDraft("b"), category: "web", tags: ["x", "y"], status: "draft" },
    noteDraft("c"),
  ]);
  expect(await library.facets()).toEqual({
    skills: 3,
    categories: [
      { value: "web", count: 2 },
      { value: "general", count: 1 },
    ],
    tags: [
      { value: "x", count: 2 },
      { value: "y", count: 1 },
    ],
    statuses: [
      { value: "active", count: 2 },
      { value: "draft", count: 1 },
    ],
    totals: { categories: 2, tags: 2 },
  });
  expect(await library.facets({ status: "draft", tags: ["x"], limit: 1 })).toMatchObject({
    skills: 1,
    tags: [{ value: "x", count: 1 }],
    totals: { tags: 2 },
  });
  for (const options of [{ limit: 0 }, { limit: -1 }, { status: "none" }, { tags: "x" }, { by: 1 }])
    expect(await rejection(library.facets(options as never))).toMatchObject({
      code: "INVALID_INPUT",
    });
});
