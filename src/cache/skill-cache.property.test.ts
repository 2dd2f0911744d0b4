/** The cache against a naive model of itself, and its loads against every order of events. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { SkillCache } from "./skill-cache.ts";

const MAX_ENTRIES = 3;
const TTL_MS = 10;
const KEYS = ["skill:a", "skill:b", "search:a", "search:b", "x"] as const;
const GLOBS = ["skill:*", "*:a", "*", "?", "search:?", "none*"] as const;

interface Entry {
  readonly key: string;
  readonly value: number | undefined;
  readonly filledMs: number;
}

/** Entries in a plain array, least recently used first. */
class NaiveCache {
  entries: Entry[] = [];

  lookUp(key: string, nowMs: number): Entry | undefined {
    const found = this.entries.find((entry) => entry.key === key);
    if (found === undefined) return undefined;
    this.entries = this.entries.filter((entry) => entry !== found);
    if (nowMs - found.filledMs > TTL_MS) return undefined;
    this.entries.push(found);
    return found;
  }

  fill(key: string, value: number | undefined, nowMs: number): void {
    this.entries = this.entries.filter((entry) => entry.key !== key);
    if (this.entries.length === MAX_ENTRIES) this.entries.shift();
    this.entries.push({ key, value, filledMs: nowMs });
  }

  /** Entries that have expired are gone already, and not counted. */
  drop(matches: (key: string) => boolean, nowMs: number): number {
    const dropped = this.entries.filter(
      (entry) => matches(entry.key) && nowMs - entry.filledMs <= TTL_MS,
    );
    this.entries = this.entries.filter((entry) => !matches(entry.key));
    return dropped.length;
  }
}

const key = fc.constantFrom(...KEYS);
const value = fc.option(fc.nat(99), { nil: undefined });
const operation = fc.oneof(
  fc.record({ kind: fc.constant("get" as const), key }),
  fc.record({ kind: fc.constant("load" as const), key, value }),
  fc.record({ kind: fc.constant("set" as const), key, value }),
  fc.record({ kind: fc.constant("invalidate" as const), key }),
  fc.record({ kind: fc.constant("pattern" as const), glob: fc.constantFrom(...GLOBS) }),
  fc.record({ kind: fc.constant("clear" as const) }),
  fc.record({ kind: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 7 }) }),
);

test("gives what a plain list with the same rules gives, for any sequence of calls", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
      let nowMs = 0;
      const clock = { now: () => nowMs, monotonicMs: () => nowMs };
      const cache = new SkillCache({ maxEntries: MAX_ENTRIES, ttlMs: TTL_MS, clock });
      const model = new NaiveCache();
      const counted = { hits: 0, misses: 0, loads: 0, invalidations: 0 };

      const expectLookUp = (key: string): Entry | undefined => {
        const found = model.lookUp(key, nowMs);
        if (found === undefined) counted.misses += 1;
        else counted.hits += 1;
        return found;
      };
      const expectDrop = (matches: (key: string) => boolean): number => {
        const dropped = model.drop(matches, nowMs);
        counted.invalidations += dropped;
        return dropped;
      };

      for (const step of operations) {
        if (step.kind === "get") {
          expect(cache.get(step.key)).toBe(expectLookUp(step.key)?.value);
        } else if (step.kind === "load") {
          const found = expectLookUp(step.key);
          const given = cache.getOrLoad(step.key, async () => step.value);
          if (found === undefined) {
            counted.loads += 1;
            expect(await given).toBe(step.value);
            model.fill(step.key, step.value, nowMs);
          } else {
            expect(given).toBe(found.value);
          }
        } else if (step.kind === "set") {
          cache.set(step.key, step.value);
          model.fill(step.key, step.value, nowMs);
        } else if (step.kind === "invalidate") {
          expect(cache.invalidate(step.key)).toBe(expectDrop((key) => key === step.key) === 1);
        } else if (step.kind === "pattern") {
          const source = step.glob.replaceAll("*", ".*").replaceAll("?", ".");
          const pattern = new RegExp(`^${source}$`);
          expect(cache.invalidatePattern(step.glob)).toBe(expectDrop((key) => pattern.test(key)));
        } else if (step.kind === "clear") {
          expect(cache.clear()).toBe(expectDrop(() => true));
        } else {
          nowMs += step.ms;
        }
      }
      expect(cache.stats).toMatchObject(counted);
    }),
    { numRuns: 2_000 },
  );
});

