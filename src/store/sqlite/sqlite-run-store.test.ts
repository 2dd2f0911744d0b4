import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as vitest from "vitest";
import { expect, onTestFinished, test } from "vitest";
import { LIMITS, runLimits } from "../../base/limits.ts";
import { learnedUsesContract, queryUse } from "../learned-uses.contract.ts";
import { runStoreContract } from "../run-store.contract.ts";
import type { RunStorePlace } from "../contract/run-store-place.ts";
import { temporaryDirectory } from "../testing-fixtures/temporary-directory.ts";
import type { RecordedRun } from "../run-store.ts";
import { RUNS_SCHEMA } from "./runs-schema.ts";
import { sqliteRunStore } from "./sqlite-run-store.ts";
import { declareContract } from "../../testing/contract/run-contract.ts";

async function openPlace(): Promise<RunStorePlace> {
  const directory = temporaryDirectory();
  return {
    connect: (maxRecords, maxJournalBytes = 1_000_000) =>
      sqliteRunStore({ path: join(directory.path, "runs.sqlite"), maxRecords, maxJournalBytes }),
    dispose: async () => directory.remove(),
  };
}

declareContract(runStoreContract("sqliteRunStore", openPlace), vitest);
declareContract(learnedUsesContract("sqliteRunStore", openPlace), vitest);

function runOf(runId: string, secret: string): RecordedRun {
  return {
    runId,
    skillId: "echo",
    version: 1,
    status: "error",
    error: { name: "Error", message: secret },
    logs: [{ level: "log", text: secret }],
    logsDropped: 0,
    startedAt: "2026-01-01T00:00:00.000Z",
    durationMs: 1,
    cpuMs: 1,
    hostCalls: 0,
    journal: "kept",
    recording: {
      journal: {
        engine: "e@1",
        seed: 1,
        now: 1,
        contextJson: JSON.stringify(secret.repeat(2000)),
        calls: [],
        order: [],
      },
      limits: runLimits(LIMITS),
    },
  };
}

test("what was redacted is in no file of the store any more", async () => {
  const directory = temporaryDirectory();
  onTestFinished(() => directory.remove());
  const store = await sqliteRunStore({ path: join(directory.path, "runs.sqlite") });
  await store.record([runOf("a", "s3cret"), runOf("b", "public")]);
  await store.redact("a");
  const bytes = Buffer.concat(
    readdirSync(directory.path).map((name) => readFileSync(join(directory.path, name))),
  );
  await store.close();
  expect([bytes.includes("s3cret"), bytes.includes("public")]).toEqual([false, true]);
});

test("a forgotten query is in no file of the store any more", async () => {
  const directory = temporaryDirectory();
  onTestFinished(() => directory.remove());
  const store = await sqliteRunStore({ path: join(directory.path, "runs.sqlite") });
  await store.recordUses([queryUse("s3cret", "a"), queryUse("public", "a")]);
  await store.forgetUses({ query: "s3cret" });
  const bytes = Buffer.concat(
    readdirSync(directory.path).map((name) => readFileSync(join(directory.path, name))),
  );
  await store.close();
  expect([bytes.includes("s3cret"), bytes.includes("public")]).toEqual([false, true]);
});

test("uses are bounded in all, and whoever has most of them loses the oldest", async () => {
  const directory = temporaryDirectory();
  onTestFinished(() => directory.remove());
  const maxUses = { ofSkill: 3, inAll: 5 };
  const store = await sqliteRunStore({ path: join(directory.path, "runs.sqlite"), maxUses });
  await store.recordUses([
    queryUse("q", "a", { caller: "quiet" }),
    ...["a", "b", "c"].flatMap((skillId, at) =>
      [1, 2].map((n) => queryUse(`${skillId}${n}`, skillId, { caller: "loud", second: at + n })),
    ),
  ]);
  const { uses } = await store.usesSince(0);
  await store.close();
  expect(uses.map(({ query }) => query)).toEqual(["q", "b1", "b2", "c1", "c2"]);
});

test("a file of the first release opens, keeps its runs and takes recordings", async () => {
  const directory = temporaryDirectory();
  onTestFinished(() => directory.remove());
  const path = join(directory.path, "runs.sqlite");
  const old = new DatabaseSync(path);
  old.exec(RUNS_SCHEMA.migrations[0] ?? "");
  old.exec(`PRAGMA application_id = ${RUNS_SCHEMA.applicationId}; PRAGMA user_version = 1;
    INSERT INTO runs VALUES (1, 'old', 'echo', 1, 'ok', NULL, '[]', 0,
      '2026-01-01T00:00:00.000Z', 5, 1, 0, NULL, NULL)`);
  old.close();
  const store = await sqliteRunStore({ path });
  const run = runOf("new", "x");
  await store.record([run]);
  expect(await store.find("old")).toStrictEqual({
    runId: "old",
    skillId: "echo",
    version: 1,
    status: "ok",
    logs: [],
    logsDropped: 0,
    startedAt: "2026-01-01T00:00:00.000Z",
    durationMs: 5,
    cpuMs: 1,
    hostCalls: 0,
  });
  expect(await store.recording("old")).toBeUndefined();
  expect(await store.recording("new")).toStrictEqual(run.recording);
  await store.close();
});
