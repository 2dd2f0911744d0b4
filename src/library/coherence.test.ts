import { expect, test } from "vitest";
import { noteDraft, skillDraft } from "../../test/support/skill-draft.ts";
import { temporaryLibrary } from "../../test/support/temporary-library.ts";
import { VersionConflictError } from "../base/errors.ts";
import type { Skill } from "../skill/skill.ts";
import { openLibrary } from "./open-library.ts";
import type { SkillLibrary } from "./skill-library.ts";

async function idsFound(library: SkillLibrary, query: string): Promise<string[]> {
  return (await library.search(query)).matches.map(({ id }) => id);
}

const CONSTANT = (value: number) =>
  skillDraft("constant", { code: `export default () => ${value};`, examples: [] });

test("a read sees at once what another library on the same files has acknowledged", async () => {
  await using fixture = await temporaryLibrary();
  const { library: reader, path } = fixture;
  await using writer = await openLibrary({ path, sandbox: { workers: 1 } });
  const seen = async (): Promise<unknown> => [
    (await reader.get("constant"))?.version,
    await idsFound(reader, "constant"),
    (await reader.execute("constant")).value,
  ];
  expect(await seen()).toStrictEqual([undefined, [], undefined]);
  await writer.add(CONSTANT(1));
  expect(await seen()).toStrictEqual([1, ["constant"], 1]);
  await writer.add(CONSTANT(2), { expectedVersion: 1 });
  expect(await seen()).toStrictEqual([2, ["constant"], 2]);
  await writer.rollback("constant", 1);
  expect(await seen()).toStrictEqual([3, ["constant"], 1]);
  await writer.setStatus("constant", "deprecated");
  expect(await seen()).toStrictEqual([3, [], 1]);
  expect((await reader.get("constant", { version: 3 }))?.status).toBe("deprecated");
  await writer.remove("constant");
  expect(await seen()).toStrictEqual([undefined, [], undefined]);
  await writer.add(CONSTANT(4));
  expect(await seen()).toStrictEqual([4, ["constant"], 4]);
});

test("a skill read again is the same object, until it or its evidence changes", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(skillDraft("echo"));
  const first = await library.get("echo");
  expect(await library.get("echo")).toBe(first);
  await library.add(noteDraft("other"));
  expect(await library.get("echo")).toBe(first);
  await library.execute("echo");
  const used = await library.get("echo");
  expect(used).not.toBe(first);
  expect(await library.get("echo")).toBe(used);
  await library.setStatus("echo", "deprecated");
  expect((await library.get("echo"))?.status).toBe("deprecated");
});

test("the cache counts its hits, its misses and its loads", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("note"));
  await library.get("note");
  const before = library.cache.stats;
  for (let n = 0; n < 5; n++) await library.get("note");
  await library.get("absent");
  await library.get("absent");
  const { hits, misses, loads } = library.cache.stats;
  expect([hits - before.hits, misses - before.misses, loads - before.loads]).toStrictEqual([
    6, 1, 1,
  ]);
});

test("what did not change stays cached when something else did", async () => {
  await using fixture = await temporaryLibrary();
  const { library, path } = fixture;
  await using writer = await openLibrary({ path, sandbox: { workers: 1 } });
  await library.add(noteDraft("still"));
  await library.add(noteDraft("moving"));
  await library.get("still");
  await library.get("moving");
  const before = library.cache.stats;
  await writer.add(noteDraft("moving", "two"), { expectedVersion: 1 });
  await library.get("still");
  expect((await library.get("moving"))?.version).toBe(2);
  expect(library.cache.stats.loads - before.loads).toBe(1);
});

test("a reader that is more than 500 changes behind forgets everything, and is right", async () => {
  await using fixture = await temporaryLibrary();
  const { library, path } = fixture;
  await using writer = await openLibrary({ path, sandbox: { workers: 1 } });
  await library.add(noteDraft("first"));
  await library.get("first");
  await library.search("first");
  await writer.add(noteDraft("first", "two"), { expectedVersion: 1 });
  await writer.addMany(Array.from({ length: 600 }, (_, n) => noteDraft(`n${n}`)));
  expect((await library.get("first"))?.version).toBe(2);
  expect((await library.get("n599"))?.version).toBe(1);
  expect(await idsFound(library, "n599")).toContain("n599");
  await writer.remove("first");
  expect(await library.get("first")).toBeUndefined();
});

