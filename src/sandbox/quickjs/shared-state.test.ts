import { expect, test } from "vitest";
import { monotonicMs } from "../run/monotonic.ts";
import { SharedState } from "./shared-state.ts";

function hold(ms: number): void {
  const untilMs = monotonicMs() + ms;
  while (monotonicMs() < untilMs);
}

test("processor time of a slot grows while it executes, and not otherwise", () => {
  const shared = SharedState.forSlots(2);
  shared.assign(0);
  shared.assign(1);
  shared.enter(1);
  hold(5);
  expect(shared.cpuMs(1)).toBeGreaterThanOrEqual(5);
  expect(shared.cpuMs(0)).toBe(0);
  shared.leave(1, 12.3);
  hold(5);
  expect([shared.cpuMs(0), shared.cpuMs(1)]).toEqual([0, 12.3]);
  shared.enter(1);
  hold(2);
  expect(shared.cpuMs(1)).toBeGreaterThanOrEqual(14.2);
  shared.leave(1, 15);
  shared.assign(1);
  expect(shared.cpuMs(1)).toBe(0);
});

test("what a slot tells replaces what was counted until then", () => {
  const shared = SharedState.forSlots(1);
  shared.assign(0);
  shared.enter(0);
  hold(50);
  shared.tellCpu(0, 1);
  const before = shared.cpuMs(0);
  hold(5);
  expect(before).toBeGreaterThanOrEqual(0.9);
  expect(shared.cpuMs(0) - before).toBeGreaterThanOrEqual(4.8);
  shared.tellCpu(0, 2);
  shared.leave(0, 2);
  expect(shared.cpuMs(0)).toBe(2);
});

test("a time too long for the memory it is kept in stays the longest", () => {
  const shared = SharedState.forSlots(1);
  shared.assign(0);
  shared.enter(0);
  shared.leave(0, 1e12);
  expect(shared.cpuMs(0)).toBeGreaterThan(2e8);
});
