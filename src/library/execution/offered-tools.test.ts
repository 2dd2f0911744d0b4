import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import { thrown } from "../../../test/support/thrown.ts";
import type { JsonValue } from "../../base/json.ts";
import { callTool, offerTools } from "./offered-tools.ts";
import type { Tool, ToolCall, ToolDefinition } from "../options.ts";

const seen: unknown[] = [];
const tools: Record<string, Tool | ToolDefinition> = {
  send: {
    execute: (args, { remainingMs }) => {
      seen.push(args);
      return { sent: true, remainingMs };
    },
    input: {
      type: "object",
      properties: {
        to: { type: "string", maxLength: 10 },
        copies: { type: "integer", default: 3 },
      },
      required: ["to"],
      additionalProperties: false,
    },
    description: "Sends something",
    effect: "write",
    timeoutMs: 60_000,
  },
  any: (args) => {
    seen.push(args);
    return args;
  },
  own: { execute: (args) => args, input: { required: ["toString"] } },
  never: { execute: () => "never", input: false },
  promises: { execute: (args) => args, output: { type: "number" } },
  slow: { execute: (_, call) => stuck(call), timeoutMs: 50 },
  deaf: { execute: () => new Promise<never>(() => undefined), timeoutMs: 50 },
  "deaf-for-ever": () => new Promise<never>(() => undefined),
  late: {
    execute: () =>
      new Promise<never>((_, reject) => setTimeout(() => reject(new Error("late")), 100)),
    timeoutMs: 20,
  },
};
let onAbort: (reason: unknown) => void = () => undefined;

function stuck({ signal }: ToolCall): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      onAbort(signal.reason);
      reject(new Error("aborted"));
    });
  });
}

let temporary: TemporaryLibrary;
let added = 0;
beforeAll(async () => {
  temporary = await temporaryLibrary({ embedder: false, tools });
});
afterAll(() => temporary[Symbol.asyncDispose]());

async function run(body: string, options: { readonly timeoutMs?: number } = {}) {
  const id = `skill-${++added}`;
  const draft = draftOf(id, body, { capabilities: { tools: Object.keys(tools) } });
  await temporary.library.add(draft, { validate: false });
  return temporary.library.execute(id, {}, options);
}

/** What the skill catches when it calls. */
async function caught(call: string): Promise<unknown> {
  const body = `try { return { value: await ${call} }; } catch (e) { return { name: e.name, message: e.message, code: e.code }; }`;
  return (await run(body)).unwrap();
}

describe("a tool that says what it takes", () => {
  test("is called with what fits, just as it was sent", async () => {
    seen.length = 0;
    expect(await caught("host.tool('send', { to: 'ada' })")).toEqual({
      value: { sent: true, remainingMs: expect.any(Number) },
    });
    expect(seen).toEqual([{ to: "ada" }]);
  });

  test("never sees anything else; the skill learns what is wrong", async () => {
    seen.length = 0;
    const wrong = [
      "{}",
      "{ to: 5 }",
      "{ to: 'ada', cc: 'x' }",
      "{ to: 'x'.repeat(1e6) }",
      "[]",
      "null",
    ];
    const errors = (await Promise.all(
      wrong.map((args) => caught(`host.tool('send', ${args})`)),
    )) as { name: string; message: string; code: string }[];
    expect(errors.map(({ name, code }) => [name, code])).toEqual(
      wrong.map(() => ["TypeError", "INVALID_INPUT"]),
    );
    const given = 'Tool "send" was given arguments it does not take: ';
    expect(errors.map(({ message }) => message).slice(0, 3)).toEqual([
      `${given}to is required (expected a value, got nothing)`,
      `${given}to must be string (expected type string, got 5)`,
      `${given}cc is not a known property (expected no such property, got a property)`,
    ]);
    for (const { message } of errors) expect(message.length).toBeLessThan(500);
    expect(seen).toEqual([]);
  });

  test("asks for members of its own, not for those that objects inherit", async () => {
    expect(await caught("host.tool('own', {})")).toMatchObject({ name: "TypeError" });
    expect(await caught("host.tool('own', { toString: 1 })")).toEqual({ value: { toString: 1 } });
    expect(await caught("host.tool('never', {})")).toMatchObject({ name: "TypeError" });
  });

  test("is sent nothing that would change the objects it copies arguments into", async () => {
    seen.length = 0;
    const polluting = `JSON.parse('{"a":{"__proto__":{"polluted":1}}}')`;
    expect(await caught(`host.tool('any', ${polluting})`)).toEqual({
      name: "TypeError",
      message:
        'Tool "any" was given arguments it does not take: a.__proto__ is the reserved key __proto__',
      code: "INVALID_INPUT",
    });
    expect(seen).toEqual([]);
  });

  test("and what it gives, keeps to it as well", async () => {
    expect(await caught("host.tool('promises', 5)")).toEqual({ value: 5 });
    expect(await caught("host.tool('promises', 'five')")).toEqual({
      name: "TypeError",
      message:
        'Tool "promises" answered with something that is not what it promises: the whole must be number (expected type number, got "five")',
    });
  });
});

