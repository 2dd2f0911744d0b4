import { describe, expect, test } from "vitest";
import type { Clock } from "../base/clock.ts";
import { SkillCache, type SkillCacheOptions } from "./skill-cache.ts";

function testClock(): Clock & { advance(ms: number): void } {
  let nowMs = 0;
  return {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    advance: (ms) => {
      nowMs += ms;
    },
  };
}

function never(): Promise<never> {
  throw new Error("loaded although the cache held the key");
}

test("a hit answers synchronously, from get and from getOrLoad", async () => {
  const cache = new SkillCache();
  expect(cache.get("skill:a")).toBeUndefined();
  const loading = cache.getOrLoad("skill:a", async () => ({ version: 1 }));
  expect(loading).toBeInstanceOf(Promise);
  expect(await loading).toEqual({ version: 1 });
  expect(cache.get("skill:a")).toEqual({ version: 1 });
  expect(cache.getOrLoad("skill:a", never)).toBe(cache.get("skill:a"));
});

test("null, false, zero and the empty string are values like any other", () => {
  const cache = new SkillCache();
  const values = { a: null, b: false, c: 0, d: "" };
  for (const [key, value] of Object.entries(values)) cache.set(key, value);
  const found = Object.keys(values).map((key) => [key, cache.getOrLoad(key, never)]);
  expect(Object.fromEntries(found)).toEqual(values);
});

test("simultaneous misses of one key run one load, and different keys their own", async () => {
  const cache = new SkillCache();
  const loaded: string[] = [];
  const load = (key: string) => async () => {
    loaded.push(key);
    await Promise.resolve();
    return key.toUpperCase();
  };
  const keys = ["a", "b", "a", "a", "b"];
  const values = await Promise.all(keys.map(async (key) => cache.getOrLoad(key, load(key))));
  expect(values).toEqual(["A", "B", "A", "A", "B"]);
  expect(loaded).toEqual(["a", "b"]);
  expect(cache.stats).toMatchObject({ hits: 0, misses: 5, loads: 2, entries: 2 });
});

test("that a key is absent is remembered until it is invalidated", async () => {
  const cache = new SkillCache();
  expect(await cache.getOrLoad("skill:no", async () => undefined)).toBeUndefined();
  expect(cache.getOrLoad("skill:no", never)).toBeUndefined();
  expect(cache.get("skill:no")).toBeUndefined();
  expect(cache.stats).toMatchObject({ hits: 2, misses: 1, entries: 1 });
  expect(cache.invalidate("skill:no")).toBe(true);
  expect(await cache.getOrLoad("skill:no", async () => "now there")).toBe("now there");
});

test("a load that fails rejects all its waiters, is not kept, and the next call loads again", async () => {
  const cache = new SkillCache();
  const failure = new Error("store is gone");
  const fail = (): Promise<never> => Promise.reject(failure);
  const outcomes = await Promise.allSettled([
    cache.getOrLoad("a", fail),
    cache.getOrLoad("a", fail),
  ]);
  expect(outcomes).toEqual([
    { status: "rejected", reason: failure },
    { status: "rejected", reason: failure },
  ]);
  expect(await cache.getOrLoad("a", async () => 1)).toBe(1);
  expect(cache.stats).toMatchObject({ loads: 2, loadFailures: 1, entries: 1 });
});

test("a load that throws before it gives a promise is a failed load", async () => {
  const cache = new SkillCache();
  await expect(cache.getOrLoad("a", never)).rejects.toThrow("loaded although");
  expect(await cache.getOrLoad("a", async () => 1)).toBe(1);
});

test("no caller can change what another one gets", async () => {
  const cache = new SkillCache();
  const skill = await cache.getOrLoad("a", async () => ({ tags: ["text"] }));
  cache.set("b", { tags: ["text"] });
  const other = cache.get<{ tags: string[] }>("b");
  expect(() => skill?.tags.push("mine")).toThrow(TypeError);
  expect(() => other?.tags.push("mine")).toThrow(TypeError);
  expect([cache.get("a"), cache.get("b")]).toEqual([{ tags: ["text"] }, { tags: ["text"] }]);
});

