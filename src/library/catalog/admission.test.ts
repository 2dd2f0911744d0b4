import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { Check, ExampleHostCall, SkillDraft } from "../../skill/skill.ts";
import type { AddResult } from "./catalog-options.ts";
import { ValidationFailedError } from "./admission.ts";
import type { SkillLibrary } from "../skill-library.ts";

let temporary: TemporaryLibrary;
let library: SkillLibrary;
let toolCalls = 0;
let added = 0;

beforeAll(async () => {
  temporary = await temporaryLibrary({
    embedder: false,
    tools: {
      click: () => {
        toolCalls += 1;
        return "really clicked";
      },
    },
  });
  library = temporary.library;
  await library.addMany(
    [
      draftOf("double", "return context.n * 2;"),
      draftOf("clicks", "return await host.tool('click', 1);", {
        capabilities: { tools: ["click"] },
      }),
    ],
    { validate: false },
  );
});
afterAll(() => temporary[Symbol.asyncDispose]());

function add(body: string, more: Partial<SkillDraft>): Promise<AddResult> {
  return library.add(draftOf(`skill-${++added}`, body, more));
}

/** The issues of the checks that failed; the draft must have been refused, and nothing stored. */
async function issuesOf(
  body: string,
  more: Partial<SkillDraft>,
): Promise<readonly Check["issue"][]> {
  const refusal = await add(body, more).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(ValidationFailedError);
  expect(await library.get(`skill-${added}`)).toBeUndefined();
  await expect(library.getVersionHistory(`skill-${added}`)).rejects.toMatchObject({
    code: "SKILL_NOT_FOUND",
  });
  return (refusal as ValidationFailedError).checks.flatMap((check) =>
    check.passed ? [] : [check.issue],
  );
}

