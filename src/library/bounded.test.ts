import fc from "fast-check";
import { expect, test } from "vitest";
import { mapBounded } from "./bounded.ts";

test("gives results in the order of the items and never works on more than allowed at once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer()),
      fc.integer({ min: 1, max: 8 }),
      fc.scheduler(),
      async (items, maxConcurrent, scheduler) => {
        let running = 0;
        let most = 0;
        const started: number[] = [];
        const mapped = mapBounded(items, maxConcurrent, async (item, index) => {
          started.push(index);
          most = Math.max(most, ++running);
          await scheduler.schedule(Promise.resolve());
          running -= 1;
          return [item, index];
        });
        expect(await scheduler.waitFor(mapped)).toEqual(items.map((item, index) => [item, index]));
        expect(started).toEqual(items.map((_, index) => index));
        expect(most).toBe(Math.min(items.length, maxConcurrent));
      },
    ),
    { numRuns: 50 },
  );
});

test("rejects with the first failure, starts nothing after it, and waits for what is under way", async () => {
  const gate = Promise.withResolvers<void>();
  const events: string[] = [];
  const mapped = mapBounded([0, 1, 2, 3], 2, async (item) => {
    events.push(`start ${item}`);
    if (item === 0) throw new Error("first");
    await gate.promise;
    events.push(`end ${item}`);
    throw new Error("second");
  });
  const rejected = mapped.catch((error: unknown) => {
    events.push("rejected");
    return error;
  });
  await new Promise(setImmediate);
  expect(events).toEqual(["start 0", "start 1"]);
  gate.resolve();
  expect(await rejected).toEqual(new Error("first"));
  expect(events).toEqual(["start 0", "start 1", "end 1", "rejected"]);
});

test("a failure that is undefined is still a failure", async () => {
  const mapped = mapBounded([1], 1, () => Promise.reject(undefined as unknown as Error));
  expect(
    await mapped.then(
      () => "resolved",
      () => "rejected",
    ),
  ).toBe("rejected");
});
