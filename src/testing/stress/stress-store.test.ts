import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { SkillStore, StoredVersion } from "../../store/skill-store.ts";
import { sqliteSkillStore } from "../../store/sqlite/sqlite-skill-store.ts";
import { temporaryDirectory } from "../../store/testing-fixtures/temporary-directory.ts";
import { faultyDriver } from "../faults/faulty-driver.ts";
import { brokenStore } from "../testing-fixtures/broken-store.ts";
import type { Breakage } from "../testing-fixtures/broken-store.ts";
import { stressStore } from "./stress-store.ts";
import type { StressStoreOptions } from "./stress-store.ts";

let directory: ReturnType<typeof temporaryDirectory>;

beforeEach(() => {
  directory = temporaryDirectory();
});

afterEach(() => directory.remove());

const open = () =>
  sqliteSkillStore({ path: join(directory.path, "library.sqlite"), durability: "normal" });

test("a store that keeps its promises is found sound, and all it did is counted", async () => {
  const report = await stressStore({ connect: open, seed: 1, operations: 150 });
  expect(report.findings).toStrictEqual([]);
  expect(report).toMatchObject({
    isSound: true,
    seed: 1,
    lostWrites: 0,
    staleReads: 0,
    check: { verdict: "linearizable", objects: 3, unanswered: 0, undecided: [] },
  });
  expect(report.check.operations).toBeGreaterThan(600);
  expect(report.acknowledgedWrites).toBeGreaterThan(100);
  expect(report.reads).toBeGreaterThan(200);
});

test("slow calls, refused calls and lost answers are no fault of a store", async () => {
  const report = await stressStore({
    connect: async (client) =>
      faultyDriver(await open(), {
        seed: client.length,
        slow: 0.1,
        slowMs: 3,
        error: 0.1,
        lost: client === "last" ? 0 : 0.1,
      }),
    seed: 2,
    operations: 100,
  });
  expect(report.findings).toStrictEqual([]);
  expect(report.check.unanswered).toBeGreaterThan(0);
  expect(report.refused["STORE_UNAVAILABLE"]).toBeGreaterThan(0);
});

test.for<Breakage>([
  "lost update",
  "stale read",
  "lost acknowledged write",
  "dirty read",
  "effect of a refused write",
])("a store with the fault “%s” is caught", async (breakage) => {
  const shared = { uncommitted: new Map<string, StoredVersion>() };
  const report = await stressStore({
    connect: async (client) =>
      client === "last" ? open() : brokenStore(await open(), breakage, shared),
    seed: 3,
    operations: 200,
  });
  expect(report.isSound).toBe(false);
  expect(report.check.verdict).toBe("not-linearizable");
  expect(report.findings[0]).toBe("Found with seed 3:");
  expect(report.findings[1]).toMatch(/^"skill\d" is not linearizable: of its \d+ operations/);
  if (breakage === "stale read") expect(report.staleReads).toBeGreaterThan(0);
  if (breakage === "lost acknowledged write") expect(report.lostWrites).toBeGreaterThan(0);
});

test("a store that fails in a way of its own is a finding, and so is one that never answers", async () => {
  const failing = async (): Promise<SkillStore> =>
    new Proxy(await open(), {
      get: (store, name) =>
        name === "find" || name === "append"
          ? () => Promise.reject(new TypeError(`${name} is not yet written`))
          : Reflect.get(store, name, store),
    });
  const failed = await stressStore({ connect: failing, seed: 4, operations: 50 });
  expect(failed.isSound).toBe(false);
  expect(failed.findings[0]).toBe("Found with seed 4:");
  expect(failed.findings[1]).toMatch(/^client \d ended early: TypeError: \w+ is not yet written/);

  const silent = await stressStore({
    connect: async () => faultyDriver(await open(), { seed: 1, error: 1 }),
    seed: 5,
    operations: 20,
    clients: 1,
  });
  expect(silent).toMatchObject({ isSound: false, check: { verdict: "linearizable" } });
  expect(silent.findings[1]).toMatch(
    /^No call was answered \(0 of unknown outcome, \d+ STORE_UNAVAILABLE\), so nothing was checked$/,
  );
});

test.for<[Partial<StressStoreOptions>, string]>([
  [{ seed: Number.NaN }, "Expected `seed` to be a whole number"],
  [{ clients: 0 }, "Expected `clients` to be a whole number of at least 1, got 0"],
  [{ operations: Number.NaN }, "Expected `operations` to be a whole number of at least 1, got NaN"],
  [{ keys: -1 }, "Expected `keys` to be a whole number of at least 1, got -1"],
  [{ maxSteps: Number.NaN }, "Expected `maxSteps` to be a whole number of at least 1, got NaN"],
  [{ mix: {} }, "Expected `mix` to give something a weight above 0"],
  [{ mix: { guarded: 1 } }, "Expected `mix` to give weights from 0 to some of add, update"],
  [{ mix: { get: -1 } }, "Expected `mix` to give weights from 0 to some of add, update"],
])("stress with %o is refused", async ([options, message]) => {
  await expect(
    stressStore({ connect: open, seed: 1, operations: 5, ...options }),
  ).rejects.toMatchObject({
    code: "INVALID_INPUT",
    message: expect.stringContaining(message),
  });
});
