import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { rejection } from "../../../test/support/thrown.ts";
import { skillDraft } from "../../../test/support/skill-draft.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { Clock } from "../../base/clock.ts";
import { NEAR_TIE } from "../../search/fusion.ts";
import { CALLER_LIFT } from "../../search/learned-queries.ts";
import { MAX_OUTCOME_LIFT } from "../../search/outcome.ts";
import type { RunStore } from "../../store/run-store.ts";
import { sqliteRunStore } from "../../store/sqlite/sqlite-run-store.ts";
import { openLibrary } from "../open-library.ts";
import type { SkillMatch } from "./searcher.ts";
import type { SkillLibrary } from "../skill-library.ts";

/** Two skills that fit "convert money" alike, and one that says nothing of it. */
const RATES = skillDraft("exchange_rates", {
  name: "Exchange rates",
  description: "Convert money from one currency into another",
  examples: [],
});
const COINS = skillDraft("coin_counter", {
  name: "Coin counter",
  description: "Convert money into coins and notes",
  examples: [],
});
const POEMS = skillDraft("write_poem", {
  name: "Write a poem",
  description: "Compose verses on a subject",
  code: "export default ({ fails }) => { if (fails) throw new Error('x'); };",
  examples: [],
});

async function match(library: SkillLibrary, query: string, id: string): Promise<SkillMatch> {
  const { matches } = await library.search(query);
  return matches.find((each) => each.id === id)!;
}

async function learnedOf(library: SkillLibrary, query: string, id: string): Promise<number> {
  return (
    (await library.search(query)).matches.find((each) => each.id === id)?.scoreParts.learned ?? 0
  );
}

test("a query that led to a successful run finds the skill better, and so do queries like it", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.addMany([RATES, COINS, POEMS]);
  const query = "how many dollars do i get for my euros";
  const before = await match(library, query, "coin_counter");
  await library.execute("coin_counter");
  const after = await match(library, query, "coin_counter");
  expect(after.scoreParts.learned).toBeCloseTo(CALLER_LIFT);
  expect(after.score).toBeCloseTo(Math.min(1, before.score + CALLER_LIFT));
  expect(
    await learnedOf(library, "how many euros will I get for dollars", "coin_counter"),
  ).toBeGreaterThan(0.05);
  expect(await learnedOf(library, "verses about the sea", "coin_counter")).toBe(0);
  expect(await library.learned.list()).toStrictEqual([
    { query, skillId: "coin_counter", caller: "", count: 1, lastAt: expect.any(String) },
  ]);
  expect((await library.stats()).learning).toStrictEqual({ enabled: true, uses: 1, pending: 0 });
});

test("a run is traced to the same caller's latest search that showed the skill, while that is recent", async () => {
  let now = 0;
  const clock: Clock = { now: () => now, monotonicMs: () => now };
  await using fixture = await temporaryLibrary({ clock });
  const { library } = fixture;
  await library.addMany([RATES, COINS, POEMS]);
  const learned = async (): Promise<string[]> =>
    (await library.learned.list()).map(
      ({ caller, query, skillId }) => `${caller}: ${query} → ${skillId}`,
    );
  await library.search("convert money", { caller: "a" });
  await library.search("Money   INTO coins", { caller: "a" });
  await library.search("write a poem", { caller: "b", limit: 1 });
  await library.execute("coin_counter", {}, { caller: "b" });
  await library.execute("coin_counter");
  expect(await learned()).toStrictEqual([]);
  await library.execute("write_poem", { fails: true }, { caller: "b" });
  await library.execute("missing", {}, { caller: "b" });
  expect(await learned()).toStrictEqual([]);
  await library.execute("coin_counter", {}, { caller: "a" });
  await library.execute("coin_counter", {}, { caller: "a" });
  expect(await learned()).toStrictEqual(["a: money into coins → coin_counter"]);
  now += 11 * 60 * 1000;
  await library.execute("write_poem", {}, { caller: "b" });
  expect(await learned()).toStrictEqual(["a: money into coins → coin_counter"]);
  await library.execute("write_poem", {}, { caller: "b", query: "Some verses" });
  expect(await learned()).toStrictEqual([
    "b: some verses → write_poem",
    "a: money into coins → coin_counter",
  ]);
});

