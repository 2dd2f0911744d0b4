/** What every run store must do with the queries that led callers to skills. */
import { beforeEach, contractSuite, test } from "../testing/contract/contract-suite.ts";
import type { ContractSuite } from "../testing/contract/contract-suite.ts";
import { expect } from "../testing/contract/expect.ts";
import { isoTime } from "../base/clock.ts";
import type { RunStorePlace } from "./contract/run-store-place.ts";
import { useStorePlace } from "./contract/store-place.contract.ts";
import { MAX_USE_COUNT } from "./run-store.ts";
import type { LearnedUse, QueryUse, RunStore } from "./run-store.ts";

/** Seconds of a day, after which a use that counts no further is renewed. */
const DAY = 86_400;

export function queryUse(
  query: string,
  skillId: string,
  { caller = "", second = 1 }: { readonly caller?: string; readonly second?: number } = {},
): QueryUse {
  return { query, skillId, caller, at: isoTime(second * 1000) };
}

export function learnedUsesContract(
  name: string,
  open: () => Promise<RunStorePlace>,
): ContractSuite {
  return contractSuite(`${name} keeps the contract of learned uses`, () => {
    const connect = useStorePlace(open, (each) => each.connect(10));
    let store: RunStore;

    async function all(): Promise<readonly LearnedUse[]> {
      return (await store.usesSince(0)).uses;
    }

    beforeEach(async () => {
      store = await connect();
    });

    test("a use comes back as it was recorded, to every connection and after reopening", async () => {
      const empty = { position: expect.any(Number), isWhole: true, uses: [], removed: [] };
      expect(await store.usesSince(0)).toStrictEqual(empty);
      await store.recordUses([
        queryUse("find “mail” \u0000", "ns/mail", { caller: "agent \u0000 \ud800" }),
        queryUse("find mail", "mail", { second: 2 }),
      ]);
      await store.close();
      store = await connect();
      const uses = [
        {
          id: expect.any(Number),
          query: "find “mail” \u0000",
          skillId: "ns/mail",
          caller: "agent \u0000 \ud800",
          count: 1,
          lastAt: isoTime(1000),
        },
        {
          id: expect.any(Number),
          query: "find mail",
          skillId: "mail",
          caller: "",
          count: 1,
          lastAt: isoTime(2000),
        },
      ];
      const changes = { position: expect.any(Number), isWhole: true, uses, removed: [] };
      expect(await store.usesSince(0)).toStrictEqual(changes);
    });

    test("the same query, skill and caller are one use, counted up to a bound and then renewed by the day", async () => {
      await store.recordUses([
        queryUse("q", "a"),
        queryUse("q", "a", { second: 5 }),
        queryUse("q", "a", { second: 3 }),
        queryUse("q", "b"),
        queryUse("q", "a", { caller: "x" }),
        queryUse("r", "a"),
      ]);
      const counts = async (): Promise<unknown> =>
        (await all()).map(({ query, skillId, caller, count, lastAt }) => [
          query,
          skillId,
          caller,
          count,
          Date.parse(lastAt) / 1000,
        ]);
      expect(await counts()).toStrictEqual([
        ["q", "a", "", 3, 5],
        ["q", "b", "", 1, 1],
        ["q", "a", "x", 1, 1],
        ["r", "a", "", 1, 1],
      ]);
      await store.forgetUses({ query: "r" });
      const again = Array.from({ length: MAX_USE_COUNT }, () => queryUse("q", "b", { second: 9 }));
      await store.recordUses(again);
      const { position } = await store.usesSince(0);
      await store.recordUses([queryUse("q", "b", { second: 10 })]);
      expect(await store.usesSince(position)).toStrictEqual({
        position,
        isWhole: false,
        uses: [],
        removed: [],
      });
      await store.recordUses([queryUse("q", "b", { second: 10 + DAY })]);
      expect(await counts()).toStrictEqual([
        ["q", "a", "", 3, 5],
        ["q", "b", "", MAX_USE_COUNT, 10 + DAY],
        ["q", "a", "x", 1, 1],
      ]);
    });

    test("changes since a position are what any connection recorded or removed after it", async () => {
      const other = await connect();
      await store.recordUses([queryUse("q", "a"), queryUse("r", "a")]);
      const first = await other.usesSince(0);
      const [q, r] = first.uses.map(({ id }) => id);
      expect(await other.usesSince(first.position)).toStrictEqual({
        position: first.position,
        isWhole: false,
        uses: [],
        removed: [],
      });
      await store.recordUses([queryUse("r", "a", { second: 2 }), queryUse("s", "b")]);
      await store.forgetUses({ query: "q" });
      const second = await other.usesSince(first.position);
      expect(second).toStrictEqual({
        position: expect.any(Number),
        isWhole: false,
        uses: [
          { id: r, query: "r", skillId: "a", caller: "", count: 2, lastAt: isoTime(2000) },
          {
            id: expect.any(Number),
            query: "s",
            skillId: "b",
            caller: "",
            count: 1,
            lastAt: isoTime(1000),
          },
        ],
        removed: [q],
      });
      expect(await other.usesSince(second.position + 1)).toMatchObject({ isWhole: true });
    });

    test("uses recorded in one go come back all of them, however many", async () => {
      const other = await connect();
      const queries = (word: string): readonly string[] =>
        Array.from({ length: 700 }, (_, n) => `${word} ${n}`);
      const told = async (position: number): Promise<readonly string[]> =>
        (await other.usesSince(position)).uses.map(({ query }) => query);
      // Each of a skill of its own, of which only so many are kept.
      const record = (word: string): Promise<void> =>
        store.recordUses(queries(word).map((query, n) => queryUse(query, `skill_${n}`)));
      await record("first");
      expect(await told(0)).toEqual(queries("first"));
      const { position } = await other.usesSince(0);
      await record("second");
      expect(await told(position)).toEqual(queries("second"));
      expect(await told(0)).toEqual([...queries("first"), ...queries("second")]);
    });

    test("what has all that a filter names is forgotten, and nothing else", async () => {
      const uses = ["a", "b"].flatMap((skillId) =>
        ["x", "y \u0000"].flatMap((caller) =>
          ["q", "r"].map((query) => queryUse(query, skillId, { caller })),
        ),
      );
      await store.recordUses(uses);
      const left = async (): Promise<string[]> =>
        (await all()).map(({ query, skillId, caller }) => `${skillId} ${caller[0]} ${query}`);
      expect(await store.forgetUses({ skillId: "a", caller: "y \u0000", query: "q" })).toBe(1);
      expect(await store.forgetUses({ skillId: "none" })).toBe(0);
      expect(await left()).toStrictEqual([
        "a x q",
        "a x r",
        "a y r",
        "b x q",
        "b x r",
        "b y q",
        "b y r",
      ]);
      expect(await store.forgetUses({ caller: "x" })).toBe(4);
      expect(await left()).toStrictEqual(["a y r", "b y q", "b y r"]);
      expect(await store.forgetUses({ skillId: "b" })).toBe(2);
      expect(await store.forgetUses({})).toBe(1);
      expect(await left()).toStrictEqual([]);
    });

    test("a skill keeps a bounded number, and whoever has most of them loses the oldest", async () => {
      const flood = Array.from({ length: 300 }, (_, at) =>
        queryUse(`flood ${at}`, "a", { caller: "loud", second: 100 + at }),
      );
      await store.recordUses([
        queryUse("kept", "a", { caller: "quiet" }),
        queryUse("other", "b", { caller: "loud" }),
      ]);
      await store.recordUses(flood.slice(0, 200));
      await store.recordUses(flood.slice(200));
      const kept = (await all()).map(({ query }) => query);
      expect(kept.slice(0, 2)).toStrictEqual(["kept", "other"]);
      expect(kept.length).toBeLessThan(100);
      expect(kept.slice(2)).toStrictEqual(
        flood.slice(-(kept.length - 2)).map(({ query }) => query),
      );
    });

    test("the epoch changes with uses recorded and removed, of whichever connection", async () => {
      const other = await connect();
      for (const change of [
        () => store.recordUses([queryUse("q", "a")]),
        () => other.recordUses([queryUse("r", "a")]),
        () => store.forgetUses({ query: "q" }),
        () => other.forgetUses({}),
      ]) {
        const before = await store.epoch();
        expect(await store.epoch()).toBe(before);
        await change();
        expect(await store.epoch()).not.toBe(before);
      }
    });

    test("a closed store refuses them", async () => {
      await store.close();
      const closed = { code: "CLOSED" };
      await expect(store.recordUses([])).rejects.toMatchObject(closed);
      await expect(store.usesSince(0)).rejects.toMatchObject(closed);
      await expect(store.forgetUses({})).rejects.toMatchObject(closed);
    });
  });
}
