import { expect, test } from "vitest";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  contractSuite,
  describe,
} from "./contract-suite.ts";
import { test as contractTest, waitFor } from "./contract-suite.ts";
import type { ContractSuite } from "./contract-suite.ts";
import { contractCases, declareContract } from "./run-contract.ts";

function example(log: string[]): ContractSuite {
  const note = (text: string) => async () => void log.push(text);
  return contractSuite("outer", () => {
    beforeAll(note("before all"), 5000);
    afterAll(note("after all"));
    beforeEach(note("before each"));
    afterEach(note("after each"));
    contractTest("first", note("first"));
    describe("inner", () => {
      beforeEach(note("inner before each"));
      afterEach(note("inner after each"));
      contractTest.each([
        ["a", 1],
        ["b", 2],
      ])("case %s", (letter, number) => void log.push(`${letter}${number}`));
      contractTest("slow", note("slow"), 9000);
      contractTest.skip("not yet", note("not yet"));
    });
    contractTest("failing", () => {
      throw new Error("broken");
    });
  });
}

test("each case can be run alone, with all that is done before and after it, also when it fails", async () => {
  const log: string[] = [];
  const cases = contractCases(example(log));
  expect(cases.map(({ run: _, ...rest }) => rest)).toStrictEqual([
    { name: "outer › first" },
    { name: "outer › inner › case a" },
    { name: "outer › inner › case b" },
    { name: "outer › inner › slow", timeoutMs: 9000 },
    { name: "outer › inner › not yet", skipped: "it is declared as skipped" },
    { name: "outer › failing" },
  ]);
  await cases[2]?.run();
  expect(log.splice(0)).toStrictEqual([
    "before all",
    "before each",
    "inner before each",
    "b2",
    "inner after each",
    "after each",
    "after all",
  ]);
  await expect(cases[5]?.run()).rejects.toThrow("broken");
  expect(log).toStrictEqual(["before all", "before each", "after each", "after all"]);
});

test("a suite is declared to a runner as if it had been written for it", () => {
  const calls: unknown[] = [];
  const note = (what: string) => (name: unknown, second?: unknown, third?: unknown) => {
    const options = [second, third].filter((each) => typeof each !== "function");
    calls.push([what, typeof name === "function" ? "" : name, ...options.filter(Boolean)]);
  };
  const runner = {
    describe(name: string, define: () => void) {
      calls.push(["describe", name]);
      define();
      calls.push(["end", name]);
    },
    test: Object.assign(note("test"), { skip: note("skip") }),
    beforeEach: note("beforeEach"),
    afterEach: note("afterEach"),
    before: note("before"),
    after: note("after"),
  };
  declareContract(example([]), runner);
  expect(calls).toStrictEqual([
    ["describe", "outer"],
    ["before", "", { timeout: 5000 }],
    ["after", ""],
    ["beforeEach", ""],
    ["afterEach", ""],
    ["test", "first"],
    ["describe", "inner"],
    ["beforeEach", ""],
    ["afterEach", ""],
    ["test", "case a"],
    ["test", "case b"],
    ["test", "slow", { timeout: 9000 }],
    ["skip", "not yet (it is declared as skipped)"],
    ["end", "inner"],
    ["test", "failing"],
    ["end", "outer"],
  ]);
});

test("what is declared outside of any suite is refused", () => {
  expect(() => contractTest("lost", () => undefined)).toThrow(
    "Tests of a contract are declared within contractSuite",
  );
});

test("waiting ends when it holds, or with the last failure", async () => {
  let tries = 0;
  await waitFor(
    () => {
      tries += 1;
      if (tries < 3) throw new Error("not yet");
    },
    { timeout: 10_000, interval: 1 },
  );
  expect(tries).toBe(3);
  const never = () => Promise.reject(new Error("never"));
  await expect(waitFor(never, { timeout: 5, interval: 1 })).rejects.toThrow("never");
});
