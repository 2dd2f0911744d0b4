import { beforeEach, describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import { VersionConflictError } from "../../base/errors.ts";
import type { ExpectedVersion, SkillStore } from "../skill-store.ts";
import { newVersion } from "../testing-fixtures/new-version.ts";
import {
  compareRandomSequences,
  compareWithModel,
} from "../testing-fixtures/skill-store-operations.ts";
import { AT, CLOCK } from "./skill-store-clock.contract.ts";
import { useStorePlace } from "./store-place.contract.ts";
import type { SkillStorePlace } from "./skill-store-place.ts";

export function describeConnections(open: () => Promise<SkillStorePlace>): void {
  describe("connections", () => {
    const connect = useStorePlace(open, (each) => each.connect(CLOCK));
    let store: SkillStore;

    beforeEach(async () => {
      store = await connect();
    });

    test("an acknowledged commit is seen by every connection at once", async () => {
      const other = await connect();
      for (let round = 1; round <= 5; round++) {
        await store.append(newVersion(`from-one-${round}`));
        expect(await other.revision()).toBe(2 * round - 1);
        expect(await other.find(`from-one-${round}`)).toBeDefined();
        await other.append(newVersion(`from-other-${round}`));
        expect(await store.revision()).toBe(2 * round);
        expect(await store.find(`from-other-${round}`)).toBeDefined();
      }
    });

    test("no update is lost among writers of one skill", async () => {
      await store.append(newVersion("hot", { metadata: { count: 0 } }));
      const other = await connect();
      // Identical content would be no conflict, so every writer's is its own.
      async function increment(via: SkillStore, writer: number): Promise<void> {
        for (;;) {
          const current = await via.find("hot");
          const count = Number(current?.metadata["count"]) + 1;
          const expectedVersion: ExpectedVersion = current?.version ?? 0;
          try {
            await via.append(
              newVersion("hot", { metadata: { count, writer } }, { expectedVersion }),
            );
            return;
          } catch (error) {
            if (!(error instanceof VersionConflictError)) throw error;
          }
        }
      }
      const writers = Array.from({ length: 10 }, (_, index) => (index % 2 ? store : other));
      await Promise.all(writers.map((via, writer) => increment(via, writer)));
      expect(await store.find("hot")).toMatchObject({ version: 11, metadata: { count: 10 } });
      const counts = (await store.history("hot")).map(({ metadata }) => metadata["count"]);
      expect(counts).toStrictEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });

    test("a closed store refuses everything, and closing again is nothing", async () => {
      await store.close();
      await store.close();
      const closed = { code: "CLOSED" };
      await expect(store.append(newVersion("a"))).rejects.toMatchObject(closed);
      await expect(store.appendMany([])).rejects.toMatchObject(closed);
      await expect(store.find("a")).rejects.toMatchObject(closed);
      await expect(store.history("a")).rejects.toMatchObject(closed);
      await expect(store.remove("a", 1)).rejects.toMatchObject(closed);
      await expect(
        store.setStatus("a", { status: "failed", expectedVersion: 1 }),
      ).rejects.toMatchObject(closed);
      await expect(store.list({ limit: 1 })).rejects.toMatchObject(closed);
      await expect(store.findMany(["a"])).rejects.toMatchObject(closed);
      await expect(store.counts()).rejects.toMatchObject(closed);
      await expect(Promise.resolve(store.revision())).rejects.toMatchObject(closed);
      await expect(store.changesSince(0, 1)).rejects.toMatchObject(closed);
    });

    test("any sequence of operations answers as the model does", async () => {
      await compareRandomSequences(async (operations) => {
        const fresh = await open();
        const tested = await fresh.connect(CLOCK);
        try {
          await compareWithModel(tested, operations, AT);
        } finally {
          await tested.close();
          await fresh.dispose();
        }
      });
    });
  });
}
