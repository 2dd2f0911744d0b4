import { beforeEach, describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import type { SkillStatus } from "../../skill/skill.ts";
import type { SkillStore } from "../skill-store.ts";
import { newVersion, SMALLEST_DEFINITION } from "../testing-fixtures/new-version.ts";
import { AT, CLOCK } from "./skill-store-clock.contract.ts";
import { useStorePlace } from "./store-place.contract.ts";
import type { SkillStorePlace } from "./skill-store-place.ts";

export function describeReading(open: () => Promise<SkillStorePlace>): void {
  describe("reading many", () => {
    const connect = useStorePlace(open, (each) => each.connect(CLOCK));
    let store: SkillStore;

    beforeEach(async () => {
      store = await connect();
    });

    test("a list is in order of id, filtered by all that is asked, page by page", async () => {
      function add(id: string, category: string, tags: string[], status: SkillStatus) {
        return store.append(newVersion(id, { name: id, category, tags }, { status }));
      }
      await add("d", "web", ["x", "y"], "active");
      await add("b", "web", ["x"], "active");
      await add("a", "text", ["x", "y", "z"], "active");
      await add("c", "web", ["x", "y"], "draft");
      async function ids(filter: Parameters<SkillStore["list"]>[0]): Promise<string> {
        return (await store.list(filter)).map(({ id }) => id).join("");
      }
      expect(await ids({ limit: 9 })).toBe("abcd");
      expect(await ids({ limit: 2 })).toBe("ab");
      expect(await ids({ limit: 2, after: "b" })).toBe("cd");
      expect(await ids({ limit: 9, category: "web" })).toBe("bcd");
      expect(await ids({ limit: 9, status: "draft" })).toBe("c");
      expect(await ids({ limit: 9, tags: ["x"] })).toBe("abcd");
      expect(await ids({ limit: 9, tags: ["x", "y"] })).toBe("acd");
      expect(await ids({ limit: 9, tags: ["z", "x", "y"] })).toBe("a");
      expect(await ids({ limit: 9, tags: ["nothing"] })).toBe("");
      expect(await ids({ limit: 9, tags: ["y", "x"], category: "web", status: "active" })).toBe(
        "d",
      );
      expect(await ids({ limit: 1, tags: ["y"], after: "a", category: "web" })).toBe("c");
      expect(await ids({ limit: 0 })).toBe("");
      await store.append(newVersion("a", { name: "A", tags: ["q"] }, { expectedVersion: 1 }));
      expect(await ids({ limit: 9, tags: ["x", "y"] })).toBe("cd");
      expect(await store.list({ limit: 9, tags: ["q"] })).toStrictEqual([
        {
          id: "a",
          version: 2,
          name: "A",
          description: SMALLEST_DEFINITION.description,
          category: "general",
          tags: ["q"],
          status: "active",
          executable: true,
          updatedAt: AT,
        },
      ]);
    });

    test("a limit that is no non-negative integer is refused", async () => {
      for (const limit of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        await expect(store.list({ limit })).rejects.toMatchObject({ code: "INVALID_INPUT" });
        await expect(store.changesSince(0, limit)).rejects.toMatchObject({ code: "INVALID_INPUT" });
      }
    });

    test("many skills are found at once, unknown ids left out", async () => {
      await store.appendMany([newVersion("a"), newVersion("b"), newVersion('"quoted"')]);
      await store.append(newVersion("b", { name: "Second" }, { expectedVersion: 1 }));
      const found = await store.findMany(["b", "none", "a", "b", '"quoted"']);
      expect(new Map(found.map((each) => [each.id, each]))).toStrictEqual(
        new Map([
          ["a", await store.find("a")],
          ["b", await store.find("b")],
          ['"quoted"', await store.find('"quoted"')],
        ]),
      );
      expect(found).toHaveLength(3);
      expect(await store.findMany([])).toStrictEqual([]);
    });

    test("counts tell the skills of each status and the versions of all", async () => {
      const none = { draft: 0, active: 0, deprecated: 0, failed: 0, quarantined: 0, versions: 0 };
      expect(await store.counts()).toStrictEqual(none);
      await store.appendMany([newVersion("a"), newVersion("b"), newVersion("c")]);
      await store.append(newVersion("a", { name: "Second" }, { expectedVersion: 1 }));
      await store.setStatus("b", { status: "quarantined", expectedVersion: "any" });
      await store.remove("c", 1);
      expect(await store.counts()).toStrictEqual({
        ...none,
        active: 1,
        quarantined: 1,
        versions: 4,
      });
    });

    test("every change is one revision, and they are read in order", async () => {
      expect(await store.revision()).toBe(0);
      await store.append(newVersion("a"));
      await store.setStatus("a", { status: "deprecated", expectedVersion: 1 });
      await store.remove("a", 1);
      const change = { skillId: "a", version: 1, at: AT };
      const changes = [
        { ...change, revision: 1, kind: "version", status: "active" },
        { ...change, revision: 2, kind: "status", status: "deprecated" },
        { ...change, revision: 3, kind: "removal", status: "deprecated" },
      ];
      expect(await store.changesSince(0, 10)).toStrictEqual(changes);
      expect(await store.changesSince(1, 1)).toStrictEqual([changes[1]]);
      expect(await store.changesSince(3, 10)).toStrictEqual([]);
      expect(await store.revision()).toBe(3);
    });
  });
}
