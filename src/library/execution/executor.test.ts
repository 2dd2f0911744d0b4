import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { JsonValue } from "../../base/json.ts";
import { SkillFailedError } from "../../skill/execution.ts";
import type { Execution } from "../../skill/execution.ts";
import type { SkillDraft } from "../../skill/skill.ts";
import type { ExecuteOptions } from "./execute-options.ts";
import type { SkillLibrary } from "../skill-library.ts";

/** How long after its deadline a run may end before the deadline counts as missed. */
const GRACE_MS = 2000;

let temporary: TemporaryLibrary;
let library: SkillLibrary;
let added = 0;

beforeAll(async () => {
  temporary = await temporaryLibrary({ embedder: false, sandbox: { workers: 2 } });
  library = temporary.library;
});
afterAll(() => temporary[Symbol.asyncDispose]());

async function add(body: string, more: Partial<SkillDraft> = {}): Promise<string> {
  const id = `skill-${++added}`;
  await library.add(draftOf(id, body, more), { validate: false });
  return id;
}

async function run(
  body: string,
  context: unknown = {},
  options: ExecuteOptions = {},
  more: Partial<SkillDraft> = {},
): Promise<Execution> {
  return library.execute(await add(body, more), context as JsonValue, options);
}

describe("a run that succeeds", () => {
  test("is a whole execution, which unwrap opens", async () => {
    const id = await add("console.warn('adding', context.a); return { sum: context.a + 1 };");
    const execution = await library.execute(id, { a: 1 });
    expect(execution).toEqual({
      runId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      skillId: id,
      version: 1,
      status: "ok",
      value: { sum: 2 },
      logs: [{ level: "warn", text: "adding 1" }],
      logsDropped: 0,
      startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      durationMs: expect.any(Number),
      cpuMs: expect.any(Number),
      hostCalls: 0,
      engine: expect.stringMatching(/^quickjs-wasi@/),
    });
    expect(execution.unwrap()).toEqual({ sum: 2 });
    expect(JSON.parse(JSON.stringify(execution))).toEqual(execution);
  });

  test("is recorded without its value", async () => {
    const execution = await run("return 'secret';");
    const { value: _, ...recorded } = execution;
    expect(await library.getRun(execution.runId)).toEqual({ ...recorded, journal: "kept" });
  });

  test("is given an empty context when there is none", async () => {
    const id = await add("return context;");
    expect((await library.execute(id)).unwrap()).toEqual({});
    expect((await library.execute(id, null)).unwrap()).toBe(null);
  });

  test("a result of nothing is null", async () => {
    expect((await run("")).unwrap()).toBe(null);
  });

  test("log lines beyond the limit are counted", async () => {
    const { logs, logsDropped } = await run("for (let i = 0; i < 250; i++) console.log(i);");
    expect([logs.length, logs.at(-1), logsDropped]).toEqual([
      200,
      { level: "log", text: "199" },
      50,
    ]);
  });

  test("runs at the same time do not see each other's globals", async () => {
    const id = await add(
      "globalThis.seen = [...(globalThis.seen ?? []), context.n]; Array.prototype.mine = context.n;" +
        "await host.sleep(20); return [globalThis.seen, [].mine];",
    );
    const runs = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => library.execute(id, { n })));
    expect(runs.map((execution) => execution.unwrap())).toEqual(
      [1, 2, 3, 4, 5, 6].map((n) => [[n], n]),
    );
  });
});