test("what one process learned another one finds by, and what is forgotten is gone from both", async () => {
  await using fixture = await temporaryLibrary();
  const { library, path } = fixture;
  await library.addMany([RATES, COINS]);
  await using other = await openLibrary({ path, sandbox: { workers: 1 } });
  expect(await learnedOf(other, "cash", "coin_counter")).toBe(0);
  await library.execute("coin_counter", {}, { query: "cash", caller: "a" });
  await library.execute("coin_counter", {}, { query: "pennies" });
  await library.learned.list();
  expect(await learnedOf(other, "Cash", "coin_counter")).toBeGreaterThan(0);
  expect(await other.learned.list({ query: "Cash" })).toMatchObject([{ caller: "a" }]);
  expect(await other.learned.list({ caller: "" })).toMatchObject([{ query: "pennies" }]);
  expect(await other.learned.list({ limit: 1 })).toHaveLength(1);
  expect(await other.learned.forget({ query: "CASH" })).toBe(1);
  expect(await learnedOf(library, "cash", "coin_counter")).toBe(0);
  expect(await learnedOf(other, "cash", "coin_counter")).toBe(0);
  expect(await other.learned.forget({})).toBe(1);
  expect(await library.learned.list()).toStrictEqual([]);
});

test("with learning off nothing is recorded, and what was learned has no effect", async () => {
  await using fixture = await temporaryLibrary();
  const { library, path } = fixture;
  await library.addMany([RATES, COINS]);
  await library.execute("coin_counter", {}, { query: "convert money" });
  await library.learned.list();
  await using plain = await openLibrary({ path, sandbox: { workers: 1 }, learning: false });
  await plain.search("money");
  await plain.execute("exchange_rates");
  await plain.execute("exchange_rates", {}, { query: "money" });
  expect(await learnedOf(plain, "convert money", "coin_counter")).toBe(0);
  expect(await plain.learned.list()).toMatchObject([{ query: "convert money" }]);
  expect((await plain.stats()).learning).toStrictEqual({ enabled: false, uses: 0, pending: 0 });
  expect(await plain.learned.forget({ skillId: "coin_counter" })).toBe(1);
});

test("one hostile caller lifts its skill no further than a near-tie, for any query of others", async () => {
  await using fixture = await temporaryLibrary({ durability: "normal" });
  const { library } = fixture;
  await library.addMany([RATES, COINS, POEMS]);
  const query = "convert money from one currency into another";
  const honest = await library.search(query);
  expect(honest.matches[0]!.id).toBe("exchange_rates");
  const before = await match(library, query, "write_poem");
  const asked = [query, "anything", "convert money", "currency"];
  await Promise.all(
    Array.from({ length: 1000 }, (_, n) =>
      library.execute("write_poem", {}, { caller: "mallory", query: `${asked[n % 4]!} ${n % 50}` }),
    ),
  );
  const result = await library.search(query);
  const poem = result.matches.find(({ id }) => id === "write_poem")!;
  expect(poem.scoreParts.learned).toBeGreaterThan(0);
  expect(poem.scoreParts.learned).toBeLessThanOrEqual(CALLER_LIFT);
  expect(poem.scoreParts.outcome).toBeLessThanOrEqual(MAX_OUTCOME_LIFT);
  expect(poem.score - before.score).toBeLessThanOrEqual(NEAR_TIE + MAX_OUTCOME_LIFT + 1e-9);
  expect(result.matches[0]!.id).toBe("exchange_rates");
  expect((await library.learned.list({ limit: 1000 })).length).toBeLessThanOrEqual(64);
});

test("one hostile caller can not undo what several others agree on", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.addMany([RATES, COINS]);
  const query = "convert money";
  for (const caller of ["a", "b", "c", "d"])
    await library.execute("exchange_rates", {}, { caller, query });
  for (let n = 0; n < 100; n++)
    await library.execute("coin_counter", {}, { caller: "mallory", query: `${query} ${n}` });
  const [good, bad] = [
    await match(library, query, "exchange_rates"),
    await match(library, query, "coin_counter"),
  ];
  expect(good.scoreParts.learned).toBeCloseTo(CALLER_LIFT * Math.log2(5));
  expect(bad.scoreParts.learned).toBeLessThanOrEqual(CALLER_LIFT);
});

test("without an embedder queries are compared by their words", async () => {
  await using fixture = await temporaryLibrary({ embedder: false });
  const { library } = fixture;
  await library.addMany([RATES, COINS]);
  await library.execute("coin_counter", {}, { query: "small change for money" });
  expect(await learnedOf(library, "change money", "coin_counter")).toBeGreaterThan(0.05);
  expect(await learnedOf(library, "currency", "coin_counter")).toBe(0);
});

