import { beforeEach, describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { VersionConflictError } from "../../base/errors.ts";
import type { SkillStore, StatusChange } from "../skill-store.ts";
import { newVersion } from "../testing-fixtures/new-version.ts";
import { CLOCK } from "./skill-store-clock.contract.ts";
import { useStorePlace } from "./store-place.contract.ts";
import type { SkillStorePlace } from "./skill-store-place.ts";

export function describeChanging(open: () => Promise<SkillStorePlace>): void {
  describe("statuses, removal and what was", () => {
    const connect = useStorePlace(open, (each) => each.connect(CLOCK));
    let store: SkillStore;

    beforeEach(async () => {
      store = await connect();
    });

    test("a status belongs to the version that was current, with its reason and replacement", async () => {
      await store.append(newVersion("echo"));
      const change = { status: "deprecated", reason: "slow \u0000!", replacement: "fast" } as const;
      const written = await store.setStatus("echo", { ...change, expectedVersion: 1 });
      expect(written).toStrictEqual({ version: 1, revision: 2 });
      await store.append(newVersion("echo", { name: "Second" }, { expectedVersion: 1 }));
      const deprecated = {
        status: "deprecated",
        statusReason: "slow \u0000!",
        replacement: "fast",
      };
      expect(await store.find("echo", { version: 1 })).toMatchObject(deprecated);
      const [first, second] = await store.history("echo");
      expect(first).toMatchObject(deprecated);
      expect(second).not.toHaveProperty("statusReason");
      expect(second).not.toHaveProperty("replacement");
      expect(second?.status).toBe("active");
    });

    test("a status set again with the same reason and replacement makes no revision", async () => {
      await store.append(newVersion("echo"));
      const active = { status: "active", expectedVersion: "any" } as const;
      expect(await store.setStatus("echo", active)).toStrictEqual({ version: 1, revision: 1 });
      const change = { status: "deprecated", reason: "slow", replacement: "fast" } as const;
      const set = await store.setStatus("echo", { ...change, expectedVersion: "any" });
      expect(set).toStrictEqual({ version: 1, revision: 2 });
      await store.append(newVersion("other"));
      expect(await store.setStatus("echo", { ...change, expectedVersion: 1 })).toStrictEqual(set);
      await expect(
        store.setStatus("echo", { ...change, expectedVersion: 2 }),
      ).rejects.toBeInstanceOf(VersionConflictError);
      expect(await store.revision()).toBe(3);
      expect(await store.changesSince(3, 10)).toStrictEqual([]);

      const { status, reason, replacement } = change;
      for (const [index, different] of [
        { status, reason },
        { status, replacement },
        { status, reason: "slower", replacement },
        { status: "failed", reason: "slower", replacement },
      ].entries())
        expect(
          await store.setStatus("echo", { ...different, expectedVersion: 1 } as StatusChange),
        ).toStrictEqual({ version: 1, revision: 4 + index });
    });

    test("status and removal of what is not there, or not as expected, are refused", async () => {
      const status = { status: "failed", expectedVersion: "any" } as const;
      await expect(store.setStatus("none", status)).rejects.toMatchObject({
        code: "SKILL_NOT_FOUND",
      });
      await expect(store.remove("none", "any")).rejects.toMatchObject({ code: "SKILL_NOT_FOUND" });
      const { contentHash } = await store.append(newVersion("echo"));
      const conflict = new VersionConflictError("echo", 2, 1, contentHash);
      await expect(
        store.setStatus("echo", { ...status, expectedVersion: 2 }),
      ).rejects.toStrictEqual(conflict);
      await expect(store.remove("echo", 2)).rejects.toStrictEqual(conflict);
      await store.remove("echo", 1);
      await expect(store.setStatus("echo", status)).rejects.toMatchObject({
        code: "SKILL_NOT_FOUND",
      });
      await expect(store.remove("echo", "any")).rejects.toMatchObject({ code: "SKILL_NOT_FOUND" });
      expect(await store.revision()).toBe(2);
    });

    test("a removed skill keeps its history, and its count goes on when it comes back", async () => {
      const first = await store.append(newVersion("echo", { tags: ["a"] }));
      expect(await store.remove("echo", 1)).toStrictEqual({ version: 1, revision: 2 });
      expect(await store.find("echo")).toBeUndefined();
      expect(await store.find("echo", { version: 1 })).toMatchObject({
        version: 1,
        status: "active",
      });
      expect(await store.history("echo")).toHaveLength(1);
      expect(await store.list({ limit: 10 })).toStrictEqual([]);
      expect(await store.list({ limit: 10, tags: ["a"] })).toStrictEqual([]);
      expect(await store.findMany(["echo"])).toStrictEqual([]);
      await expect(
        store.append(newVersion("echo", { tags: ["a"] }, { expectedVersion: 1 })),
      ).rejects.toStrictEqual(new VersionConflictError("echo", 1, 0, undefined));
      expect(await store.append(newVersion("echo", { tags: ["a"] }))).toStrictEqual({
        ...first,
        version: 2,
        revision: 3,
      });
      expect(await store.list({ limit: 10, tags: ["a"] })).toMatchObject([
        { id: "echo", version: 2 },
      ]);
    });

    test("a skill is found as it was at any revision", async () => {
      await store.append(newVersion("echo"));
      await store.setStatus("echo", { status: "failed", reason: "broke", expectedVersion: 1 });
      await store.append(newVersion("echo", { name: "Second" }, { expectedVersion: 1 }));
      await store.remove("echo", 2);
      await store.append(newVersion("echo", { name: "Third" }));
      const seen = [];
      for (const asOf of [0, 1, 2, 3, 4, 5, 99]) {
        const found = await store.find("echo", { asOf });
        seen.push(found && [found.version, found.name, found.status, found.statusReason]);
      }
      expect(seen).toStrictEqual([
        undefined,
        [1, "Echo", "active", undefined],
        [1, "Echo", "failed", "broke"],
        [2, "Second", "active", undefined],
        undefined,
        [3, "Third", "active", undefined],
        [3, "Third", "active", undefined],
      ]);
      expect(await store.find("echo", { version: 1, asOf: 1 })).toMatchObject({ status: "active" });
      expect(await store.find("echo", { version: 1, asOf: 9 })).toMatchObject({ status: "failed" });
      expect(await store.find("echo", { version: 3, asOf: 4 })).toBeUndefined();
    });
  });
}
