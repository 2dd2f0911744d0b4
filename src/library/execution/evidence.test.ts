import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { noteDraft, skillDraft } from "../../../test/support/skill-draft.ts";
import { rejection } from "../../../test/support/thrown.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import { systemClock } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";
import { LIMITS, runLimits } from "../../base/limits.ts";
import type { RunStore } from "../../store/run-store.ts";
import { sqliteRunStore } from "../../store/sqlite/sqlite-run-store.ts";
import { temporaryDirectory } from "../../store/testing-fixtures/temporary-directory.ts";
import { Evidence } from "./evidence.ts";
import { openLibrary } from "../open-library.ts";
import type { SkillLibrary } from "../skill-library.ts";

/** Ends in the way its context names. */
const MOODY = skillDraft("moody", {
  code: `export default async (context, host) => {
    switch (context.end) {
      case "error": throw new RangeError("moody");
      case "timeout": for (;;);
      case "memory": { const all = []; for (;;) all.push("x".repeat(100000) + all.length); }
      case "denied": return host.tool("nuke", {});
      case "invalid-result": return "no number";
      case "wait": await host.sleep(60000);
      default: return 1;
    }
  };`,
  input: { type: "object" },
  output: { type: "number" },
  examples: [],
});

async function runEveryWay(library: SkillLibrary): Promise<void> {
  const quickly = { timeoutMs: 150 };
  await library.execute("moody", {});
  await library.execute("moody", { end: "error" });
  await library.execute("moody", { end: "timeout" }, quickly);
  await library.execute("moody", { end: "memory" });
  await library.execute("moody", { end: "denied" });
  await library.execute("moody", { end: "invalid-result" });
  await library.execute("moody", "no object");
  await library.execute("moody", { end: "wait" }, { signal: AbortSignal.timeout(100) });
}

const EVERY_WAY = {
  ok: 1,
  error: 1,
  timeout: 1,
  "out-of-memory": 1,
  cancelled: 1,
  denied: 1,
  "invalid-context": 1,
  "invalid-result": 1,
};

test("every way a run ends is counted, and only those that tell of the skill lower its rate", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(MOODY);
  await runEveryWay(library);
  await library.execute("absent");
  const { ok: _, ...failures } = EVERY_WAY;
  const skill = await library.get("moody");
  expect(skill?.metrics).toMatchObject({ uses: 8, successes: 1, failures });
  // One success; error, timeout, out-of-memory and invalid-result tell of the skill itself.
  expect(skill?.metrics.successRate).toBe(1 / 5);
  expect(skill?.versionMetrics).toStrictEqual(skill?.metrics);
  expect(skill?.metrics.lastFailures).toHaveLength(5);
  expect((await library.stats()).runs).toStrictEqual({
    runs: 8,
    byStatus: EVERY_WAY,
    pending: 0,
    dropped: 0,
  });
  const [match] = (await library.search("moody")).matches;
  expect([match?.successRate, match?.uses]).toStrictEqual([1 / 5, 8]);
});

test("metrics are kept for each version and for all of them", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(MOODY);
  await library.execute("moody", { end: "error" });
  await library.add({ ...MOODY, description: "Moody still" }, { expectedVersion: 1 });
  await library.execute("moody", {});
  await library.execute("moody", {}, { version: 1 });
  const current = await library.get("moody");
  expect(current?.metrics).toMatchObject({ uses: 3, successes: 2, successRate: 2 / 3 });
  expect(current?.versionMetrics).toMatchObject({ uses: 1, successes: 1, successRate: 1 });
  const first = await library.get("moody", { version: 1 });
  expect(first?.metrics).toStrictEqual(current?.metrics);
  expect(first?.versionMetrics).toMatchObject({ uses: 2, successes: 1, failures: { error: 1 } });
});

test("a skill whose runs tell nothing of it has no success rate", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(MOODY);
  await library.execute("moody", "no object");
  await library.execute("moody", { end: "denied" });
  const skill = await library.get("moody");
  expect(skill?.metrics.uses).toBe(2);
  expect(skill?.metrics).not.toHaveProperty("successRate");
  expect((await library.search("moody")).matches[0]).toMatchObject({ successRate: null, uses: 2 });
});

test("recording runs changes neither a version nor the revision", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(MOODY);
  const before = await library.getVersionHistory("moody");
  await runEveryWay(library);
  expect((await library.stats()).revision).toBe(1);
  expect(await library.getVersionHistory("moody")).toStrictEqual(before);
});

