import { beforeEach, describe, test } from "../../testing/contract/contract-suite.ts";
import { expect } from "../../testing/contract/expect.ts";
import type { RunRecord, RunStore } from "../run-store.ts";
import { recorded, recordingOf, runRecord } from "./run-record.contract.ts";
import { useStorePlace } from "./store-place.contract.ts";
import type { RunStorePlace } from "./run-store-place.ts";

const KEPT = 20;

export function describeRecordedRuns(open: () => Promise<RunStorePlace>): void {
  describe("runs and their recordings", () => {
    const connect = useStorePlace(open, (each) => each.connect(KEPT));
    let store: RunStore;

    beforeEach(async () => {
      store = await connect();
    });

    async function ids(filter: Parameters<RunStore["list"]>[0]): Promise<string[]> {
      return (await store.list(filter)).map(({ runId }) => runId);
    }

    test("a run comes back as it was recorded, with absent fields absent, after reopening too", async () => {
      const plain = runRecord(1);
      const full = runRecord(2, {
        status: "error",
        error: {
          name: "TypeError",
          message: 'no "x" \u0000 \ud800',
          code: "X",
          line: 1,
          column: 2,
          frames: [{ functionName: "f", file: "echo@1.js", line: 1, column: 2 }],
          excerpt: "x\n^",
          issues: [{ path: "a", message: "m", expected: "e", received: "r" }],
          limit: "hostCalls",
          capability: { kind: "tool", name: "a \u0000 tool" },
        },
        logs: [{ level: "warn", text: "🧪 \ud800" }],
        logsDropped: 3,
        durationMs: 0.125,
        hostCalls: 7,
        engine: "engine@1",
        warnings: ["deprecated"],
        parentRunId: "run-1",
        journal: "withheld",
        withheld: ["tool secrets.get"],
        caller: "agent \u0000 seven",
        used: { tools: ["a", "b"], skills: ["s"], fetch: ["https://a.example"] },
        refused: { tools: ["\u0000"], skills: [], fetch: [] },
      });
      await store.record([plain, full]);
      await store.close();
      store = await connect();
      expect(await store.find("run-1")).toStrictEqual(plain);
      expect(await store.find("run-2")).toStrictEqual(full);
      expect(await store.find("run-3")).toBeUndefined();
    });

    test("the value of a run is not kept", async () => {
      const withValue = { ...runRecord(1), value: "secret" };
      await store.record([withValue]);
      expect(await store.find("run-1")).toStrictEqual(runRecord(1));
    });

    test("a recording comes back as it was, to every connection", async () => {
      const run = { ...runRecord(1, { journal: "truncated" }), recording: recordingOf(100) };
      await store.record([run, runRecord(2)]);
      const other = await connect();
      expect(await other.recording("run-1")).toStrictEqual(recordingOf(100));
      expect(await store.find("run-1")).toStrictEqual(runRecord(1, { journal: "truncated" }));
      expect(await store.recording("run-2")).toBeUndefined();
      expect(await store.recording("run-3")).toBeUndefined();
    });

    test("a recording goes with its run", async () => {
      await store.record([recorded(1, 100)]);
      await store.record(Array.from({ length: KEPT }, (_, index) => runRecord(index + 2)));
      expect(await store.recording("run-1")).toBeUndefined();
    });

    test("the newest recordings are kept within their bound, and records say which were dropped", async () => {
      const bytes = JSON.stringify(recordingOf(1000)).length + 2; // the emoji has four bytes
      const bounded = await connect((each) => each.connect(KEPT, 3 * bytes));
      await bounded.record([1, 2, 3].map((each) => recorded(each, 1000)));
      const keptIds = async (): Promise<string[]> => {
        const runs = await bounded.list({ limit: 99 });
        const kept = runs.filter(({ journal }) => journal === "kept").map(({ runId }) => runId);
        for (const { runId, journal } of runs)
          expect((await bounded.recording(runId)) !== undefined).toBe(journal === "kept");
        return kept;
      };
      expect(await keptIds()).toStrictEqual(["run-3", "run-2", "run-1"]);
      await bounded.record([recorded(4, 10)]);
      expect(await keptIds()).toStrictEqual(["run-4", "run-3", "run-2"]);
      await bounded.record([runRecord(5), recorded(6, 10), recorded(7, 100_000)]);
      expect(await keptIds()).toStrictEqual(["run-6", "run-4", "run-3", "run-2"]);
      expect((await bounded.find("run-7"))?.journal).toBe("dropped");
    });

    test("a redacted run keeps what happened and nothing it was told", async () => {
      const secret = recordingOf(100, "secret");
      const error = { name: "secret", message: "secret", excerpt: "secret", code: "secret" };
      await store.record([
        {
          ...runRecord(1, { status: "error", error, journal: "kept", engine: "engine@1" }),
          logs: [{ level: "log", text: "secret" }],
          logsDropped: 2,
          warnings: ["secret"],
          recording: secret,
        },
        { ...runRecord(2, { journal: "kept" }), recording: recordingOf(100) },
      ]);
      const other = await connect();
      const epoch = await other.epoch();
      const own = await store.epoch();
      const redacted: RunRecord = {
        ...runRecord(1, { status: "error", journal: "redacted", engine: "engine@1" }),
        error: { name: "Redacted", message: "The error of this run was redacted" },
        logsDropped: 3,
      };
      expect(await store.redact("run-1")).toStrictEqual(redacted);
      expect(await store.redact("run-1")).toStrictEqual(redacted);
      expect(await other.find("run-1")).toStrictEqual(redacted);
      expect(await other.recording("run-1")).toBeUndefined();
      expect(JSON.stringify((await store.evidence(["echo"])).get("echo"))).not.toContain("secret");
      expect(await store.epoch()).not.toBe(own);
      expect(await other.epoch()).not.toBe(epoch);
      expect(await store.recording("run-2")).toStrictEqual(recordingOf(100));
      expect(await store.redact("run-9")).toBeUndefined();
      expect(await store.totals()).toStrictEqual({ runs: 2, byStatus: { ok: 1, error: 1 } });
    });

    test("runs are listed newest first, filtered, page by page", async () => {
      await store.record([
        runRecord(1),
        runRecord(2, { status: "error" }),
        runRecord(3, { skillId: "other" }),
        runRecord(4, { status: "error", skillId: "other" }),
      ]);
      await store.record([runRecord(5)]);
      expect(await store.list({ limit: 1 })).toStrictEqual([runRecord(5)]);
      expect(await ids({ limit: 9 })).toStrictEqual(["run-5", "run-4", "run-3", "run-2", "run-1"]);
      expect(await ids({ limit: 2, before: "run-4" })).toStrictEqual(["run-3", "run-2"]);
      expect(await ids({ limit: 9, skillId: "echo" })).toStrictEqual(["run-5", "run-2", "run-1"]);
      expect(await ids({ limit: 9, status: "error" })).toStrictEqual(["run-4", "run-2"]);
      expect(
        await ids({ limit: 9, status: "error", skillId: "echo", before: "run-4" }),
      ).toStrictEqual(["run-2"]);
      expect(await ids({ limit: 9, before: "unknown" })).toStrictEqual([]);
      await expect(store.list({ limit: -1 })).rejects.toMatchObject({ code: "INVALID_INPUT" });
    });
  });
}
