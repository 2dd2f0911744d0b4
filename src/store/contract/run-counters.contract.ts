import { beforeEach, describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import type { ExecutionStatus } from "../../skill/execution.ts";
import type { RunRecord, RunStore } from "../run-store.ts";
import { runRecord, secondAt } from "./run-record.contract.ts";
import { useStorePlace } from "./store-place.contract.ts";
import type { RunStorePlace } from "./run-store-place.ts";

const KEPT = 20;

export function describeRunCounters(open: () => Promise<RunStorePlace>): void {
  describe("counters", () => {
    const connect = useStorePlace(open, (each) => each.connect(KEPT));
    let store: RunStore;

    beforeEach(async () => {
      store = await connect();
    });

    async function ids(filter: Parameters<RunStore["list"]>[0]): Promise<string[]> {
      return (await store.list(filter)).map(({ runId }) => runId);
    }

    test("the newest runs are kept, and counters of all", async () => {
      const runs = Array.from({ length: 3 * KEPT }, (_, index) => runRecord(index + 1));
      await store.record(runs.slice(0, 5));
      await store.record(runs.slice(5));
      expect(await store.list({ limit: 1000 })).toStrictEqual(runs.slice(-KEPT).toReversed());
      expect(await store.totals()).toStrictEqual({ runs: 3 * KEPT, byStatus: { ok: 3 * KEPT } });
      expect((await store.evidence(["echo"])).get("echo")?.skill.uses).toBe(3 * KEPT);
    });

    test("a run recorded twice counts once", async () => {
      await store.record([runRecord(1), runRecord(1, { status: "error" })]);
      await store.record([runRecord(2), runRecord(1)]);
      expect(await ids({ limit: 9 })).toStrictEqual(["run-2", "run-1"]);
      expect(await store.totals()).toStrictEqual({ runs: 2, byStatus: { ok: 2 } });
      expect((await store.evidence(["echo"])).get("echo")?.skill).toMatchObject({
        uses: 2,
        successes: 2,
        failures: {},
      });
    });

    test("totals tell the runs of each status that occurred", async () => {
      expect(await store.totals()).toStrictEqual({ runs: 0, byStatus: {} });
      await store.record([
        runRecord(1),
        runRecord(2, { status: "timeout", skillId: "a" }),
        runRecord(3, { status: "not-found", version: 0, skillId: "none" }),
        runRecord(4, { skillId: "b" }),
      ]);
      expect(await store.totals()).toStrictEqual({
        runs: 4,
        byStatus: { ok: 2, timeout: 1, "not-found": 1 },
      });
    });

    test("usage adds up all versions, and says how many of the runs that tell something succeeded", async () => {
      const of = (skillId: string, ...statuses: ExecutionStatus[]): RunRecord[] =>
        statuses.map((status, at) => {
          const runId = `${skillId}-${at}`;
          return runRecord(at, { runId, skillId, status, version: at + 1 });
        });
      expect(await store.usage()).toEqual(new Map());
      await store.record([
        ...of("mixed", "ok", "error", "ok", "timeout", "cancelled"),
        ...of("undecided", "denied", "cancelled"),
      ]);
      expect(await store.usage()).toStrictEqual(
        new Map([
          ["mixed", { uses: 5, successRate: 0.5 }],
          ["undecided", { uses: 2 }],
        ]),
      );
    });

    test("evidence is of each version and of all, and absent where there is none", async () => {
      await store.record([
        runRecord(1, { durationMs: 100 }),
        runRecord(3, { durationMs: 100, status: "error" }),
      ]);
      await store.record([runRecord(2, { durationMs: 400, version: 2 })]);
      const evidence = await store.evidence(["echo", "unknown"]);
      expect([...evidence.keys()]).toStrictEqual(["echo"]);
      const failure = {
        runId: "run-3",
        version: 1,
        status: "error",
        reason: "Error: failure \u0000 3",
        at: secondAt(3),
      };
      const at100 = expect.closeTo(100, -1);
      const at400 = expect.closeTo(400, -1.5);
      expect(evidence.get("echo")?.skill).toStrictEqual({
        uses: 3,
        successes: 2,
        failures: { error: 1 },
        successRate: 2 / 3,
        meanMs: 200,
        p50Ms: at100,
        p95Ms: at400,
        lastUsedAt: secondAt(3),
        lastFailures: [failure],
      });
      expect(evidence.get("echo")?.versions).toStrictEqual(
        new Map([
          [
            1,
            {
              uses: 2,
              successes: 1,
              failures: { error: 1 },
              successRate: 0.5,
              meanMs: 100,
              p50Ms: at100,
              p95Ms: at100,
              lastUsedAt: secondAt(3),
              lastFailures: [failure],
            },
          ],
          [
            2,
            {
              uses: 1,
              successes: 1,
              failures: {},
              successRate: 1,
              meanMs: 400,
              p50Ms: at400,
              p95Ms: at400,
              lastUsedAt: secondAt(2),
              lastFailures: [],
            },
          ],
        ]),
      );
    });

    test("only failures of the skill itself lower its success rate", async () => {
      const own = ["error", "timeout", "out-of-memory", "invalid-result", "crashed"] as const;
      const foreign = ["cancelled", "denied", "invalid-context", "not-found"] as const;
      async function add(number: number, skillId: string, statuses: readonly ExecutionStatus[]) {
        const runs = statuses.map((status, index) =>
          runRecord(number + index, { skillId, status }),
        );
        await store.record(runs);
      }
      await add(100, "mixed", [...own, ...foreign, "ok"]);
      await add(200, "undecided", foreign);
      const evidence = await store.evidence(["mixed", "undecided"]);
      expect(evidence.get("mixed")?.skill).toMatchObject({ uses: 10, successRate: 1 / 6 });
      expect(evidence.get("undecided")?.skill).not.toHaveProperty("successRate");
      expect(evidence.get("undecided")?.skill.failures).toStrictEqual({
        cancelled: 1,
        denied: 1,
        "invalid-context": 1,
        "not-found": 1,
      });
    });

    test("the latest failures stay known when their runs are no longer kept", async () => {
      const failures = [1, 2, 3, 4, 5, 6].map((each) => runRecord(each, { status: "crashed" }));
      await store.record(failures.slice(0, 4));
      await store.record(failures.slice(4));
      await store.record([runRecord(7, { status: "timeout", version: 2 })]);
      await store.record(
        Array.from({ length: KEPT }, (_, index) => runRecord(100 + index, { skillId: "busy" })),
      );
      expect(await ids({ limit: 9, skillId: "echo" })).toStrictEqual([]);
      const echo = (await store.evidence(["echo"])).get("echo");
      function runIds(notes: readonly { runId: string }[] | undefined): string[] {
        return (notes ?? []).map(({ runId }) => runId);
      }
      expect(runIds(echo?.skill.lastFailures)).toStrictEqual([
        "run-7",
        "run-6",
        "run-5",
        "run-4",
        "run-3",
      ]);
      expect(runIds(echo?.versions.get(1)?.lastFailures)).toStrictEqual([
        "run-6",
        "run-5",
        "run-4",
        "run-3",
        "run-2",
      ]);
      expect(runIds(echo?.versions.get(2)?.lastFailures)).toStrictEqual(["run-7"]);
    });

    test("the reason of a failure has a bounded length", async () => {
      const error = { name: "Error", message: "x".repeat(100_000) };
      await store.record([runRecord(1, { status: "error", error })]);
      const reason = (await store.evidence(["echo"])).get("echo")?.skill.lastFailures[0]?.reason;
      expect(reason).toMatch(/^Error: x{400,}…$/);
      expect(reason?.length).toBeLessThanOrEqual(500);
    });
  });
}
