/** What every skill store answers about many skills at once: orders, counts, likeness, callers. */
import { afterEach, beforeEach, contractSuite, test } from "../testing/contract/contract-suite.ts";
import type { ContractSuite } from "../testing/contract/contract-suite.ts";
import { expect } from "../testing/contract/expect.ts";
import type { Clock } from "../base/clock.ts";
import type { SkillDefinition } from "../skill/skill.ts";
import type { SkillStorePlace } from "./contract/skill-store-place.ts";
import type { ListFilter, NewVersion, SkillStore } from "./skill-store.ts";
import { newVersion } from "./testing-fixtures/new-version.ts";

const NO_CAPABILITIES = { tools: [], skills: [], fetch: [] };

export function skillBrowsingContract(
  name: string,
  open: () => Promise<SkillStorePlace>,
): ContractSuite {
  return contractSuite(`${name} can be browsed`, () => {
    let place: SkillStorePlace;
    let store: SkillStore;
    let now = Date.parse("2026-01-01T00:00:00.000Z");
    const clock: Clock = { now: () => now, monotonicMs: () => performance.now() };

    beforeEach(async () => {
      place = await open();
      store = await place.connect(clock);
    });

    afterEach(async () => {
      await store.close();
      await place.dispose();
    });

    async function add(
      id: string,
      definition: Partial<SkillDefinition> = {},
      rest: Partial<NewVersion> = {},
    ): Promise<void> {
      now += 1000;
      const description = `About ${id}`;
      await store.append(
        newVersion(id, { description, ...definition }, { expectedVersion: "any", ...rest }),
      );
    }

    /** Every id in an order, two at a time, each page going on from the last entry of the one before. */
    async function paged(orderBy: "name" | "recent", filter: Partial<ListFilter> = {}) {
      const ids: string[] = [];
      for (let from = {}; ;) {
        const page = await store.list({ orderBy, ...filter, ...from, limit: 2 });
        ids.push(...page.map(({ id }) => id));
        const last = page.at(-1);
        if (last === undefined) return ids.join("");
        from = { after: last.id, afterKey: orderBy === "name" ? last.name : last.updatedAt };
      }
    }

    test("a list is in order of name or time, page by page, ties in order of id", async () => {
      await add("a", { name: "Zebra" });
      await add("b", { name: "apple", tags: ["x"] });
      await add("e", { name: "Apple", tags: ["x"] });
      await add("d", { name: "apple" });
      await add("c", { name: "Mango\u0000", tags: ["x"] });
      now -= 1000;
      await add("f", { name: "Ärmel" });
      expect(await paged("name")).toBe("bdecaf");
      expect(await paged("name", { tags: ["x"] })).toBe("bec");
      expect(await paged("recent")).toBe("cfdeba");
      await add("b", { name: "Quince" });
      await store.setStatus("a", { status: "draft", expectedVersion: "any" });
      await store.remove("f", "any");
      expect(await paged("name")).toBe("decba");
      expect(await paged("recent")).toBe("bcdea");
      expect(await paged("recent", { status: "draft" })).toBe("a");
    });

    test("a page goes on from its place although the skill there is gone or has moved", async () => {
      for (const id of ["a", "b", "c", "d"]) await add(id, { name: `Name ${id}` });
      const [, second] = await store.list({ orderBy: "recent", limit: 2 });
      await add("c", { name: "Name z" });
      await store.remove("b", "any");
      const after = { after: "c", afterKey: second!.updatedAt };
      const next = await store.list({ orderBy: "recent", ...after, limit: 9 });
      expect(next.map(({ id }) => id)).toEqual(["a"]);
    });

    test("a list can be of certain skills, those that are not there left out", async () => {
      await add("a", { category: "web" });
      await add("b");
      await add("c", { category: "web" });
      const some = await store.list({ ids: ["c", "b", "none", "a"], category: "web", limit: 9 });
      expect(some.map(({ id }) => id)).toEqual(["a", "c"]);
      expect(await store.list({ ids: [], limit: 9 })).toEqual([]);
    });

    test("facets count the skills that pass the filter, and tell how many values there are", async () => {
      await add("a", { category: "web", tags: ["x", "y"] });
      await add("b", { category: "web", tags: ["x"] }, { status: "draft" });
      await add("c", { category: "text", tags: ["x", "z"] });
      await add("gone", { category: "text", tags: ["x"] });
      await store.remove("gone", "any");
      expect(await store.facets({ limit: 2 })).toStrictEqual({
        skills: 3,
        categories: [
          { value: "web", count: 2 },
          { value: "text", count: 1 },
        ],
        tags: [
          { value: "x", count: 3 },
          { value: "y", count: 1 },
        ],
        statuses: [
          { value: "active", count: 2 },
          { value: "draft", count: 1 },
        ],
        totals: { categories: 2, tags: 3 },
      });
      expect(
        await store.facets({ tags: ["y"], category: "web", status: "active", limit: 9 }),
      ).toEqual({
        skills: 1,
        categories: [{ value: "web", count: 1 }],
        tags: [
          { value: "x", count: 1 },
          { value: "y", count: 1 },
        ],
        statuses: [{ value: "active", count: 1 }],
        totals: { categories: 1, tags: 2 },
      });
      await expect(store.facets({ limit: -1 })).rejects.toMatchObject({ code: "INVALID_INPUT" });
    });

    test("skills of the same content or code are found by their current version", async () => {
      const code = "export default () => 1";
      const same = { description: "One", code };
      const printed = { program: code, codeFingerprint: "f1" };
      await add("a", same, printed);
      await add("b", { ...same, description: "Other" }, { ...printed, status: "draft" });
      await add("c", same, printed);
      await add(
        "d",
        { description: "Two", code: `${code};` },
        { program: `${code};`, codeFingerprint: "f2" },
      );
      await add("gone", same, printed);
      await store.remove("gone", "any");
      const { contentHash } = newVersion("any", same);
      expect(await store.findAlike({ contentHash, codeFingerprint: "f1" }, 9)).toStrictEqual([
        { id: "a", status: "active", same: "content" },
        { id: "c", status: "active", same: "content" },
        { id: "b", status: "draft", same: "code" },
      ]);
      expect(await store.findAlike({ contentHash }, 1)).toStrictEqual([
        { id: "a", status: "active", same: "content" },
      ]);
      await add("a", { description: "Three" });
      const later = await store.findAlike({ contentHash, codeFingerprint: "f1" }, 9);
      expect(later.map(({ id }) => id)).toEqual(["c", "b"]);
      expect(await store.findAlike({ contentHash: "none", codeFingerprint: "none" }, 9)).toEqual(
        [],
      );
    });

    test("the dependents of a skill are those whose current version calls it", async () => {
      const calling = (...skills: string[]) => ({ capabilities: { ...NO_CAPABILITIES, skills } });
      await add("c", calling("base", "other"));
      await add("a", calling("base"));
      await add("b", calling("base", "base"));
      expect(await store.dependents("base", 2)).toStrictEqual({ ids: ["a", "b"], count: 3 });
      expect(await store.dependents("other", 9)).toStrictEqual({ ids: ["c"], count: 1 });
      await add("a", calling("other"));
      await store.remove("b", "any");
      expect(await store.dependents("base", 9)).toStrictEqual({ ids: ["c"], count: 1 });
      await add("b", calling("base"));
      expect(await store.dependents("base", 9)).toStrictEqual({ ids: ["b", "c"], count: 2 });
      expect(await store.dependents("nobody", 9)).toStrictEqual({ ids: [], count: 0 });
    });
  });
}
