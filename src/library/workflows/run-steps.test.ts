import { describe, expect, test } from "vitest";
import type { JsonValue } from "../../base/json.ts";
import { LIMITS } from "../../base/limits.ts";
import { runSteps } from "./run-steps.ts";
import type { Attempt, StepsEnd } from "./run-steps.ts";
import { resolveSteps } from "./workflow.ts";
import type { WorkflowInput } from "./workflow.ts";

type Answer = (
  given: { readonly [key: string]: JsonValue },
  attempt: number,
) => Attempt | Promise<Attempt>;

const fails: Answer = () => ({ ok: false });

/** Runs steps whose skills are answered here; every other skill answers what it was given. */
async function run(
  input: WorkflowInput,
  answers: Readonly<Record<string, Answer>> = {},
  context: { readonly [key: string]: JsonValue } = {},
  maxConcurrent = 10,
): Promise<
  StepsEnd & {
    readonly given: Readonly<Record<string, JsonValue>>;
    readonly started: readonly string[];
  }
> {
  const given: Record<string, JsonValue> = {};
  const started: string[] = [];
  const attempts = new Map<string, number>();
  const steps = resolveSteps(input, { onError: "stop", timeoutMs: undefined }, LIMITS);
  const end = await runSteps({
    steps,
    context,
    maxConcurrent,
    isStopped: () => false,
    runStep: async (step, offered) => {
      given[step.id] = offered;
      started.push(step.id);
      attempts.set(step.id, (attempts.get(step.id) ?? 0) + 1);
      await Promise.resolve();
      return (
        answers[step.skill]?.(offered, attempts.get(step.id) ?? 0) ?? { ok: true, value: offered }
      );
    },
  });
  return { ...end, given, started };
}

const value =
  (of: JsonValue): Answer =>
  () => ({ ok: true, value: of });
const ok = { ok: true, attempts: 1 };
const failed = { ok: false, attempts: 1 };
const skipped = { ok: false, attempts: 0 };

describe("what a step is given", () => {
  test("is the shared context, the value of the step before, and its own members on top", async () => {
    const { given, context } = await run(
      ["one", "two", { skill: "three", context: { a: 9, own: true } }],
      { one: value(1), two: value([2]), three: value("three") },
      { a: 0, b: "shared" },
    );
    expect(given).toEqual({
      one: { a: 0, b: "shared" },
      two: { a: 0, b: "shared", prev_result: 1 },
      three: { a: 9, b: "shared", prev_result: [2], own: true },
    });
    expect(context).toEqual({ a: 0, b: "shared", prev_result: "three" });
  });

  test("has members filled in by JSON Pointer, at any depth, and null where there is nothing", async () => {
    const { given } = await run(
      [
        { id: "a/b~c", skill: "first" },
        {
          id: "last",
          skill: "second",
          context: {
            previous: { $from: "/prev_result" },
            deep: [{ inner: { $from: "/prev_result/list/1/x" } }],
            escaped: { $from: "/results/a~1b~0c/list/0" },
            shared: { $from: "/context/url" },
            whole: { $from: "" },
            missing: { $from: "/results/a~1b~0c/nobody/x" },
            beyond: { $from: "/prev_result/list/9" },
            inherited: { $from: "/prev_result/constructor/name" },
            ofText: { $from: "/context/url/length" },
            empty: { $from: "/context/" },
            notAlone: { $from: "/prev_result", more: 1 },
            notText: { $from: 1 },
          },
        },
      ],
      { first: value({ list: [0, { x: "found" }] }) },
      { url: "http://x", "": "the empty key" },
    );
    const first = { list: [0, { x: "found" }] };
    expect(given["last"]).toEqual({
      url: "http://x",
      "": "the empty key",
      prev_result: first,
      previous: first,
      deep: [{ inner: "found" }],
      escaped: 0,
      shared: "http://x",
      whole: {
        context: { url: "http://x", "": "the empty key" },
        prev_result: first,
        results: { "a/b~c": first },
      },
      missing: null,
      beyond: null,
      inherited: null,
      ofText: null,
      empty: "the empty key",
      notAlone: { $from: "/prev_result", more: 1 },
      notText: { $from: 1 },
    });
  });

  test("is an object of values when it needs several, by step id, and the value itself when it needs one", async () => {
    const { given } = await run(
      [
        { id: "left", skill: "l", needs: [] },
        { id: "right", skill: "r", needs: [] },
        { id: "one", skill: "one", needs: ["right"] },
        { id: "both", skill: "both", needs: ["right", "left"] },
      ],
      { l: value("L"), r: value("R") },
    );
    expect(given["one"]).toEqual({ prev_result: "R" });
    expect(given["both"]).toEqual({ prev_result: { left: "L", right: "R" } });
  });

  test("is the caller's prev_result where nothing ran before", async () => {
    const { given } = await run(["a", { skill: "b", needs: [] }], {}, { prev_result: "given" });
    expect(given["b"]).toEqual({ prev_result: "given" });
  });
});

