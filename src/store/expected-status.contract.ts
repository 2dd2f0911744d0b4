/** What every skill store does with a write that expects a status as well as a version. */
import { afterEach, beforeEach, contractSuite, test } from "../testing/contract/contract-suite.ts";
import type { ContractSuite } from "../testing/contract/contract-suite.ts";
import { expect } from "../testing/contract/expect.ts";
import { systemClock } from "../base/clock.ts";
import { VersionConflictError } from "../base/errors.ts";
import type { SkillStorePlace } from "./contract/skill-store-place.ts";
import type { SkillStore } from "./skill-store.ts";
import { newVersion } from "./testing-fixtures/new-version.ts";

export function expectedStatusContract(
  name: string,
  open: () => Promise<SkillStorePlace>,
): ContractSuite {
  return contractSuite(`${name} compares the status it is to find`, () => {
    let place: SkillStorePlace;
    let store: SkillStore;

    beforeEach(async () => {
      place = await open();
      store = await place.connect(systemClock);
    });

    afterEach(async () => {
      await store.close();
      await place.dispose();
    });

    test("a status other than expected is a conflict, in which nothing is written", async () => {
      const { contentHash } = await store.append(newVersion("echo"));
      const failed = { status: "failed", expectedVersion: "any" } as const;
      expect(await store.setStatus("echo", { ...failed, expectedStatus: "active" })).toStrictEqual({
        version: 1,
        revision: 2,
      });
      const conflict = new VersionConflictError("echo", 1, 1, contentHash, {
        expectedStatus: "active",
        actualStatus: "failed",
      });
      const again = { ...failed, status: "deprecated", expectedStatus: "active" } as const;
      await expect(store.setStatus("echo", again)).rejects.toStrictEqual(conflict);
      const second = newVersion("echo", { name: "2" }, { expectedVersion: 1 });
      const refused = { ...second, expectedStatus: "active" } as const;
      await expect(store.append(refused)).rejects.toStrictEqual(conflict);
      expect(await store.appendMany([refused])).toStrictEqual([
        { ok: false, expected: 1, actual: 1, actualHash: contentHash, actualStatus: "failed" },
      ]);
      // The version goes before the status, and what does not exist has none.
      await expect(store.append({ ...refused, expectedVersion: 3 })).rejects.toStrictEqual(
        new VersionConflictError("echo", 3, 1, contentHash),
      );
      expect(await store.revision()).toBe(2);
      expect(await store.append({ ...refused, expectedStatus: "failed" })).toMatchObject({
        version: 2,
      });
      const other = { ...newVersion("other"), expectedStatus: "active" } as const;
      expect(await store.append(other)).toMatchObject({ version: 1 });
    });
  });
}