describe("a load overtaken by a change", () => {
  const changes: readonly ((cache: SkillCache) => unknown)[] = [
    (cache) => cache.invalidate("skill:a"),
    (cache) => cache.invalidatePattern("skill:*"),
    (cache) => cache.clear(),
  ];

  test("is not kept and joined by nobody new, however it was invalidated", async () => {
    for (const change of changes) {
      const cache = new SkillCache();
      const old = Promise.withResolvers<string>();
      const before = cache.getOrLoad("skill:a", () => old.promise);
      expect(Number(change(cache))).toBe(1);

      const after = cache.getOrLoad("skill:a", async () => "new");
      expect(await after).toBe("new");
      old.resolve("old");
      expect(await before).toBe("old");
      expect(cache.get("skill:a")).toBe("new");
      expect(cache.stats).toMatchObject({ loads: 2, fenced: 1, invalidations: 1, entries: 1 });
    }
  });

  test("a value set meanwhile stays", async () => {
    const cache = new SkillCache();
    const old = Promise.withResolvers<string>();
    const before = cache.getOrLoad("a", () => old.promise);
    cache.set("a", "committed");
    old.resolve("old");
    expect(await before).toBe("old");
    expect(cache.get("a")).toBe("committed");
  });

  test("an invalidation made while the load starts overtakes it", async () => {
    const cache = new SkillCache();
    const value = await cache.getOrLoad("a", async () => {
      cache.invalidate("a");
      return "old";
    });
    expect([value, cache.get("a")]).toEqual(["old", undefined]);
  });

  test("its failure does not disturb the load that followed", async () => {
    const cache = new SkillCache();
    const old = Promise.withResolvers<string>();
    const before = cache.getOrLoad("a", () => old.promise);
    cache.invalidate("a");
    const fresh = Promise.withResolvers<string>();
    const after = cache.getOrLoad("a", () => fresh.promise);
    old.reject(new Error("late"));
    await expect(before).rejects.toThrow("late");
    const joined = cache.getOrLoad("a", never);
    fresh.resolve("new");
    expect(await Promise.all([after, joined])).toEqual(["new", "new"]);
    expect(cache.get("a")).toBe("new");
  });
});

test("an invalidation drops what it names and says how much that was", () => {
  const cache = new SkillCache();
  for (const key of ["skill:a", "skill:b", "search:a", "search:b"]) cache.set(key, key);
  expect([cache.invalidate("skill:a"), cache.invalidate("skill:a")]).toEqual([true, false]);
  expect(cache.invalidatePattern("search:*")).toBe(2);
  expect(cache.invalidatePattern("search:*")).toBe(0);
  expect(cache.get("skill:b")).toBe("skill:b");
  expect([cache.clear(), cache.clear()]).toEqual([1, 0]);
  expect(cache.stats).toMatchObject({ invalidations: 4, entries: 0 });
});

test("an entry lasts its time to live, counted from its fill, and no longer", () => {
  const clock = testClock();
  const cache = new SkillCache({ ttlMs: 1000, clock });
  cache.set("a", 1);
  clock.advance(1000);
  expect(cache.get("a")).toBe(1);
  clock.advance(1);
  expect(cache.get("a")).toBeUndefined();
  cache.set("b", 1);
  clock.advance(1001);
  expect(cache.invalidate("b")).toBe(false);
  expect(cache.stats).toMatchObject({ hits: 1, misses: 1, entries: 0, invalidations: 0 });
});

test("a full cache drops what was used longest ago", () => {
  const cache = new SkillCache({ maxEntries: 2 });
  cache.set("a", 1);
  cache.set("b", 2);
  cache.get("a");
  cache.set("c", 3);
  expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([1, undefined, 3]);
  expect(cache.stats).toEqual({
    hits: 3,
    misses: 1,
    loads: 0,
    loadFailures: 0,
    fenced: 0,
    evictions: 1,
    expirations: 0,
    invalidations: 0,
    entries: 2,
    hitRate: 0.75,
  });
});

test("the hit rate before the first lookup is 0", () => {
  expect(new SkillCache().stats.hitRate).toBe(0);
});

test("holds 100 entries unless told otherwise", () => {
  const cache = new SkillCache();
  for (let index = 0; index < 101; index++) cache.set(`skill:${index}`, index);
  expect(cache.stats).toMatchObject({ entries: 100, evictions: 1 });
});

test("bounds that are no positive integers are refused by name and value", () => {
  const messageOf = (options: SkillCacheOptions): string => {
    try {
      return `accepted, with ${new SkillCache(options).stats.entries} entries`;
    } catch (error) {
      return `${(error as { code: string }).code}: ${(error as Error).message}`;
    }
  };
  expect([
    messageOf({ maxEntries: 0 }),
    messageOf({ maxEntries: "5" as unknown as number }),
    messageOf({ maxEntries: 1e9 }),
    messageOf({ ttlMs: -1 }),
    messageOf({ ttlMs: 1.5 }),
    messageOf({ ttlMs: Number.NaN }),
    messageOf({ ttlMs: Number.POSITIVE_INFINITY }),
  ]).toEqual([
    "INVALID_INPUT: Expected `maxEntries` to be a positive integer of at most 16777216, got 0",
    'INVALID_INPUT: Expected `maxEntries` to be a positive integer of at most 16777216, got "5"',
    "INVALID_INPUT: Expected `maxEntries` to be a positive integer of at most 16777216, got 1000000000",
    "INVALID_INPUT: Expected `ttlMs` to be a positive integer, got -1",
    "INVALID_INPUT: Expected `ttlMs` to be a positive integer, got 1.5",
    "INVALID_INPUT: Expected `ttlMs` to be a positive integer, got NaN",
    "INVALID_INPUT: Expected `ttlMs` to be a positive integer, got Infinity",
  ]);
});