describe("a run that fails", () => {
  test("says what was thrown, where, and shows the line", async () => {
    const execution = await run("  const first = context.items[0];\n  return first;");
    expect(execution).toMatchObject({
      status: "error",
      error: { name: "TypeError", message: expect.stringContaining("undefined"), line: 2 },
    });
    expect(execution.error?.column).toBeGreaterThan(0);
    expect(execution.error?.excerpt).toContain("const first = context.items[0];");
    expect(execution.error?.frames?.[0]).toMatchObject({
      file: `${execution.skillId}@1.js`,
      line: 2,
    });
    expect("value" in execution).toBe(false);
  });

  test("points into the TypeScript source", async () => {
    const code = [
      "interface Order {",
      "  readonly total: number;",
      "}",
      "export default function (context: { order: Order }): number {",
      "  const total: number = context.order.total; return fail(total);",
      "}",
      "function fail(total: number): never { throw new RangeError(`${total} is too much`); }",
    ].join("\n");
    const { status, error } = await run(
      "",
      { order: { total: 7 } },
      {},
      {
        code,
        language: "typescript",
      },
    );
    expect({ status, error }).toMatchObject({
      status: "error",
      error: { name: "RangeError", message: "7 is too much", line: 7 },
    });
    expect(error?.excerpt).toContain("throw new RangeError");
    expect(error?.frames?.map(({ line }) => line)).toEqual([7, 5]);
    expect(error?.frames?.[0]?.file).toMatch(/@1\.ts$/);
  });

  test("unwrap throws with the execution", async () => {
    const execution = await run("throw new TypeError('no');");
    let thrown: unknown;
    try {
      execution.unwrap();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SkillFailedError);
    expect(thrown).toMatchObject({
      code: "SKILL_FAILED",
      message: `Skill "${execution.skillId}" version 1 ended with error: TypeError: no`,
      details: { runId: execution.runId, status: "error", error: execution.error },
    });
    expect((thrown as SkillFailedError).execution).toBe(execution);
  });

  test("an id, and a version, that do not exist are not found", async () => {
    const id = await add("return 1;");
    expect(await library.execute("no-such-skill", {})).toEqual({
      runId: expect.any(String),
      skillId: "no-such-skill",
      version: 0,
      status: "not-found",
      error: {
        name: "SkillNotFound",
        message: 'There is no skill "no-such-skill"; search or list the library for its id',
        code: "SKILL_NOT_FOUND",
      },
      logs: [],
      logsDropped: 0,
      startedAt: expect.any(String),
      durationMs: 0,
      cpuMs: 0,
      hostCalls: 0,
    });
    expect(await library.execute(id, {}, { version: 9 })).toMatchObject({
      version: 0,
      status: "not-found",
      error: { message: expect.stringContaining(`There is no version 9 of skill "${id}"`) },
    });
  });

  test("what is no skill id is not found, even where it reads like the key of a version", async () => {
    const id = await add("return 1;");
    await library.execute(id, {}, { version: 1 });
    expect((await library.execute(`${id}@1`, {})).status).toBe("not-found");
    await expect(library.execute(undefined as unknown as string)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: "Expected `id` to be a text, got nothing",
    });
  });

  test("needing more memory than allowed is out-of-memory", async () => {
    const hoard = "const all = []; for (;;) all.push(new Array(10000).fill(all.length));";
    expect(await run(hoard)).toMatchObject({
      status: "out-of-memory",
      error: { name: "OutOfMemory" },
    });
  });

  test("a denied host call that escapes ends the run as denied", async () => {
    expect(await run("await host.fetch('https://example.com');")).toMatchObject({
      status: "denied",
      error: { name: "CapabilityError", code: "FETCH_ORIGIN_DENIED" },
      hostCalls: 1,
    });
  });
});

describe("deadlines", () => {
  const options = { timeoutMs: 200 };

  async function expectTimeout(body: string): Promise<void> {
    const execution = await run(body, {}, options);
    expect(execution).toMatchObject({
      status: "timeout",
      error: { name: "Timeout", message: expect.stringContaining("200 ms") },
    });
    expect(execution.durationMs).toBeGreaterThanOrEqual(199);
    expect(execution.durationMs).toBeLessThan(200 + GRACE_MS);
  }

  test("a loop without end", () => expectTimeout("while (true) {}"));
  test("a loop of awaits", () => expectTimeout("for (;;) await null;"));
  test("a pattern that backtracks for ever", () =>
    expectTimeout("return /^(a+)+$/.test('a'.repeat(60) + '!');"));
  test("a built-in that runs for ever", () =>
    expectTimeout("[].reverse.call({ length: 2 ** 53 - 1 });"));
  test("a promise that nothing settles", () => expectTimeout("await new Promise(() => {});"));

  test("a deadline of one run does not disturb another beside it", async () => {
    const [stuck, fine] = await Promise.all([
      run("[].reverse.call({ length: 2 ** 53 - 1 });", {}, options),
      run("await host.sleep(100); return 'fine';"),
    ]);
    expect([stuck.status, fine.value]).toEqual(["timeout", "fine"]);
  });
});

