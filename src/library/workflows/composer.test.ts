import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { WorkflowProgress } from "./composer.ts";
import type { SkillLibrary } from "../skill-library.ts";
import type { WorkflowInput } from "./workflow.ts";

let temporary: TemporaryLibrary;
let library: SkillLibrary;
let flakyCalls = 0;
let onCall: (name: string) => Promise<void> = async () => undefined;

const tools = { capabilities: { tools: ["call"] } };

beforeAll(async () => {
  temporary = await temporaryLibrary({
    embedder: false,
    tools: {
      flaky: () => {
        flakyCalls += 1;
        if (flakyCalls < 3) throw new Error(`attempt ${flakyCalls}`);
        return flakyCalls;
      },
      call: async (name) => {
        await onCall(name as string);
        return name;
      },
    },
  });
  library = temporary.library;
  await library.addMany(
    [
      draftOf("echo", "return context;"),
      draftOf("add-one", "return (context.prev_result ?? context.n) + 1;"),
      draftOf("double", "return context.prev_result * 2;"),
      draftOf("fails", "throw new RangeError('too much');"),
      draftOf("forever", "host.progress(0); for (;;) await null;"),
      draftOf("flaky", "return await host.tool('flaky');", { capabilities: { tools: ["flaky"] } }),
      draftOf("calls", "return await host.tool('call', context.name);", tools),
      draftOf("closed", "return context;", {
        input: {
          type: "object",
          properties: { prev_result: {}, wanted: { type: "number" } },
          required: ["wanted"],
          additionalProperties: false,
        },
      }),
      draftOf("closed-to-all", "return context;", {
        input: { type: "object", additionalProperties: false },
      }),
      draftOf("quarantined", "return 1;"),
    ],
    { validate: false },
  );
  await library.setStatus("quarantined", "quarantined");
});
afterAll(() => temporary[Symbol.asyncDispose]());
beforeEach(() => {
  flakyCalls = 0;
  onCall = async () => undefined;
});