describe("a tool that takes too long", () => {
  const timeout = {
    name: "TimeoutError",
    message: 'Tool "slow" did not answer within 50 ms',
    code: "timeout",
  };

  test("ends with an error that the skill can catch, and sees its signal abort", async () => {
    const aborted = Promise.withResolvers<unknown>();
    onAbort = aborted.resolve;
    expect(await caught("host.tool('slow')")).toEqual(timeout);
    expect(await aborted.promise).toMatchObject(timeout);
  });

  test("does not hold up the skill when it ignores its signal", async () => {
    expect(await caught("host.tool('deaf')")).toMatchObject({ name: "TimeoutError" });
    expect(await caught("host.tool('late')")).toMatchObject({ name: "TimeoutError" });
  });

  test("without a time of its own, has that of the run, whether it listens or not", async () => {
    const execution = await run("await host.tool('deaf-for-ever');", { timeoutMs: 100 });
    expect([execution.status, execution.hostCalls]).toEqual(["timeout", 1]);
    expect((await temporary.library.stats()).sandbox.running).toBe(0);
  });

  test("learns that the run is over although it has time left itself", async () => {
    const abort = new AbortController();
    const aborted = Promise.withResolvers<void>();
    const [tool] = offerTools(
      { long: { execute: (_, call) => stuck(call), timeoutMs: 60_000 } },
      600_000,
    ).values();
    onAbort = () => aborted.resolve();
    const reply = callTool(tool ?? expect.unreachable(), null, {
      runId: "run",
      skillId: "skill",
      signal: abort.signal,
      remainingMs: 1000,
    });
    abort.abort();
    expect(await reply).toEqual({
      ok: false,
      error: { name: "Error", message: "The run has ended" },
    });
    await aborted.promise;
  });

  test("is told the time it has", async () => {
    let told = 0;
    const execute: Tool = (_, { remainingMs }) => void (told = remainingMs);
    const [tool] = offerTools({ hurries: { execute, timeoutMs: 70 } }, 600_000).values();
    const { signal } = new AbortController();
    const about = { runId: "run", skillId: "skill", signal };
    await callTool(tool ?? expect.unreachable(), null, { ...about, remainingMs: 1000 });
    expect(told).toBe(70);
    await callTool(tool ?? expect.unreachable(), null, { ...about, remainingMs: 30 });
    expect(told).toBe(30);
  });
});

test("what tools say of themselves can be asked for, and is a copy", () => {
  const input = { type: "object" };
  const given = { execute: () => null, description: "Reads", effect: "read", input } as const;
  const [tool, plain] = offerTools({ reads: given, plain: () => null }, 1000).values();
  input.type = "changed later";
  expect([tool?.about, plain?.about]).toEqual([
    { name: "reads", description: "Reads", effect: "read", input: { type: "object" } },
    { name: "plain" },
  ]);
  expect(temporary.library.tools.map(({ name }) => name)).toEqual(Object.keys(tools));
});

test("a tool may be a method of an object", async () => {
  class Counter {
    readonly #count = { value: 0 };
    execute(): JsonValue {
      return (this.#count.value += 1);
    }
  }
  const [tool] = offerTools({ count: new Counter() as ToolDefinition }, 1000).values();
  const { signal } = new AbortController();
  const call = { runId: "run", skillId: "skill", signal, remainingMs: 1 };
  expect(await callTool(tool ?? expect.unreachable(), null, call)).toEqual({ ok: true, value: 1 });
});

test("a tool that is malformed is refused with what is wrong", () => {
  const execute = (): null => null;
  const cases: readonly (readonly [unknown, string])[] = [
    [5, 'Expected tool "t" to be a function or { execute, … }, got 5'],
    [{ input: {} }, 'Expected tool "t" to be a function or { execute, … }, got {"input":{}}'],
    [{ execute, schema: {} }, 'tools["t"] has no option `schema`'],
    [
      { execute, timeoutMs: 0 },
      'Expected `tools["t"].timeoutMs` to be a number above 0 and at most 1000',
    ],
    [{ execute, timeoutMs: 1001 }, "at most 1000"],
    [{ execute, effect: "none" }, 'Expected `tools["t"].effect` to be one of read, write, pure'],
    [
      { execute, input: { type: "strnig" } },
      'Expected `tools["t"].input` to be a JSON Schema (2020-12)',
    ],
    [
      { execute, input: "string" },
      'Expected `tools["t"].input` to be a JSON Schema (2020-12): it is "string"',
    ],
    [{ execute, output: { $async: true } }, 'Expected `tools["t"].output` to be a JSON Schema'],
    [{ execute, output: { const: 1n } }, "it is a BigInt"],
  ];
  for (const [tool, message] of cases)
    expect(thrown(() => offerTools({ t: tool as Tool }, 1000))).toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining(message),
    });
});
