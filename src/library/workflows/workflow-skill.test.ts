import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { SkillLibrary } from "../skill-library.ts";
import type { WorkflowInput, WorkflowStep } from "./workflow.ts";
import type { WorkflowDraft } from "./workflow-skill.ts";

let temporary: TemporaryLibrary;
let library: SkillLibrary;

beforeAll(async () => {
  temporary = await temporaryLibrary({
    embedder: false,
    sandbox: { workers: 2 },
    tools: { shout: (text) => `${text as string}!`, other: () => null },
  });
  library = temporary.library;
  await library.addMany(
    [
      draftOf("words", "return context.text.split(' ');"),
      draftOf("count", "return context.prev_result.length;"),
      draftOf("shouts", "return await host.tool('shout', context.text);", {
        capabilities: { tools: ["shout"] },
      }),
      draftOf("others", "return await host.tool('other');", {
        capabilities: { tools: ["other", "shout"] },
      }),
      draftOf("undeclared", "return await host.tool('shout');"),
      draftOf("note", "return [context.label ?? '', JSON.stringify(context.prev_result ?? null)];"),
      draftOf("fails", "throw new RangeError(`failed with ${JSON.stringify(context.label)}`);"),
      draftOf("fails-too", "throw new TypeError('another way');"),
      draftOf("closed", "return Object.keys(context);", {
        input: { type: "object", properties: { prev_result: {} }, additionalProperties: false },
      }),
    ],
    { validate: false },
  );
});
afterAll(() => temporary[Symbol.asyncDispose]());

function workflow(
  id: string,
  steps: WorkflowInput,
  more: Partial<WorkflowDraft> = {},
): WorkflowDraft {
  return { id, name: id, description: `The workflow ${id}`, steps, ...more };
}

describe("a saved workflow", () => {
  test("is a skill that declares the skills it runs and the tools they need", async () => {
    const result = await library.saveWorkflow(
      workflow("declares", ["words", "shouts", { skill: "others" }, "words"]),
      { author: "agent", message: "made" },
    );
    expect(result).toMatchObject({ id: "declares", version: 1, created: true, status: "active" });
    expect(await library.get("declares")).toMatchObject({
      category: "workflow",
      language: "javascript",
      author: "agent",
      message: "made",
      capabilities: { skills: ["words", "shouts", "others"], tools: ["shout", "other"], fetch: [] },
    });
  });

  test("runs, and its value is that of its last step", async () => {
    await library.saveWorkflow(workflow("word-count", ["words", "count"]));
    expect((await library.execute("word-count", { text: "one two three" })).unwrap()).toBe(3);
    expect((await library.execute("word-count", "text")).status).toBe("invalid-context");
  });

  test("is checked by its examples like any other skill", async () => {
    const examples = [{ context: { text: "a b" }, result: 2 }];
    expect(
      (await library.saveWorkflow(workflow("checked", ["words", "count"], { examples }))).checks
        .length,
    ).toBe(2);
    await expect(
      library.saveWorkflow(
        workflow("wrong", ["words", "count"], {
          examples: [{ context: { text: "a" }, result: 2 }],
        }),
      ),
    ).rejects.toMatchObject({ code: "VALIDATION_FAILED" });
  });

  test("has versions, and can be composed and nested in another one", async () => {
    await library.saveWorkflow(workflow("inner", ["words"]));
    await library.saveWorkflow(workflow("inner", ["words", "count"]), { expectedVersion: 1 });
    await library.saveWorkflow(
      workflow("outer", ["inner", { skill: "note", context: { label: "n" } }]),
    );
    expect((await library.execute("outer", { text: "a b c" })).unwrap()).toEqual(["n", "3"]);
    expect(
      (await library.compose(["inner", "note"], { text: "a b" })).context["prev_result"],
    ).toEqual(["", "2"]);
    expect((await library.execute("inner", { text: "a b" }, { version: 1 })).unwrap()).toEqual([
      "a",
      "b",
    ]);
    expect((await library.getVersionHistory("inner")).length).toBe(2);
  });

  test("may use the tools of its skills, and ends as denied where one of them is", async () => {
    await library.saveWorkflow(workflow("loud", ["shouts"]));
    await library.saveWorkflow(workflow("denied", ["words", "undeclared"]));
    expect((await library.execute("loud", { text: "hey" })).unwrap()).toBe("hey!");
    expect((await library.execute("denied", { text: "a" })).status).toBe("denied");
  });

  test("runs the version a step names", async () => {
    await library.add(draftOf("moving", "return 'first';"));
    await library.add(draftOf("moving", "return 'second';"), { expectedVersion: 1 });
    await library.saveWorkflow(workflow("pinned", [{ skill: "moving", version: 1 }]));
    await library.saveWorkflow(workflow("floating", ["moving"]));
    await library.add(draftOf("moving", "return 'third';"), { expectedVersion: 2 });
    expect((await library.execute("floating")).unwrap()).toBe("third");
    expect((await library.execute("pinned")).unwrap()).toBe("first");
  });

  test("gives a skill with a closed input schema only what the schema declares", async () => {
    await library.saveWorkflow(workflow("narrow", ["words", "closed"]));
    expect((await library.execute("narrow", { text: "a" })).unwrap()).toEqual(["prev_result"]);
  });

  test("survives any text in its steps", async () => {
    const label = "`${x}` \u2028 */ </script> \\ \" ' \u0000";
    await library.saveWorkflow(
      workflow("texts", [{ id: "__proto__", skill: "note", context: { label } }]),
    );
    expect((await library.execute("texts")).unwrap()).toEqual([label, "null"]);
  });
});