describe("cancellation", () => {
  test("before the run nothing starts", async () => {
    const progress: number[] = [];
    const execution = await run(
      "host.progress(1);",
      {},
      {
        signal: AbortSignal.abort(),
        onProgress: (fraction) => progress.push(fraction),
      },
    );
    expect(execution).toMatchObject({ status: "cancelled", error: { name: "Cancelled" } });
    expect(progress).toEqual([]);
  });

  test("during the run stops it", async () => {
    const abort = new AbortController();
    const execution = await run(
      "host.progress(0.5, 'half'); while (true) {}",
      {},
      {
        signal: abort.signal,
        onProgress: () => abort.abort(),
      },
    );
    expect(execution.status).toBe("cancelled");
    expect(execution.durationMs).toBeLessThan(GRACE_MS);
  });

  test("closing the library cancels the runs in flight", async () => {
    const own = await temporaryLibrary({ embedder: false });
    const started = Promise.withResolvers<void>();
    await own.library.add(draftOf("stuck", "host.progress(0); while (true) {}"), {
      validate: false,
    });
    const running = own.library.execute("stuck", {}, { onProgress: () => started.resolve() });
    await started.promise;
    await own[Symbol.asyncDispose]();
    expect((await running).status).toBe("cancelled");
  });
});

describe("contexts", () => {
  class Point {
    readonly x = 1;
  }
  const cycle: Record<string, unknown> = { a: {} };
  cycle["a"] = { b: cycle };

  test("what is not JSON never reaches the skill, and is named with its path", async () => {
    const id = await add("return context;");
    const contexts = [
      cycle,
      { f: () => 1 },
      { n: [1n] },
      { p: new Point() },
      Number.NaN,
      [undefined],
    ];
    const runs = await Promise.all(
      contexts.map((context) => library.execute(id, context as unknown as JsonValue)),
    );
    expect(runs.map(({ status, error }) => [status, error])).toEqual(
      [
        "The context at a.b is not JSON: a cycle",
        "The context at f is not JSON: a function",
        "The context at n[0] is not JSON: a BigInt",
        "The context at p is not JSON: an instance of Point",
        "The context is not JSON: NaN",
        "The context at [0] is not JSON: undefined",
      ].map((message) => [
        "invalid-context",
        { name: "InvalidContextError", message, code: "INVALID_INPUT" },
      ]),
    );
    expect(runs.map(({ version }) => version)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test("what is larger than 1 MiB is refused with its size", async () => {
    expect(await run("return 1;", { text: "é".repeat(2 ** 20) })).toMatchObject({
      status: "invalid-context",
      error: {
        code: "LIMIT_EXCEEDED",
        limit: "contextBytes",
        message:
          "The context has 2097163 bytes; at most 1048576 are allowed; send less, or raise limits.contextBytes",
      },
    });
  });

  test("what does not match the input schema is refused with every issue", async () => {
    const input = {
      type: "object",
      properties: { n: { type: "integer" }, list: { type: "array", items: { type: "string" } } },
      required: ["n"],
    };
    const execution = await run("return 1;", { list: ["a", 2] }, {}, { input });
    expect(execution).toMatchObject({
      status: "invalid-context",
      error: { name: "InvalidContextError" },
    });
    expect(execution.error?.issues?.map(({ path }) => path).toSorted()).toEqual(["list[1]", "n"]);
  });

  test("a NUL comes through unchanged; an unpaired surrogate is refused with its place", async () => {
    expect((await run("return context.text;", { text: "a\u0000" })).unwrap()).toBe("a\u0000");
    expect(await run("return context.text;", { text: "a\ud800" })).toMatchObject({
      status: "invalid-context",
      error: { message: "The context at text is not JSON: a string with a lone surrogate" },
    });
  });
});

describe("results", () => {
  test("what is not JSON is an invalid result, named with its path", async () => {
    const runs = await Promise.all(
      [
        "return { f() {} };",
        "return [1n];",
        "const a = {}; a.a = a; return a;",
        "return new Map();",
        "return { n: NaN };",
      ].map((body) => run(body)),
    );
    expect(
      runs.map(({ status, error }) => [status, error?.message.match(/but (.*);/)?.[1]]),
    ).toEqual(
      ["f is a function", "[0] is a BigInt", "a is a cycle", "it is a Map", "n is NaN"].map(
        (found) => ["invalid-result", found],
      ),
    );
  });

  test("what does not match the output schema is an invalid result", async () => {
    const output = { type: "array", items: { type: "string" } };
    const execution = await run("return ['a', 1];", {}, {}, { output });
    expect(execution).toMatchObject({
      status: "invalid-result",
      error: { name: "InvalidResultError" },
    });
    expect(execution.error?.issues?.map(({ path }) => path)).toEqual(["[1]"]);
    expect("value" in execution).toBe(false);
  });

  test("what is larger than 4 MiB is an invalid result", async () => {
    const execution = await run("return 'x'.repeat(5 * 2 ** 20);");
    expect(execution.status).toBe("invalid-result");
    expect(execution.error?.message).toContain("4194304 bytes");
    expect((await run("return 'x'.repeat(4 * 2 ** 20 - 2);")).status).toBe("ok");
  });
});
