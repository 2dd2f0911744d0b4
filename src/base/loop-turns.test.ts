import { expect, test } from "vitest";
import { inTurn, LOOP_TURN_MS, loopTurn, mapInTurns } from "./loop-turns.ts";

/** Keeps the thread busy for as long as a turn takes. */
function useUpTheTurn(): void {
  const endMs = performance.now() + LOOP_TURN_MS;
  while (performance.now() < endMs);
}

function round(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("work is done at once while the turn lasts", async () => {
  await round();
  await round();
  expect(inTurn(() => "done")).toBe("done");
});

test("a timer gets its turn while work is awaited that never waits for anything", async () => {
  const timer = AbortSignal.timeout(1);
  // Without turns this would go on for ever.
  while (!timer.aborted) await inTurn(() => "done");
  expect(timer.aborted).toBe(true);
});

test("work beyond the turn is done in later rounds, in the order in which it came", async () => {
  await round();
  const order: string[] = [];
  const all = ["first", "second", "third", "fourth"].map((name) =>
    inTurn(() => {
      useUpTheTurn();
      order.push(name);
    }),
  );
  expect(order).toEqual(["first"]);
  setImmediate(() => order.push("somebody else"));
  await Promise.all(all.map((each) => Promise.resolve(each)));
  expect(order).toEqual(["first", "second", "somebody else", "third", "fourth"]);
});

test("work that comes while others wait does not overtake them", async () => {
  await round();
  const order: string[] = [];
  void inTurn(useUpTheTurn);
  const waiting = inTurn(() => {
    useUpTheTurn();
    order.push("waited");
  });
  const late = new Promise<void>((resolve) => {
    setImmediate(
      () => void Promise.resolve(inTurn(() => order.push("late"))).then(() => resolve()),
    );
  });
  await Promise.all([waiting, late]);
  expect(order).toEqual(["waited", "late"]);
});

test("what fails in a later round rejects, and holds up nobody", async () => {
  await round();
  void inTurn(useUpTheTurn);
  const failing = inTurn(() => {
    throw new Error("went wrong");
  });
  const next = inTurn(() => "next");
  await expect(failing).rejects.toThrow("went wrong");
  expect(await next).toBe("next");
  await loopTurn();
});

test("a long list is mapped in turns, in order", async () => {
  let rounds = 0;
  let isOver = false;
  const count = (): void => {
    rounds += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const mapped = await mapInTurns([1, 2, 3, 4, 5], (item) => {
    useUpTheTurn();
    return item * 2;
  });
  isOver = true;
  expect(mapped).toEqual([2, 4, 6, 8, 10]);
  expect(rounds).toBeGreaterThan(1);
  expect(await mapInTurns([], String)).toEqual([]);
});