describe("a workflow", () => {
  test("runs its steps one after the other and reports each, whole", async () => {
    const run = await library.compose(["add-one", { id: "twice", skill: "double" }, "add-one"], {
      n: 4,
    });
    const ran = {
      version: 1,
      status: "ok",
      durationMs: expect.any(Number),
      attempts: 1,
      runId: expect.any(String),
    };
    expect(run).toEqual({
      runId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: "add-one → double → add-one",
      status: "ok",
      steps: [
        { id: "add-one", skillId: "add-one", value: 5, ...ran },
        { id: "twice", skillId: "double", value: 10, ...ran },
        { id: "add-one-2", skillId: "add-one", value: 11, ...ran },
      ],
      completedSteps: 3,
      totalSteps: 3,
      context: { n: 4, prev_result: 11 },
      durationMs: expect.any(Number),
    });
    expect(await library.getRun(run.steps[1]?.runId ?? "")).toMatchObject({ skillId: "double" });
    expect((await library.compose(["echo"], {}, { name: "mine" })).name).toBe("mine");
  });

  test("stops at the first failure: what follows is skipped, and the report says why", async () => {
    const run = await library.compose(["add-one", "fails", "double"], { n: 1 });
    expect(run).toMatchObject({
      status: "error",
      completedSteps: 1,
      totalSteps: 3,
      context: { n: 1, prev_result: 2 },
    });
    expect(run.steps[1]).toMatchObject({
      status: "error",
      error: { name: "RangeError", message: "too much", line: 2 },
      attempts: 1,
    });
    expect(run.steps[2]).toEqual({
      id: "double",
      skillId: "double",
      version: 0,
      status: "skipped",
      durationMs: 0,
      attempts: 0,
    });
  });

  test("goes on where it is told to, for all steps or for one", async () => {
    const all = await library.compose(
      ["add-one", "fails", "double"],
      { n: 1 },
      { onError: "continue" },
    );
    const one = await library.compose(
      ["add-one", { skill: "fails", onError: "continue" }, "double"],
      { n: 1 },
    );
    const other = await library.compose(
      ["add-one", { skill: "fails", onError: "stop" }, "double"],
      { n: 1 },
      { onError: "continue" },
    );
    expect(
      [all, one, other].map(({ status, context }) => [status, context["prev_result"]]),
    ).toEqual([
      ["error", 4],
      ["error", 4],
      ["error", 2],
    ]);
    expect(other.steps.map(({ status }) => status)).toEqual(["ok", "error", "skipped"]);
  });

  test("runs steps in parallel that do not need each other", async () => {
    const both = Promise.withResolvers<void>();
    let waiting = 0;
    onCall = async () => {
      if (++waiting === 2) both.resolve();
      await both.promise;
    };
    const run = await library.compose([
      { id: "a", skill: "calls", needs: [], context: { name: "A" } },
      { id: "b", skill: "calls", needs: [], context: { name: "B" } },
      { id: "join", skill: "echo", needs: ["a", "b"] },
    ]);
    expect(run.steps[2]?.value).toEqual({ prev_result: { a: "A", b: "B" } });
  });

  test("tries a step again as often as it says", async () => {
    const enough = await library.compose([{ skill: "flaky", retry: 2 }]);
    expect(enough.steps).toMatchObject([{ status: "ok", value: 3, attempts: 3 }]);
    flakyCalls = 0;
    const tooFew = await library.compose([{ skill: "flaky", retry: 1 }]);
    expect(tooFew).toMatchObject({
      status: "error",
      steps: [{ status: "error", error: { message: "attempt 2" }, attempts: 2 }],
    });
  });

  test("holds each step to its time, its own before the workflow's", async () => {
    const run = await library.compose(
      [{ skill: "forever", timeoutMs: 100 }, "forever", "echo"],
      {},
      { timeoutMsPerSkill: 150, onError: "continue" },
    );
    expect(run.status).toBe("timeout");
    expect(run.steps.map(({ status, error }) => [status, error?.message])).toEqual([
      ["timeout", "The run did not finish within 100 ms; do less, or raise timeoutMs"],
      ["timeout", "The run did not finish within 150 ms; do less, or raise timeoutMs"],
      ["ok", undefined],
    ]);
  });

  test("gives a skill with a closed input schema only what the schema declares", async () => {
    const run = await library.compose(
      ["add-one", { skill: "closed", context: { wanted: 1 } }, "closed-to-all"],
      { n: 1, other: true },
    );
    expect(run.steps.map(({ value }) => value)).toEqual([2, { prev_result: 2, wanted: 1 }, {}]);
  });

  test("tells of each step as it starts and ends", async () => {
    const events: WorkflowProgress[] = [];
    await library.compose(
      [{ id: "first", skill: "echo" }, { skill: "fails", retry: 1 }, "echo"],
      {},
      {
        onProgress: (event) => events.push(event),
      },
    );
    const totalSteps = 3;
    const fails = { step: "fails", skillId: "fails", totalSteps, completedSteps: 1 };
    expect(events).toEqual([
      { step: "first", skillId: "echo", event: "started", completedSteps: 0, totalSteps },
      {
        step: "first",
        skillId: "echo",
        event: "ended",
        status: "ok",
        completedSteps: 1,
        totalSteps,
      },
      { ...fails, event: "started" },
      { ...fails, event: "ended", status: "error" },
      { ...fails, event: "started" },
      { ...fails, event: "ended", status: "error" },
    ]);
  });

  test("is not disturbed by an observer that throws", async () => {
    const run = await library.compose(
      ["echo", "echo"],
      {},
      {
        onProgress: () => {
          throw new Error("observer");
        },
      },
    );
    expect(run.status).toBe("ok");
  });
});