describe("examples", () => {
  test("that hold admit the draft, with the record of each check", async () => {
    const result = await add(
      "if (context.n === null) throw new TypeError('no'); return { n: context.n, m: 1 };",
      {
        examples: [
          { context: { n: 1 }, result: { m: 1, n: 1 } },
          { context: { n: null }, error: "TypeError" },
          { context: { n: null }, error: "error" },
          { context: {} },
        ],
      },
    );
    const durationMs = expect.any(Number);
    expect(result).toEqual({
      id: `skill-${added}`,
      version: 1,
      revision: expect.any(Number),
      contentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      created: true,
      status: "active",
      checks: [
        { name: "structure", passed: true, durationMs },
        { name: "example:0", passed: true, durationMs },
        { name: "example:1", passed: true, durationMs },
        { name: "example:2", passed: true, durationMs },
        { name: "example:3", passed: true, durationMs },
      ],
      warnings: [],
    });
    expect((await library.getVersion(result.id)).checks).toEqual(result.checks);
  });

  test("that do not hold are all listed, each with its place, what was expected and what came", async () => {
    const issues = await issuesOf(
      "  if (context.fail) throw new RangeError('far off');\n  if (context.loop) for (;;);\n  return context;",
      {
        limits: { timeoutMs: 200 },
        examples: [
          { context: { n: 1 }, result: { n: 1 } },
          { context: { n: 1 }, result: { n: 2 } },
          { context: { fail: true }, result: 1 },
          { context: { fail: true } },
          { context: { fail: true }, error: "TypeError" },
          { context: { n: 1 }, error: "TypeError" },
          { context: { loop: true } },
        ],
      },
    );
    expect(issues).toEqual([
      {
        path: "examples[1].result",
        message: "the example gave another result",
        expected: '{"n":2}',
        received: '{"n":1}',
      },
      {
        path: "examples[2]",
        message: "the example failed",
        expected: "1",
        received: "error: RangeError: far off",
        line: 2,
        column: expect.any(Number),
      },
      {
        path: "examples[3]",
        message: "the example failed",
        expected: "a run that succeeds",
        received: "error: RangeError: far off",
        line: 2,
        column: expect.any(Number),
      },
      {
        path: "examples[4].error",
        message: "the example did not fail as it says",
        expected: "TypeError",
        received: "error: RangeError: far off",
      },
      {
        path: "examples[5].error",
        message: "the example did not fail as it says",
        expected: "TypeError",
        received: '{"n":1}',
      },
      {
        path: "examples[6]",
        message: "the example failed",
        expected: "a run that succeeds",
        received:
          "timeout: Timeout: The run did not finish within 200 ms; do less, or raise timeoutMs",
      },
    ]);
  });

  test("a refusal reads as a list, and carries every check as details", async () => {
    const refusal = await add("return 1;", {
      examples: [
        { context: {}, result: 1 },
        { context: {}, result: 2 },
      ],
    }).catch((error: unknown) => error as ValidationFailedError);
    expect(refusal).toMatchObject({
      name: "ValidationFailedError",
      code: "VALIDATION_FAILED",
      message: `Skill draft "skill-${added}" failed 1 of 3 checks:\n  example:1: the example gave another result; expected 2, got 1`,
    });
    const { details, checks } = refusal as ValidationFailedError;
    expect(details).toEqual({ skillId: `skill-${added}`, checks });
    expect(checks.map(({ passed }) => passed)).toEqual([true, true, false]);
  });

  test("an endless example may be the point of it", async () => {
    const result = await add("for (;;);", {
      limits: { timeoutMs: 120 },
      examples: [{ context: {}, error: "timeout" }],
    });
    expect(result.created).toBe(true);
  });

  test("of TypeScript run, and their errors point into the source", async () => {
    const code = [
      "type Order = {",
      "  total: number;",
      "};",
      "export default (context: Order): number => {",
      "  if (context.total < 0) { const why: string = 'below zero'; throw new Error(why); }",
      "  return context.total as number;",
      "};",
    ].join("\n");
    const more = { code, language: "typescript" } as const;
    expect(
      (await add("", { ...more, examples: [{ context: { total: 3 }, result: 3 }] })).created,
    ).toBe(true);
    expect(
      await issuesOf("", { ...more, examples: [{ context: { total: -1 }, result: 1 }] }),
    ).toMatchObject([
      { received: "error: Error: below zero", line: 5, column: expect.any(Number) },
    ]);
  });

  test("must give what the output schema says and be given what the input schema says", async () => {
    const number = { type: "number" };
    expect(
      await issuesOf("return 'text';", { output: number, examples: [{ context: {} }] }),
    ).toMatchObject([
      {
        path: "examples[0]",
        received: expect.stringContaining("invalid-result: InvalidResultError"),
      },
    ]);
    expect(
      await issuesOf("return 1;", { input: number, examples: [{ context: "x" }] }),
    ).toMatchObject([
      {
        path: "examples[0]",
        received: expect.stringContaining("invalid-context: InvalidContextError"),
      },
    ]);
    const expected = [{ context: "x", error: "InvalidContextError" }];
    expect((await add("return 1;", { input: number, examples: expected })).created).toBe(true);
  });

  test("see the same random numbers every time", async () => {
    const id = "dice";
    const draft = draftOf(id, "return Math.random();");
    await library.add(draft, { validate: false });
    const seeded = await library.execute(id, {}, { seed: 0 });
    const result = await add("return Math.random();", {
      examples: [{ context: {}, result: seeded.unwrap() }],
    });
    expect(result.created).toBe(true);
  });

  test("see the same random numbers in the skills they call", async () => {
    await library.add(draftOf("inner-dice", "return Math.random();"));
    const more = {
      capabilities: { skills: ["inner-dice"] },
      examples: [{ context: {}, result: 2 }],
    };
    const body = "return await host.skill('inner-dice', {});";
    expect(await issuesOf(body, more)).toEqual(await issuesOf(body, more));
  });

  test("are skipped with `validate: false`, which a warning says; the structure is checked all the same", async () => {
    const wrong = { examples: [{ context: {}, result: 2 }] };
    const result = await library.add(draftOf("unchecked", "return 1;", wrong), { validate: false });
    expect([result.status, result.checks, result.warnings]).toEqual([
      "active",
      [],
      ["its examples were not run: it was added with `validate: false`"],
    ]);
    await expect(
      library.add(draftOf("unparsed", "return 1 +;"), { validate: false }),
    ).rejects.toMatchObject({ code: "INVALID_DRAFT" });
    await expect(
      library.add(draftOf("bad-schema", "return 1;", { output: { type: "nmber" } }), {
        validate: false,
      }),
    ).rejects.toMatchObject({ code: "INVALID_DRAFT" });
  });

  test("stop when the caller cancels, and nothing is stored", async () => {
    const abort = new AbortController();
    const adding = library.add(draftOf("cancelled", "for (;;);", { examples: [{ context: {} }] }), {
      signal: abort.signal,
    });
    setTimeout(() => abort.abort(), 50);
    await expect(adding).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await library.get("cancelled")).toBeUndefined();
  });
});

