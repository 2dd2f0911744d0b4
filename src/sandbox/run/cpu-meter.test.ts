import { expect, test } from "vitest";
import { createCpuMeter } from "./cpu-meter.ts";
import { monotonicMs } from "./monotonic.ts";

/** Keeps this thread busy, or asleep with nothing else running on it. */
function busy(ms: number): void {
  const untilMs = monotonicMs() + ms;
  while (monotonicMs() < untilMs);
}

function asleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test("slices add up, and nothing counts between them", () => {
  const meter = createCpuMeter(1000);
  meter.begin(100);
  meter.end(104);
  expect(meter.usedMs(500)).toBe(4);
  meter.begin(500);
  expect(meter.usedMs(503)).toBe(7);
  meter.end(505);
  expect(meter.usedMs(10_000)).toBe(9);
  expect([meter.mayBeSpent(10_000), meter.isSpent(10_000)]).toEqual([false, false]);
});

test("a budget is spent by a thread that was busy for it", () => {
  const meter = createCpuMeter(30);
  const begunMs = monotonicMs();
  meter.begin(begunMs);
  while (!meter.isSpent(monotonicMs()) && monotonicMs() < begunMs + 20_000) busy(1);
  const nowMs = monotonicMs();
  expect(meter.isSpent(nowMs)).toBe(true);
  expect(meter.usedMs(nowMs)).toBeGreaterThanOrEqual(30);
  expect(meter.usedMs(nowMs)).toBeLessThanOrEqual(nowMs - begunMs + 0.001);
});

test.runIf("threadCpuUsage" in process)(
  "a thread that was not given a processor is not charged for it",
  () => {
    const meter = createCpuMeter(200);
    meter.begin(monotonicMs());
    asleep(250);
    const nowMs = monotonicMs();
    expect([meter.mayBeSpent(nowMs), meter.isSpent(nowMs)]).toEqual([true, false]);
    expect(meter.usedMs(nowMs)).toBeLessThan(200);
  },
);

test("what was told once is not taken back", () => {
  const meter = createCpuMeter(1000);
  const begunMs = monotonicMs();
  meter.begin(begunMs);
  const early = meter.usedMs(begunMs + 9.9);
  asleep(20);
  expect(meter.usedMs(monotonicMs())).toBeGreaterThanOrEqual(early);
});