test("checks of examples are no evidence of use", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(skillDraft("echo"));
  expect((await library.get("echo"))?.metrics.uses).toBe(0);
  expect(await library.listRuns()).toStrictEqual([]);
});

test("runs are listed newest first, narrowed by skill and status, and paged", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  await library.add(MOODY);
  await library.add(skillDraft("echo"));
  const runs = [];
  for (const [id, end] of [
    ["moody", "ok"],
    ["echo", "ok"],
    ["moody", "error"],
  ] as const)
    runs.unshift(await library.execute(id, { end }));
  const ids = runs.map(({ runId }) => runId);
  const listed = async (filter: Parameters<SkillLibrary["listRuns"]>[0]): Promise<string[]> =>
    (await library.listRuns(filter)).map(({ runId }) => runId);
  expect(await listed({})).toStrictEqual(ids);
  expect(await listed({ skillId: "moody" })).toStrictEqual([ids[0], ids[2]]);
  expect(await listed({ status: "error" })).toStrictEqual([ids[0]]);
  expect(await listed({ limit: 1 })).toStrictEqual([ids[0]]);
  expect(await listed({ before: ids[0]! })).toStrictEqual([ids[1], ids[2]]);
  const { value: _, ...record } = runs[2]!;
  expect(await library.getRun(ids[2]!)).toStrictEqual({ ...record, journal: "kept" });
  expect(await library.getRun("absent")).toBeUndefined();
});

test("filters of runs that are unknown or wrong are refused", async () => {
  await using fixture = await temporaryLibrary();
  const { library } = fixture;
  for (const filter of [{ skill: "x" }, { status: "good" }, { limit: 0 }, { limit: 1e9 }])
    expect(await rejection(library.listRuns(filter as object))).toMatchObject({
      code: "INVALID_INPUT",
    });
});

test("close writes what is pending: nothing is missing after opening again", async () => {
  await using fixture = await temporaryLibrary();
  const { library, path } = fixture;
  await library.add(skillDraft("echo"));
  await Promise.all(Array.from({ length: 700 }, (_, n) => library.execute("echo", { n })));
  await library.close();
  await using again = await openLibrary(path);
  expect((await again.get("echo"))?.metrics.uses).toBe(700);
  expect((await again.stats()).runs.byStatus).toStrictEqual({ ok: 700 });
});

test("runs of another library on the same files appear in the metrics of this one", async () => {
  await using fixture = await temporaryLibrary();
  const { library, path } = fixture;
  await library.add(skillDraft("echo"));
  expect((await library.get("echo"))?.metrics.uses).toBe(0);
  await using other = await openLibrary({ path, sandbox: { workers: 1 } });
  await other.execute("echo");
  await other.close();
  await expect.poll(async () => (await library.get("echo"))?.metrics.uses).toBe(1);
});

/** A run store that fails when told to. */
function unreliable(runs: RunStore): RunStore & { failure: Error | undefined } {
  const store = {
    ...runs,
    failure: undefined as Error | undefined,
    record: (batch: Parameters<RunStore["record"]>[0]) =>
      store.failure === undefined ? runs.record(batch) : Promise.reject(store.failure),
  };
  return store;
}

test("while the run store takes nothing, runs are kept, reads go on, and the reason shows", async () => {
  const directory = temporaryDirectory();
  const runs = unreliable(await sqliteRunStore({ path: join(directory.path, "runs.sqlite") }));
  await using fixture = await temporaryLibrary({ runs });
  const { library } = fixture;
  await library.add(skillDraft("echo"));
  runs.failure = new RepertoireError("STORE_UNAVAILABLE", "The disk is full");
  for (let n = 0; n < 3; n++) expect((await library.execute("echo")).status).toBe("ok");
  expect((await library.get("echo"))?.metrics.uses).toBe(0);
  expect((await library.search("echo")).matches.map(({ id }) => id)).toStrictEqual(["echo"]);
  expect(await library.listRuns()).toStrictEqual([]);
  expect((await library.stats()).runs).toStrictEqual({
    runs: 0,
    byStatus: {},
    pending: 3,
    dropped: 0,
    lastError: "The disk is full",
  });
  runs.failure = undefined;
  await expect
    .poll(async () => (await library.stats()).runs, { timeout: 5000 })
    .toStrictEqual({ runs: 3, byStatus: { ok: 3 }, pending: 0, dropped: 0 });
  expect((await library.get("echo"))?.metrics.uses).toBe(3);
  await library.close();
  await runs.close();
  directory.remove();
});

