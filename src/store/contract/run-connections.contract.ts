import { beforeEach, describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import type { RunStore } from "../run-store.ts";
import { runRecord } from "./run-record.contract.ts";
import { useStorePlace } from "./store-place.contract.ts";
import type { RunStorePlace } from "./run-store-place.ts";

const KEPT = 20;

export function describeRunConnections(open: () => Promise<RunStorePlace>): void {
  describe("connections", () => {
    const connect = useStorePlace(open, (each) => each.connect(KEPT));
    let store: RunStore;

    beforeEach(async () => {
      store = await connect();
    });

    test("the epoch changes with every recording, of whichever connection", async () => {
      const other = await connect();
      let epoch = await store.epoch();
      expect(await store.epoch()).toBe(epoch);
      for (const [number, via] of [store, other, other, store].entries()) {
        await via.record([runRecord(number + 1)]);
        const changed = await store.epoch();
        expect(changed).not.toBe(epoch);
        expect(await store.epoch()).toBe(changed);
        epoch = changed;
      }
    });

    test("recordings of several connections at once add up", async () => {
      const other = await connect();
      const batches = Array.from({ length: 20 }, (_, batch) =>
        [1, 2, 3].map((each) => runRecord(batch * 10 + each, { version: each })),
      );
      await Promise.all(batches.map((batch, index) => (index % 2 ? store : other).record(batch)));
      expect(await store.totals()).toStrictEqual({ runs: 60, byStatus: { ok: 60 } });
      const versions = (await store.evidence(["echo"])).get("echo")?.versions ?? new Map();
      expect([...versions].map(([version, { uses }]) => [version, uses])).toStrictEqual([
        [1, 20],
        [2, 20],
        [3, 20],
      ]);
    });

    test("a closed store refuses everything, and closing again is nothing", async () => {
      await store.close();
      await store.close();
      const closed = { code: "CLOSED" };
      await expect(store.record([])).rejects.toMatchObject(closed);
      await expect(store.evidence([])).rejects.toMatchObject(closed);
      await expect(store.list({ limit: 1 })).rejects.toMatchObject(closed);
      await expect(store.find("run-1")).rejects.toMatchObject(closed);
      await expect(store.recording("run-1")).rejects.toMatchObject(closed);
      await expect(store.redact("run-1")).rejects.toMatchObject(closed);
      await expect(store.totals()).rejects.toMatchObject(closed);
      await expect(Promise.resolve(store.epoch())).rejects.toMatchObject(closed);
    });
  });
}
