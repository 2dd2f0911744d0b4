import { expect, test } from "vitest";
import type { Clock } from "../../base/clock.ts";
import { RecentSearches } from "./recent-searches.ts";

const MINUTE_MS = 60_000;

function at(state: { now: number }): Clock {
  return { now: () => state.now, monotonicMs: () => state.now };
}

test("the latest query that showed a caller the skill is found, for ten minutes", () => {
  const state = { now: 0 };
  const recent = new RecentSearches(at(state));
  recent.add("a", "first", ["x", "y"]);
  state.now = MINUTE_MS;
  recent.add("a", "second", ["y"]);
  recent.add("b", "other", ["x"]);
  expect(["x", "y", "z"].map((id) => recent.queryFor("a", id))).toEqual([
    "first",
    "second",
    undefined,
  ]);
  expect(recent.queryFor("c", "x")).toBeUndefined();
  state.now = 10.5 * MINUTE_MS;
  expect([recent.queryFor("a", "x"), recent.queryFor("a", "y")]).toEqual([undefined, "second"]);
  recent.clear();
  expect(recent.queryFor("a", "y")).toBeUndefined();
});

test("one search leads to five skills at most, to each as often as it is run", () => {
  const recent = new RecentSearches(at({ now: 0 }));
  const shown = Array.from({ length: 8 }, (_, n) => `s${n}`);
  recent.add("", "all of them", shown);
  const led = [...shown, "s0"].map((id) => recent.queryFor("", id) !== undefined);
  expect(led).toEqual([true, true, true, true, true, false, false, false, true]);
});

test("a caller that searches a lot loses its own searches, not those of others", () => {
  const recent = new RecentSearches(at({ now: 0 }));
  recent.add("quiet", "kept", ["x"]);
  for (let n = 0; n < 5000; n++) recent.add("loud", `q${n}`, [`s${n}`]);
  expect(recent.queryFor("quiet", "x")).toBe("kept");
  expect([recent.queryFor("loud", "s0"), recent.queryFor("loud", "s4999")]).toEqual([
    undefined,
    "q4999",
  ]);
});
