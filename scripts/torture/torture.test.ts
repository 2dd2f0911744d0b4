import { expect, test } from "vitest";
import { canMount } from "../../src/store/testing-fixtures/small-disk.ts";
import { torture } from "./torture.ts";

test("a library under torture loses nothing, shows nothing stale and stays whole", async () => {
  const report = await torture({
    durationMs: 6000,
    roundMs: 6000,
    processes: 3,
    seed: 1,
    fullDisk: false,
  });
  expect(report.findings).toStrictEqual([]);
  expect(report).toMatchObject({ isSound: true, rounds: 1, lostWrites: 0, staleReads: 0 });
  expect(report.doubleOwnerWrites).toBe(0);
  expect(report.kills).toBeGreaterThan(0);
  expect(report.integrityChecks).toBe(report.kills + 1);
  expect(report.operations).toBeGreaterThan(10);
}, 180_000);

test.skipIf(!canMount())(
  "a library on a disk that fills up refuses writes, and stays whole",
  async () => {
    const report = await torture({
      durationMs: 9000,
      roundMs: 9000,
      processes: 2,
      seed: 2,
      fullDisk: true,
      firstRound: 3,
    });
    expect(report.findings).toStrictEqual([]);
    expect(report).toMatchObject({ isSound: true, rounds: 1, fullDiskRounds: 1, lostWrites: 0 });
    expect(report.refused["STORE_UNAVAILABLE"]).toBeGreaterThan(0);
  },
  180_000,
);