test("many learned queries are embedded beside the searches, and count soon", async () => {
  await using fixture = await temporaryLibrary();
  const { library, path } = fixture;
  await library.addMany([RATES, COINS]);
  for (let n = 0; n < 40; n++)
    await library.execute("coin_counter", {}, { query: `small change number ${n}` });
  await library.learned.list();
  await using other = await openLibrary({ path, sandbox: { workers: 1 } });
  await vi.waitFor(
    async () => {
      expect(await learnedOf(other, "small change", "coin_counter")).toBeGreaterThan(0.05);
    },
    { timeout: 20_000 },
  );
});

test("a store that takes no learned queries costs learning alone, and says so", async () => {
  const directory = mkdtempSync(join(tmpdir(), "repertoire-runs-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const store = await sqliteRunStore({ path: join(directory, "runs.sqlite") });
  let isFull = true;
  const runs: RunStore = {
    ...store,
    recordUses: (uses) => (isFull ? Promise.reject(new Error("no space")) : store.recordUses(uses)),
  };
  await using fixture = await temporaryLibrary({ runs });
  const { library } = fixture;
  await library.addMany([RATES, COINS]);
  await library.execute("coin_counter", {}, { query: "convert money" });
  expect(await learnedOf(library, "convert money", "coin_counter")).toBe(0);
  expect((await library.stats()).learning).toStrictEqual({
    enabled: true,
    uses: 0,
    pending: 1,
    lastError: "no space",
  });
  isFull = false;
  expect(await learnedOf(library, "convert money", "coin_counter")).toBeCloseTo(CALLER_LIFT);
  expect((await library.stats()).learning).toStrictEqual({ enabled: true, uses: 1, pending: 0 });
  await library.close();
  await store.close();
});

test("filters of what was learned are checked", async () => {
  await using fixture = await temporaryLibrary();
  const { learned } = fixture.library;
  for (const filter of [{ skill: "a" }, { query: undefined }, { caller: 7 }, null, "all"])
    expect(await rejection(learned.forget(filter as never))).toMatchObject({
      code: "INVALID_INPUT",
    });
  for (const filter of [null, 5, "all", { skill: "a" }])
    expect(await rejection(learned.list(filter as never))).toMatchObject({
      code: "INVALID_INPUT",
    });
  expect(await rejection(learned.list({ limit: 0 }))).toMatchObject({ code: "INVALID_INPUT" });
  await fixture.library.close();
  expect(await rejection(learned.list())).toMatchObject({ code: "CLOSED" });
});

test("outcomes of the current version decide near-ties, and nothing else", async () => {
  await using fixture = await temporaryLibrary({ learning: false });
  const { library } = fixture;
  const twin = (id: string) =>
    skillDraft(id, {
      name: "Round numbers",
      description: "Round numbers to whole ones",
      code: "export default ({ fails }) => { if (fails) throw new Error('x'); };",
      examples: [],
    });
  await library.addMany([twin("round_a"), twin("round_b"), twin("round_new"), POEMS]);
  const order = async (query: string): Promise<string[]> =>
    (await library.search(query)).matches.map(({ id }) => id);
  expect((await order("round numbers")).slice(0, 3)).toStrictEqual([
    "round_a",
    "round_b",
    "round_new",
  ]);
  await library.executeMany(Array.from({ length: 30 }, () => ({ id: "round_b" })));
  await library.executeMany(
    Array.from({ length: 30 }, () => ({ id: "round_a", context: { fails: true } })),
  );
  await library.executeMany(Array.from({ length: 30 }, () => ({ id: "write_poem" })));
  expect((await order("round numbers")).slice(0, 3)).toStrictEqual([
    "round_b",
    "round_new",
    "round_a",
  ]);
  const [best, unknown, worst] = (await library.search("round numbers")).matches;
  expect(best!.scoreParts.outcome).toBeGreaterThan(0);
  expect(unknown!.scoreParts.outcome).toBe(0);
  expect(worst!.scoreParts.outcome).toBeLessThan(-0.02);
  await library.add(
    { ...twin("round_a"), description: "Round numbers to whole ones." },
    { expectedVersion: 1 },
  );
  expect((await match(library, "round numbers", "round_a")).scoreParts.outcome).toBe(0);
});