const change = fc.constantFrom("invalidate", "pattern", "clear");
const actor = fc.oneof(
  fc.record({ kind: fc.constant("read" as const), fails: fc.boolean() }),
  fc.record({ kind: fc.constant("write" as const), change }),
  fc.record({ kind: fc.constant("commit and set" as const) }),
);

test("a lookup begun after an invalidation never gets a value loaded before it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(actor, { minLength: 2, maxLength: 10 }),
      async (scheduler, actors) => {
        const cache = new SkillCache();
        let stored = 1;
        let invalidated = 1;
        let answered = 0;
        const turn = (label: string): Promise<void> => scheduler.schedule(Promise.resolve(), label);

        const load = (fails: boolean) => async (): Promise<{ version: number }> => {
          await turn("reach the store");
          const version = stored;
          await turn("come back");
          if (fails) throw new Error("lost on the way");
          return { version };
        };

        const act = async (step: (typeof actors)[number]): Promise<void> => {
          await turn(step.kind);
          if (step.kind === "read") {
            const atLeast = invalidated;
            const given = cache.getOrLoad("skill:a", load(step.fails));
            const version = await Promise.resolve(given).then(
              (skill) => skill?.version,
              (error: unknown) => String(error),
            );
            if (typeof version === "number") expect(version).toBeGreaterThanOrEqual(atLeast);
            else expect(version).toBe("Error: lost on the way");
            answered += 1;
          } else if (step.kind === "write") {
            stored += 1;
            const written = stored;
            await turn("tell the cache");
            if (step.change === "invalidate") cache.invalidate("skill:a");
            else if (step.change === "pattern") cache.invalidatePattern("skill:*");
            else cache.clear();
            invalidated = Math.max(invalidated, written);
          } else {
            stored += 1;
            cache.set("skill:a", { version: stored });
            invalidated = stored;
          }
        };

        const acting = Promise.all(actors.map(act));
        await scheduler.waitFor(acting);
        expect(answered).toBe(actors.filter((step) => step.kind === "read").length);
        const final = await scheduler.waitFor(
          Promise.resolve(cache.getOrLoad("skill:a", load(false))),
        );
        expect(final?.version).toBe(stored);
      },
    ),
    { numRuns: 1_500 },
  );
});

test("no key has two loads that may both fill it, in whatever order loads and changes fall", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.constantFrom("read", "read", "read", "invalidate"), { maxLength: 12 }),
      async (scheduler, steps) => {
        const cache = new SkillCache();
        let changes = 0;
        const runningSince: number[] = [];
        const load = async (): Promise<number> => {
          // Two loads begun since the same change would be a stampede.
          expect(runningSince).not.toContain(changes);
          const since = changes;
          runningSince.push(since);
          await scheduler.schedule(Promise.resolve(), "load");
          runningSince.splice(runningSince.indexOf(since), 1);
          return since;
        };
        const acting = steps.map(async (step) => {
          await scheduler.schedule(Promise.resolve(), step);
          if (step === "read") return cache.getOrLoad("a", load);
          changes += 1;
          return cache.invalidate("a");
        });
        await scheduler.waitFor(Promise.all(acting));
        const reads = steps.filter((step) => step === "read").length;
        const { hits, misses, loads } = cache.stats;
        expect(hits + misses).toBe(reads);
        expect(loads).toBeLessThanOrEqual(changes + 1);
      },
    ),
    { numRuns: 500 },
  );
});