test("close tells that runs could not be written, and still closes everything", async () => {
  const directory = temporaryDirectory();
  const runs = unreliable(await sqliteRunStore({ path: join(directory.path, "runs.sqlite") }));
  await using fixture = await temporaryLibrary({ runs });
  const library = await openLibrary({ path: fixture.path, runs, sandbox: { workers: 1 } });
  await library.add(skillDraft("echo"));
  runs.failure = new RepertoireError("STORE_UNAVAILABLE", "The disk is full");
  await library.execute("echo");
  expect(await rejection(library.close())).toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect(await rejection(library.get("echo"))).toMatchObject({ code: "CLOSED" });
  await runs.close();
  directory.remove();
});

test("evidence asked for while other runs are being recorded is never missing", async () => {
  const directory = temporaryDirectory();
  const path = join(directory.path, "runs.sqlite");
  const stored = await sqliteRunStore({ path });
  // Answers come a little later, as from a server.
  const runs: RunStore = {
    ...stored,
    evidence: async (ids) => {
      const found = await stored.evidence(ids);
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
      return found;
    },
  };
  await using fixture = await temporaryLibrary({ runs });
  const { library } = fixture;
  await library.add(skillDraft("echo"));
  await library.addMany(["a", "b", "c"].map((id) => noteDraft(id)));
  await library.execute("echo");
  await library.get("echo");
  for (let round = 0; round < 5; round++) {
    await library.execute("echo");
    const searching = library.search("echo", { minSuccessRate: 1 });
    await library.execute("echo");
    await library.get("a");
    expect((await searching).matches.map(({ id }) => id)).toStrictEqual(["echo"]);
  }
  await library.close();
  await stored.close();
  directory.remove();
});

test("a run that can not be written is dropped alone, and counted", async () => {
  const directory = temporaryDirectory();
  const stored = await sqliteRunStore({ path: join(directory.path, "runs.sqlite") });
  const runs: RunStore = {
    ...stored,
    record: async (batch) => {
      if (batch.some((run) => run.logs.length > 0)) throw new RangeError("Invalid string length");
      await stored.record(batch);
    },
  };
  await using fixture = await temporaryLibrary({ runs });
  const { library } = fixture;
  await library.add(skillDraft("echo"));
  await library.add(draftOf("loud", "console.log('x');"));
  for (const id of ["echo", "loud", "echo"]) await library.execute(id);
  await library.close();
  expect((await stored.totals()).byStatus).toStrictEqual({ ok: 2 });
  await stored.close();
  directory.remove();
});

test("journals that wait to be written are bounded: the oldest are dropped, their runs are not", async () => {
  const directory = temporaryDirectory();
  onTestFinished(() => directory.remove());
  const store = await sqliteRunStore({ path: join(directory.path, "runs.sqlite") });
  let isReachable = false;
  const runs: RunStore = {
    ...store,
    record: async (batch) => {
      if (!isReachable) throw new RepertoireError("STORE_UNAVAILABLE", "out of reach");
      return store.record(batch);
    },
  };
  const evidence = new Evidence({ runs, clock: systemClock });
  const mib = 2 ** 20;
  const contextJson = JSON.stringify("x".repeat(mib));
  for (let number = 1; number <= 40; number++) {
    evidence.record({
      runId: `run-${number}`,
      skillId: "a",
      version: 1,
      status: "ok",
      logs: [],
      logsDropped: 0,
      startedAt: "2026-01-01T00:00:00.000Z",
      durationMs: 1,
      cpuMs: 1,
      hostCalls: 0,
      journal: "kept",
      recording: {
        journal: { engine: "e@1", seed: 1, now: 1, contextJson, calls: [], order: [] },
        limits: runLimits(LIMITS),
      },
    });
  }
  expect(await rejection(evidence.flush())).toMatchObject({ code: "STORE_UNAVAILABLE" });
  isReachable = true;
  await evidence.close();
  const kept = (await store.list({ limit: 99 })).filter(({ journal }) => journal === "kept");
  expect((await store.totals()).runs).toBe(40);
  expect(kept.length).toBeGreaterThanOrEqual(16);
  expect(kept.length).toBeLessThanOrEqual(32);
  expect(kept.at(0)?.runId).toBe("run-40");
  expect((await store.find("run-1"))?.journal).toBe("dropped");
  await store.close();
});