describe("order", () => {
  test("steps that do not need each other run at the same time, as far as allowed", async () => {
    const both = Promise.withResolvers<void>();
    let waiting = 0;
    const meet: Answer = async () => {
      if (++waiting === 2) both.resolve();
      await both.promise;
      return { ok: true, value: null };
    };
    const { ends } = await run(
      [
        { id: "a", skill: "meet", needs: [] },
        { id: "b", skill: "meet", needs: [] },
      ],
      { meet },
    );
    expect(ends).toEqual([ok, ok]);
  });

  test("no more run at once than allowed", async () => {
    let running = 0;
    let most = 0;
    const count: Answer = async () => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running -= 1;
      return { ok: true, value: null };
    };
    const steps = Array.from({ length: 7 }, () => ({ skill: "count", needs: [] }));
    const { ends } = await run(steps, { count }, {}, 3);
    expect([most, ends.every((end) => end.ok)]).toEqual([3, true]);
  });

  test("a step may stand in the list before what it needs", async () => {
    const { started, ends } = await run([
      { id: "last", skill: "x", needs: ["first"] },
      { id: "first", skill: "x", needs: [] },
    ]);
    expect([started, ends]).toEqual([
      ["first", "last"],
      [ok, ok],
    ]);
  });
});

describe("failure", () => {
  test("stops the rest, and keeps the last value that succeeded", async () => {
    const { ends, started, context } = await run(["a", "bad", "c"], { a: value(1), bad: fails });
    expect([ends, started, context]).toEqual([
      [ok, failed, skipped],
      ["a", "bad"],
      { prev_result: 1 },
    ]);
  });

  test("that may be passed over hands on what the step was given", async () => {
    const { ends, given, context } = await run(["a", { skill: "bad", onError: "continue" }, "c"], {
      a: value(1),
      bad: fails,
      c: value(3),
    });
    expect(ends).toEqual([ok, failed, ok]);
    expect(given["c"]).toEqual({ prev_result: 1 });
    expect(context).toEqual({ prev_result: 3 });
  });

  test("skips what needs the step, even where it may be passed over, and what needs that", async () => {
    const { ends } = await run(
      [
        { id: "bad", skill: "bad", needs: [], onError: "continue" },
        { id: "child", skill: "x", needs: ["bad"] },
        { id: "grandchild", skill: "x", needs: ["child"] },
        { id: "free", skill: "x", needs: [] },
      ],
      { bad: fails },
    );
    expect(ends).toEqual([failed, skipped, skipped, ok]);
  });

  test("does not keep a step from running that only comes after a skipped one", async () => {
    const { ends } = await run(
      [
        { id: "skipped", skill: "x", needs: ["between"] },
        { id: "after", skill: "x" },
        { id: "bad", skill: "bad", needs: [], onError: "continue" },
        { id: "between", skill: "x", needs: ["bad"] },
      ],
      { bad: fails },
    );
    expect(ends).toEqual([skipped, ok, failed, skipped]);
  });

  test("is tried again as often as said, and no oftener", async () => {
    const third: Answer = (_, attempt) =>
      attempt === 3 ? { ok: true, value: attempt } : { ok: false };
    const { ends, context } = await run(
      [
        { skill: "third", retry: 5 },
        { skill: "bad", retry: 2 },
      ],
      { third, bad: fails },
    );
    expect([ends, context]).toEqual([
      [
        { ok: true, attempts: 3 },
        { ok: false, attempts: 3 },
      ],
      { prev_result: 3 },
    ]);
  });

  test("nothing starts, and nothing is tried again, once it is stopped from outside", async () => {
    let stopped = false;
    const steps = resolveSteps(
      ["a", "b"],
      { onError: "continue", timeoutMs: undefined },
      LIMITS,
    ).map((step) => ({ ...step, retry: 3 }));
    const { ends } = await runSteps({
      steps,
      context: {},
      maxConcurrent: 2,
      isStopped: () => stopped,
      runStep: async () => {
        stopped = true;
        return { ok: false };
      },
    });
    expect(ends).toEqual([failed, skipped]);
  });
});

test("its source refers to nothing outside itself, so that a saved workflow can carry it", async () => {
  const source = encodeURIComponent(`export ${runSteps.toString()}`);
  const alone = (await import(`data:text/javascript,${source}`)) as {
    readonly runSteps: typeof runSteps;
  };
  const steps = resolveSteps(
    [
      "a",
      { skill: "b", context: { x: { $from: "/prev_result/0" } }, onError: "continue" },
      { id: "c", skill: "c", needs: ["a"] },
    ],
    { onError: "stop", timeoutMs: undefined },
    LIMITS,
  );
  const end = await alone.runSteps({
    steps,
    context: {},
    maxConcurrent: 1,
    isStopped: () => false,
    runStep: async (step, given) =>
      step.id === "b" ? { ok: false } : { ok: true, value: [step.id, given] },
  });
  expect(end).toEqual({
    ends: [ok, failed, ok],
    context: { prev_result: ["c", { prev_result: ["a", {}] }] },
  });
});
