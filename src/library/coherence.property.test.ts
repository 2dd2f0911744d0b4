/** Two processes with a cache each over one store, in every order of their steps. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { SkillCache } from "../cache/skill-cache.ts";
import type { Change, SkillStore } from "../store/skill-store.ts";
import { Coherence } from "./coherence.ts";

type Turn = (label: string) => Promise<void>;

/** A store that takes a turn before and after each answer. */
class Committed {
  readonly changes: Change[] = [];
  readonly versions = new Map<string, number>();

  commit(skillId: string): void {
    const version = (this.versions.get(skillId) ?? 0) + 1;
    this.versions.set(skillId, version);
    const revision = this.changes.length + 1;
    this.changes.push({ revision, skillId, version, kind: "version", status: "active", at: "" });
  }

  store(turn: Turn, isEmbedded: boolean): SkillStore {
    const slow = async <T>(label: string, answer: () => T): Promise<T> => {
      await turn(`ask ${label}`);
      const given = answer();
      await turn(`hear ${label}`);
      return given;
    };
    const store: Pick<SkillStore, "revision" | "changesSince"> = {
      revision: () =>
        isEmbedded ? this.changes.length : slow("revision", () => this.changes.length),
      changesSince: (revision, limit) =>
        slow("changes", () => this.changes.slice(revision, revision + limit)),
    };
    return store as SkillStore;
  }
}

const KEYS = ["a", "b"] as const;
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      process: fc.nat(1),
      id: fc.constantFrom(...KEYS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("commit" as const), id: fc.constantFrom(...KEYS) }),
  },
  fc.record({
    kind: fc.constant("drop" as const),
    process: fc.nat(1),
    glob: fc.constantFrom("skill:*", "*"),
  }),
);

/** Whether a read that begins after a commit can miss it; `isSound: false` leaves the check out. */
async function staleReads(
  scheduler: fc.Scheduler,
  steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
  { isEmbedded, isSound }: { readonly isEmbedded: boolean; readonly isSound: boolean },
): Promise<number> {
  const committed = new Committed();
  const turn: Turn = (label) => scheduler.schedule(Promise.resolve(), label);
  const processes = [0, 1].map(() => {
    const cache = new SkillCache();
    return { cache, coherence: new Coherence({ store: committed.store(turn, isEmbedded), cache }) };
  });
  let stale = 0;

  async function read({ cache, coherence }: (typeof processes)[number], id: string): Promise<void> {
    const atLeast = committed.versions.get(id) ?? 0;
    if (isSound) await coherence.check();
    const version = await cache.getOrLoad(`skill:${id}`, async () => {
      await turn("load");
      const found = committed.versions.get(id) ?? 0;
      await turn("loaded");
      return found;
    });
    if ((version ?? 0) < atLeast) stale += 1;
  }

  const acting = steps.map(async (each) => {
    await turn(each.kind);
    if (each.kind === "commit") committed.commit(each.id);
    else if (each.kind === "read")
      await read(processes[each.process] as (typeof processes)[number], each.id);
    else processes[each.process]?.cache.invalidatePattern(each.glob);
  });
  await scheduler.waitFor(Promise.all(acting));
  return stale;
}

const anySteps = fc.array(step, { minLength: 2, maxLength: 14 });

test.each([true, false])(
  "a read begun after a commit sees it, in every order of steps (store embedded: %s)",
  async (isEmbedded) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), anySteps, async (scheduler, steps) => {
        expect(await staleReads(scheduler, steps, { isEmbedded, isSound: true })).toBe(0);
      }),
      { numRuns: 800 },
    );
  },
);

test("the same steps find a cache that does not ask the store first", async () => {
  const found = await fc.check(
    fc.asyncProperty(fc.scheduler(), anySteps, async (scheduler, steps) => {
      expect(await staleReads(scheduler, steps, { isEmbedded: true, isSound: false })).toBe(0);
    }),
    { numRuns: 800 },
  );
  expect(found.failed).toBe(true);
});
