import { expect, test, vi } from "vitest";
import { requestGate } from "./request-gate.ts";

test("so many requests a minute, and no more", async () => {
  vi.useFakeTimers();
  try {
    const clock = { now: () => Date.now(), monotonicMs: () => Date.now() };
    const gate = requestGate({ maxConcurrent: 10, requestsPerMinute: 2, clock });
    const { signal } = new AbortController();
    const startedMs = Date.now();
    const started: number[] = [];
    const passing = Array.from({ length: 5 }, () =>
      gate.pass(false, signal, () => {
        started.push(Date.now() - startedMs);
        return Promise.resolve();
      }),
    );
    await vi.advanceTimersByTimeAsync(200_000);
    await Promise.all(passing);
    expect(started).toEqual([0, 0, 60_000, 60_000, 120_000]);
  } finally {
    vi.useRealTimers();
  }
});

test("a pause holds back whoever comes, and a signal ends the wait", async () => {
  const gate = requestGate({
    maxConcurrent: 1,
    requestsPerMinute: undefined,
    clock: { now: () => 0, monotonicMs: () => 0 },
  });
  gate.pause(1_000_000);
  const controller = new AbortController();
  const held = gate.pass(false, controller.signal, () => Promise.resolve());
  const queued = gate.pass(true, controller.signal, () => Promise.resolve());
  controller.abort(new Error("enough"));
  await expect(held).rejects.toMatchObject({ code: "CANCELLED" });
  await expect(queued).rejects.toThrow("enough");
});