describe("cancellation", () => {
  test("before the workflow runs nothing", async () => {
    const events: unknown[] = [];
    await expect(
      library.compose(
        ["echo"],
        {},
        { signal: AbortSignal.abort(), onProgress: (e) => events.push(e) },
      ),
    ).rejects.toMatchObject({ code: "CANCELLED" });
    expect(events).toEqual([]);
  });

  test("during a step ends it, tries nothing again and starts nothing more", async () => {
    const abort = new AbortController();
    onCall = async () => abort.abort();
    const run = await library.compose(
      ["echo", { skill: "calls", context: { name: "x" }, retry: 5, onError: "continue" }, "echo"],
      {},
      { signal: abort.signal },
    );
    expect([run.status, run.steps.map(({ status, attempts }) => [status, attempts])]).toEqual([
      "cancelled",
      [
        ["ok", 1],
        ["cancelled", 1],
        ["skipped", 0],
      ],
    ]);
  });
});

describe("before anything runs", () => {
  async function refusal(
    steps: unknown,
    context: unknown = {},
    options: object = {},
  ): Promise<unknown> {
    const before = (await library.stats()).sandbox.runs;
    const error: unknown = await library
      .compose(steps as WorkflowInput, context as never, options)
      .catch((reason: unknown) => reason);
    expect((await library.stats()).sandbox.runs).toBe(before);
    return error;
  }

  test("an unknown skill, or version of one, is refused", async () => {
    expect(await refusal(["echo", "no-such-skill"])).toMatchObject({
      code: "SKILL_NOT_FOUND",
      message:
        'Step "no-such-skill" runs skill "no-such-skill", and there is no such skill; nothing was run',
      details: { step: "no-such-skill", skillId: "no-such-skill" },
    });
    expect(await refusal(["echo", { id: "x", skill: "echo", version: 7 }])).toMatchObject({
      code: "SKILL_NOT_FOUND",
      message: 'Step "x" runs skill "echo", and there is no version 7 of it; nothing was run',
    });
  });

  test("malformed steps are refused", async () => {
    expect(await refusal(["echo", { skill: "echo", needs: ["nobody"] }])).toMatchObject({
      code: "INVALID_INPUT",
    });
    expect(await refusal([{ skill: "echo", retries: 1 }])).toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("steps[0] has no option `retries`"),
    });
  });

  test("a skill that may not run is refused, unless its version is named", async () => {
    expect(await refusal(["echo", "quarantined"])).toMatchObject({
      code: "NOT_EXECUTABLE",
      message: expect.stringContaining('Skill "quarantined" can not be run: it is quarantined'),
    });
    const named = await library.compose([{ skill: "quarantined", version: 1 }]);
    expect(named.status).toBe("ok");
  });

  test("a context that is no JSON object is refused", async () => {
    expect(await refusal(["echo"], [1])).toMatchObject({
      code: "INVALID_INPUT",
      message: "Expected the context of a workflow to be a JSON object, got [1]",
    });
    expect(await refusal(["echo"], { deep: { f: () => 1 } })).toMatchObject({
      message: "Expected the context of a workflow to be a JSON object, got a function at deep.f",
    });
    expect(await refusal(["echo"], null)).toMatchObject({ code: "INVALID_INPUT" });
  });

  test("options that make no sense are refused", async () => {
    for (const options of [{ timeoutMsPerSkill: 0 }, { onError: "ignore" }, { timeoutMs: 5 }]) {
      expect(await refusal(["echo"], {}, options)).toMatchObject({ code: "INVALID_INPUT" });
    }
  });
});

test("every step runs the version that was current when the workflow began", async () => {
  await library.add(draftOf("changing", "return 'old';"));
  await library.add(draftOf("withdrawn", "return 'old';"));
  onCall = async () => {
    await library.add(draftOf("changing", "return 'new';"), { expectedVersion: 1 });
    await library.setStatus("withdrawn", "quarantined");
  };
  const steps = [{ skill: "calls", context: { name: "x" } }, "changing", "withdrawn"];
  const run = await library.compose(steps);
  expect(run.steps.map(({ value, version }) => [value, version])).toEqual([
    ["x", 1],
    ["old", 1],
    ["old", 1],
  ]);
  expect((await library.execute("changing")).value).toBe("new");
});
