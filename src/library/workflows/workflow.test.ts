import { describe, expect, test } from "vitest";
import { LIMITS } from "../../base/limits.ts";
import { resolveSteps } from "./workflow.ts";
import type { ResolvedStep, WorkflowInput } from "./workflow.ts";

function resolve(steps: unknown, limits = LIMITS): readonly ResolvedStep[] {
  return resolveSteps(steps as WorkflowInput, { onError: "stop", timeoutMs: undefined }, limits);
}

function refusal(steps: unknown): string {
  try {
    resolve(steps);
  } catch (error) {
    expect(error).toMatchObject({ code: "INVALID_INPUT" });
    return (error as Error).message;
  }
  return expect.unreachable("the steps were accepted");
}

describe("resolveSteps", () => {
  test("fills in what is left out", () => {
    expect(
      resolve(["a", { skill: "ns/b", retry: 2, timeoutMs: 5, onError: "continue", version: 3 }]),
    ).toEqual([
      { id: "a", skill: "a", context: {}, needs: [], retry: 0, onError: "stop" },
      {
        id: "ns/b",
        skill: "ns/b",
        version: 3,
        context: {},
        needs: [],
        after: "a",
        retry: 2,
        onError: "continue",
        timeoutMs: 5,
      },
    ]);
    expect(
      resolveSteps(["a"], { onError: "continue", timeoutMs: 7 }, LIMITS).map(
        ({ onError, timeoutMs }) => [onError, timeoutMs],
      ),
    ).toEqual([["continue", 7]]);
  });

  test("numbers the steps that run the same skill, around names that are taken", () => {
    expect(
      resolve(["a", "a", { id: "a-3", skill: "b" }, "a", "b"]).map(({ id, after }) => [id, after]),
    ).toEqual([
      ["a", undefined],
      ["a-2", "a"],
      ["a-3", "a-2"],
      ["a-4", "a-3"],
      ["b", "a-4"],
    ]);
  });

  test("takes a need that is named twice once, so that it is still the only one", () => {
    const [, step] = resolve(["a", { skill: "b", needs: ["a", "a"] }]);
    expect(step?.needs).toEqual(["a"]);
  });

  test("refuses what is no list of steps", () => {
    expect([refusal([]), refusal("a"), refusal(undefined)]).toEqual([
      "Expected the steps of a workflow to be a list that is not empty, got []",
      'Expected the steps of a workflow to be a list that is not empty, got "a"',
      "Expected the steps of a workflow to be a list that is not empty, got nothing",
    ]);
    expect(() => resolve(["a", "b", "c"], { ...LIMITS, workflowSteps: 2 })).toThrow(
      expect.objectContaining({
        code: "LIMIT_EXCEEDED",
        message: "The workflow has 3 steps; at most 2 are allowed",
      }),
    );
  });

  test("refuses a malformed step with its place, its value and what is right", () => {
    expect(refusal(["a", 5])).toBe("Expected steps[1] to be a skill id or { skill, … }, got 5");
    expect(refusal([["a"]])).toContain(
      'Expected steps[0] to be a skill id or { skill, … }, got ["a"]',
    );
    expect(refusal(["No Id"])).toContain("Expected `steps[0].skill` to be a skill id (");
    expect(refusal([{ id: "x" }])).toContain("Expected `steps[0].skill`");
    expect(refusal([{ skill: "a", id: "" }])).toContain(
      "Expected `steps[0].id` to be a text of 1 to 128",
    );
    expect(refusal([{ skill: "a", needs: "b" }])).toContain(
      "Expected `steps[0].needs` to be a list of step ids",
    );
    expect(refusal([{ skill: "a", needs: [1] }])).toContain("Expected `steps[0].needs`");
    expect(refusal([{ skill: "a", retry: -1 }])).toContain(
      "Expected `steps[0].retry` to be a whole number from 0 to 100",
    );
    expect(refusal([{ skill: "a", onError: "ignore" }])).toContain(
      "Expected `steps[0].onError` to be one of stop, continue",
    );
    expect(refusal([{ skill: "a", timeoutMs: Number.NaN }])).toContain(
      "Expected `steps[0].timeoutMs`",
    );
    expect(refusal([{ skill: "a", version: 0 }])).toContain("Expected `steps[0].version`");
    expect(refusal([{ skill: "a", context: [1] }])).toBe(
      "Expected `steps[0].context` to be a JSON object, got [1]",
    );
    expect(refusal([{ skill: "a", context: { f: () => 1 } }])).toBe(
      "Expected `steps[0].context` to be a JSON object, got a function at f",
    );
  });

  test("refuses a field that does not exist, with those that do", () => {
    expect(refusal([{ skill: "a", need: ["b"] }])).toBe(
      "steps[0] has no option `need`; it takes id, skill, version, context, needs, retry, onError, timeoutMs",
    );
  });

  test("refuses a `$from` that is no JSON Pointer, because it would mean something else", () => {
    for (const pointer of ["prev_result", "results/a", "/a/~2", "#/prev_result"]) {
      expect(refusal([{ skill: "a", context: { deep: [{ x: { $from: pointer } }] } }])).toBe(
        `Expected \`$from\` in \`steps[0].context\` to be a JSON Pointer such as "/prev_result", got "${pointer}"`,
      );
    }
  });

  test("refuses ids that repeat", () => {
    expect(
      refusal([
        { id: "x", skill: "a" },
        { id: "x", skill: "b" },
      ]),
    ).toBe('Two steps of the workflow are called "x"; give each its own `id`');
  });

  test("refuses a need that no step meets, and suggests the nearest", () => {
    expect(
      refusal([
        { id: "fetch", skill: "a" },
        { skill: "b", needs: ["fetc"] },
      ]),
    ).toBe('Step "b" needs "fetc", and no step is called that, did you mean "fetch"?');
    expect(
      refusal([
        { id: "fetch", skill: "a" },
        { skill: "b", needs: ["zzzzzzzz"] },
      ]),
    ).toBe('Step "b" needs "zzzzzzzz", and no step is called that');
  });

  test("refuses a circle, and shows it", () => {
    expect(refusal([{ skill: "a", needs: ["a"] }])).toBe(
      "The steps need each other in a circle: a → a",
    );
    expect(
      refusal([
        { skill: "start", needs: [] },
        { skill: "a", needs: ["c", "start"] },
        { skill: "b", needs: ["a"] },
        { skill: "c", needs: ["b"] },
        { skill: "behind", needs: ["c"] },
      ]),
    ).toBe("The steps need each other in a circle: a → c → b → a");
    // `b` comes after `a` because it says nothing of what it needs.
    expect(refusal([{ skill: "a", needs: ["b"] }, "b"])).toBe(
      "The steps need each other in a circle: a → b → a",
    );
  });

  test("takes a thousand steps, each after the one before", () => {
    const steps = resolve(Array.from({ length: 1000 }, () => "a"));
    expect([steps.length, steps.at(-1)?.after]).toEqual([1000, "a-999"]);
  });
});

test("a `$from` that can lead nowhere is refused before anything runs, with what was probably meant", () => {
  const steps = (pointer: string): WorkflowInput => [
    { id: "page", skill: "fetch_page" },
    { skill: "slugify", context: { title: { $from: pointer } } },
  ];
  const refusal = (pointer: string): string => {
    try {
      resolveSteps(steps(pointer), { onError: "stop", timeoutMs: undefined }, LIMITS);
    } catch (error) {
      return (error as Error).message;
    }
    return "accepted";
  };
  expect(
    ["/prev_result/0", "/context/any", "/results/page/title", "/results", ""].map(refusal),
  ).toEqual(Array(5).fill("accepted"));
  expect(refusal("/result/page")).toBe(
    '`$from` in step "slugify" points to "/result/page", and there is no "result" among context, prev_result, results, did you mean "results"?',
  );
  expect(refusal("/results/pages/0")).toBe(
    '`$from` in step "slugify" points to "/results/pages/0", and there is no "pages" among the steps, did you mean "page"?',
  );
});