describe("calls an example makes to its host", () => {
  const body =
    "const first = await host.tool('click', { at: context.at }); const second = await host.skill('double', { n: 4 }); return [first, second];";
  const capabilities = { tools: ["click"], skills: ["double"] };

  function issuesWith(hostCalls: readonly ExampleHostCall[]): Promise<readonly Check["issue"][]> {
    return issuesOf(body, { capabilities, examples: [{ context: { at: 1 }, hostCalls }] });
  }

  test("are answered as written, in order, and never really", async () => {
    const before = toolCalls;
    const result = await add(body, {
      capabilities,
      examples: [
        {
          context: { at: 1 },
          hostCalls: [
            { tool: "click", args: { at: 1 }, result: "clicked" },
            { skill: "double", result: 80 },
          ],
          result: ["clicked", 80],
        },
        { context: {}, hostCalls: [{ tool: "click" }, { skill: "double" }], result: [null, null] },
        { context: {}, hostCalls: [{ tool: "click", error: "no such button" }], error: "Error" },
      ],
    });
    expect([result.created, toolCalls]).toEqual([true, before]);
  });

  test("that differ from what is written fail the check, and say how", async () => {
    const issues = [
      ...(await issuesWith([{ tool: "type" }, { skill: "double" }])),
      ...(await issuesWith([{ skill: "click" }])),
      ...(await issuesWith([{ tool: "click", args: { at: 2 } }, { skill: "double" }])),
      ...(await issuesWith([{ tool: "click" }])),
      ...(await issuesWith([{ tool: "click" }, { skill: "double" }, { tool: "click" }])),
      ...(await issuesWith([])),
    ];
    expect(issues.map((issue) => issue?.path)).toEqual(issues.map(() => "examples[0].hostCalls"));
    expect(issues.map((issue) => issue?.message)).toEqual([
      'tool "click" was called where `hostCalls` expects "type"',
      'tool "click" was called where `hostCalls` expects "click"',
      'tool "click" was called with {"at":1} where `hostCalls` expects {"at":2}',
      'skill "double" was called, and `hostCalls` says nothing of it',
      "1 of the calls in `hostCalls` were not made",
      'tool "click" was called, and `hostCalls` says nothing of it',
    ]);
  });

  test("can not be hidden by catching the error", async () => {
    const issues = await issuesOf("try { await host.tool('click'); } catch {} return 1;", {
      capabilities,
      examples: [{ context: {}, result: 1 }],
    });
    expect(issues).toMatchObject([
      { message: 'tool "click" was called, and `hostCalls` says nothing of it', received: "1" },
    ]);
  });

  test("to what the draft does not declare are denied, as in every other run", async () => {
    const undeclared = await issuesOf(
      "return [await host.tool('click'), await host.skill('double', {})];",
      {
        examples: [{ context: {}, hostCalls: [{ tool: "click" }, { skill: "double" }] }],
      },
    );
    expect(undeclared).toMatchObject([
      {
        received: expect.stringContaining(
          'denied: CapabilityError: The tool "click" is not declared',
        ),
      },
    ]);
    const fetching = await issuesOf("return await host.fetch('double');", {
      capabilities,
      examples: [{ context: {}, hostCalls: [{ skill: "double" }] }],
    });
    expect(fetching).toMatchObject([{ received: expect.stringContaining("Fetching double") }]);
    const result = await add("await host.tool('click');", {
      examples: [{ context: {}, error: "denied" }],
    });
    expect(result.created).toBe(true);
  });

  test("to skills are really made where nothing is written, without tools and unrecorded", async () => {
    const runs = (await library.stats()).runs.runs;
    const before = toolCalls;
    const result = await add("return await host.skill(context.id, { n: 4 });", {
      capabilities: { skills: ["double", "clicks"], tools: ["click"] },
      examples: [
        { context: { id: "double" }, result: 8 },
        { context: { id: "clicks" }, error: "denied" },
      ],
    });
    expect([result.created, toolCalls, (await library.stats()).runs.runs]).toEqual([
      true,
      before,
      runs,
    ]);
  });
});