test("invalidating and clearing drop what is cached, and cost no more than a load", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(noteDraft("note"));
  const loadsOf = async (read: () => Promise<unknown>): Promise<number> => {
    const before = library.cache.stats.loads;
    await read();
    return library.cache.stats.loads - before;
  };
  const get = (): Promise<unknown> => library.get("note");
  const search = (): Promise<unknown> => library.search("note");
  await get();
  await search();
  expect([await loadsOf(get), await loadsOf(search)]).toStrictEqual([0, 0]);
  expect(library.cache.invalidate("skill:note")).toBe(true);
  expect([await loadsOf(get), await loadsOf(search)]).toStrictEqual([1, 0]);
  expect(library.cache.invalidatePattern("search:*")).toBe(1);
  expect([await loadsOf(get), await loadsOf(search)]).toStrictEqual([0, 1]);
  expect(library.cache.clear()).toBe(2);
  expect([await loadsOf(get), await loadsOf(search)]).toStrictEqual([1, 1]);
});

test("a small cache and a short time to live change how much is loaded, never what is read", async () => {
  await using fixture = await temporaryLibrary({ cache: { maxEntries: 1, ttlMs: 1 } });
  const { library } = fixture;
  await library.addMany(["a", "b"].map((id) => noteDraft(id)));
  for (let n = 0; n < 3; n++)
    for (const id of ["a", "b"]) expect((await library.get(id))?.id).toBe(id);
  expect(library.cache.stats.entries).toBeLessThanOrEqual(1);
});

function countOf(skill: Skill | undefined): number {
  return Number.parseInt(skill?.instructions ?? "0", 10);
}

/** Numbers that look random and are the same each time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("readers and writers at random: no read is stale and no update is lost", async () => {
  await using fixture = await temporaryLibrary({ durability: "normal" });
  await using second = await openLibrary({
    path: fixture.path,
    durability: "normal",
    sandbox: { workers: 1 },
  });
  const libraries = [fixture.library, second];
  const random = seeded(7);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const ids = ["a", "b", "c"];
  /** Increments that were acknowledged, and the newest version known to be committed. */
  const counted = new Map(ids.map((id) => [id, 0]));
  const newest = new Map(ids.map((id) => [id, 0]));

  async function increment(library: SkillLibrary, id: string): Promise<void> {
    const current = await library.get(id);
    const count = countOf(current) + 1;
    try {
      // Signed, because identical content of two writers would be one version and no conflict.
      const text = `${count} by ${random()}`;
      const { version } = await library.add(noteDraft(id, text), {
        expectedVersion: current?.version ?? 0,
      });
      counted.set(id, (counted.get(id) ?? 0) + 1);
      newest.set(id, Math.max(newest.get(id) ?? 0, version));
    } catch (error) {
      if (!(error instanceof VersionConflictError)) throw error;
    }
  }

  async function read(library: SkillLibrary, id: string): Promise<void> {
    const known = newest.get(id) ?? 0;
    const found = (await library.get(id))?.version ?? 0;
    expect(found).toBeGreaterThanOrEqual(known);
  }

  async function search(library: SkillLibrary, id: string): Promise<void> {
    const known = newest.get(id) ?? 0;
    const { matches } = await library.search(`note ${id}`);
    const found = matches.find((match) => match.id === id)?.version ?? 0;
    expect(found).toBeGreaterThanOrEqual(known);
  }

  async function work(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      const action = pick([increment, increment, read, read, read, search]);
      await action(pick(libraries), pick(ids));
    }
  }

  await Promise.all(Array.from({ length: 8 }, () => work(60)));
  for (const library of libraries) {
    for (const id of ids) expect(countOf(await library.get(id))).toBe(counted.get(id));
  }
  expect([...counted.values()].every((count) => count > 10)).toBe(true);
});