describe("what can not be saved", () => {
  test("is refused as compose refuses it, and nothing is stored", async () => {
    const refusals = await Promise.all(
      [["words", "no-such-skill"], [], [{ skill: "words", needs: ["x"] }], undefined].map((steps) =>
        library.saveWorkflow(workflow("never", steps as WorkflowInput)).catch((error) => error),
      ),
    );
    expect(refusals.map(({ code }) => code)).toEqual([
      "SKILL_NOT_FOUND",
      "INVALID_INPUT",
      "INVALID_INPUT",
      "INVALID_INPUT",
    ]);
    expect(await library.get("never")).toBeUndefined();
    await expect(library.saveWorkflow(null as never)).rejects.toMatchObject({
      code: "INVALID_INPUT",
    });
  });

  test("is a draft that says itself what follows from the steps", async () => {
    const draft = { ...workflow("never", ["words"]), capabilities: { tools: ["shout"] } };
    await expect(library.saveWorkflow(draft)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message:
        "A workflow has no `capabilities`: its steps say what it runs, and what it needs follows from them",
    });
  });

  test("is a draft with a field that does not exist", async () => {
    const draft = { ...workflow("never", ["words"]), step: [] };
    await expect(library.saveWorkflow(draft)).rejects.toMatchObject({ code: "INVALID_DRAFT" });
  });
});

const FIRST_RESULT = "/results/s0/0";

/** Steps in random order of needs: each may need some that stand before it, or say nothing. */
const randomSteps = fc
  .array(
    fc.record({
      skill: fc.constantFrom("note", "note", "note", "fails", "fails-too"),
      needs: fc.option(fc.array(fc.nat(20), { maxLength: 3 }), { nil: undefined }),
      retry: fc.constantFrom(0, 0, 1),
      onError: fc.constantFrom("stop" as const, "continue" as const),
      from: fc.constantFrom("/prev_result", FIRST_RESULT, "/context/seed", "/context/nowhere"),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((steps) =>
    steps.map(({ skill, needs, retry, onError, from }, index): WorkflowStep => {
      const isAfterFirst = waitsForFirst(
        steps.map((step) => step.needs),
        index,
      );
      // What runs beside the first step may or may not see its result.
      const label = from === FIRST_RESULT && !isAfterFirst ? "/context/seed" : from;
      return {
        id: `s${index}`,
        skill,
        retry,
        onError,
        context: { label: { $from: label } },
        ...(needs === undefined || index === 0
          ? {}
          : { needs: [...new Set(needs.map((need) => `s${need % index}`))] }),
      };
    }),
  );

/** Whether a step runs after the first one; without `needs` it runs after the one before it. */
function waitsForFirst(needs: readonly (readonly number[] | undefined)[], index: number): boolean {
  if (index === 0) return false;
  return (needs[index] ?? [index - 1]).some(
    (need) => need % index === 0 || waitsForFirst(needs, need % index),
  );
}

test("compose and the saved workflow agree on success, on the value and on the error", async () => {
  let saved = 0;
  await fc.assert(
    fc.asyncProperty(randomSteps, async (steps) => {
      const id = `random-${++saved}`;
      await library.saveWorkflow(workflow(id, steps), { validate: false });
      const context = { seed: "s" };
      const composed = await library.compose(steps, context);
      const execution = await library.execute(id, context);
      const stops = steps.map(({ onError }) => onError === "stop");
      const stoppers = composed.steps.filter(
        ({ status }, index) => stops[index] && status === "error",
      );
      expect(execution.status).toBe(stoppers.length === 0 ? "ok" : "error");
      if (stoppers.length === 0) {
        expect(execution.value).toEqual(composed.context["prev_result"] ?? null);
      } else {
        // Which of several parallel steps fails first is open; that it is one of those is not.
        const possible = steps.flatMap(({ skill }, index) =>
          stops[index] && skill !== "note" ? [skill] : [],
        );
        const expected =
          possible.length === 1
            ? stoppers
            : composed.steps.filter(({ skillId }) => possible.includes(skillId));
        const errors = expected.map(({ skillId }) =>
          skillId === "fails" ? "RangeError" : "TypeError",
        );
        expect(errors).toContain(execution.error?.name);
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);
