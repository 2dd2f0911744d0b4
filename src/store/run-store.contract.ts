/**
 * What every run store must do, whatever it is made of. A driver passes a function that makes an
 * empty place for data; each `connect` opens the same data as another process would.
 */
import { afterEach, beforeEach, contractSuite, test } from "../testing/contract/contract-suite.ts";
import type { ContractSuite } from "../testing/contract/contract-suite.ts";
import { expect } from "../testing/contract/expect.ts";
import { isoTime } from "../base/clock.ts";
import { LIMITS, runLimits } from "../base/limits.ts";
import type { ExecutionStatus } from "../skill/execution.ts";
import type { RecordedRun, RunRecord, RunRecording, RunStore } from "./run-store.ts";

export interface RunStorePlace {
  /**
   * @param maxRecords Runs to keep
   * @param maxJournalBytes Room for recordings (default: enough)
   */
  connect(maxRecords: number, maxJournalBytes?: number): Promise<RunStore>;
  dispose(): Promise<void>;
}

const KEPT = 20;

function secondAt(second: number): string {
  return isoTime(second * 1000);
}

/** Run number `number`, which started in that second. */
function runRecord(number: number, fields: Partial<RunRecord> = {}): RunRecord {
  const status = fields.status ?? "ok";
  return {
    runId: `run-${number}`,
    skillId: "echo",
    version: 1,
    status,
    ...(status === "ok" ? {} : { error: { name: "Error", message: `failure \u0000 ${number}` } }),
    logs: [],
    logsDropped: 0,
    startedAt: secondAt(number),
    durationMs: 10,
    cpuMs: 1.5,
    hostCalls: 0,
    ...fields,
  };
}

/** A recording of about `bytes` bytes. */
function recordingOf(bytes: number, text = "x"): RunRecording {
  return {
    journal: {
      engine: "engine@1",
      seed: 7,
      now: 1_000_000,
      contextJson: JSON.stringify(text.repeat(bytes / text.length)),
      calls: [
        {
          callId: 0,
          kind: "tool",
          name: "a \u0000",
          args: '"🧪"\n{}',
          reply: { ok: false, error: { name: "E", message: "m \ud800", denied: true } },
        },
        { callId: 2, kind: "sleep", name: "", args: "5", reply: { ok: true, json: "null" } },
        { callId: 3, kind: "fetch", name: "https://x.test", args: "null" },
      ],
      order: [2, 0],
      truncated: true,
      stopped: { status: "timeout", error: { name: "Timeout", message: "over" } },
    },
    limits: runLimits(LIMITS),
    ending: { status: "timeout", error: { name: "Timeout", message: "over" } },
    value: { sha256: "ab", bytes: 3 },
  };
}

function recorded(number: number, bytes: number): RecordedRun {
  return { ...runRecord(number, { journal: "kept" }), recording: recordingOf(bytes) };
}

export function runStoreContract(name: string, open: () => Promise<RunStorePlace>): ContractSuite {
  return contractSuite(`${name} keeps the contract of run stores`, () => {
    let place: RunStorePlace;
    let store: RunStore;
    let opened: RunStore[];

    async function connect(): Promise<RunStore> {
      const connected = await place.connect(KEPT);
      opened.push(connected);
      return connected;
    }

    async function ids(filter: Parameters<RunStore["list"]>[0]): Promise<string[]> {
      return (await store.list(filter)).map(({ runId }) => runId);
    }

    beforeEach(async () => {
      opened = [];
      place = await open();
      store = await connect();
    });

    afterEach(async () => {
      await Promise.all(opened.map((each) => each.close()));
      await place.dispose();
    });

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
      const bounded = await place.connect(KEPT, 3 * bytes);
      opened.push(bounded);
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
