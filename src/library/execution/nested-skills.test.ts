import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { Execution } from "../../skill/execution.ts";
import type { SkillDraft } from "../../skill/skill.ts";
import type { SkillLibrary } from "../skill-library.ts";

let temporary: TemporaryLibrary;
let library: SkillLibrary;
let added = 0;

/** A skill that declares the skills and tools it calls. */
function caller(
  id: string,
  body: string,
  callees: readonly string[] = [],
  tools: readonly string[] = [],
): SkillDraft {
  return draftOf(id, body, { capabilities: { skills: callees, tools } });
}

beforeAll(async () => {
  temporary = await temporaryLibrary({
    embedder: false,
    tools: { shout: (text) => `${text as string}!`, whisper: (text) => text },
    policy: {
      skills: [
        "double",
        "fails",
        "forever",
        "forever-limited",
        "denied",
        "shouts",
        "versioned",
        "dice",
        "a",
        "b",
        "missing",
        "unfinished",
        "strict",
        "time",
        "self",
        ...chain(0, 20),
      ],
    },
  });
  library = temporary.library;
  await library.addMany(
    [
      draftOf("double", "return context.n * 2;", {
        input: { type: "object", properties: { n: { type: "number" } }, required: ["n"] },
      }),
      draftOf("fails", "const e = new RangeError('too much'); e.code = 'E_MUCH'; throw e;"),
      draftOf("forever", "for (;;) await null;"),
      draftOf("forever-limited", "for (;;) await null;", { limits: { timeoutMs: 150 } }),
      draftOf("denied", "await host.tool('shout');"),
      draftOf("shouts", "return await host.tool('shout', context.text);", {
        capabilities: { tools: ["shout", "whisper"] },
      }),
      caller("a", "return await host.skill('b', {});", ["b"]),
      caller("b", "return await host.skill('a', {});", ["a"]),
      caller("self", "return await host.skill('self', {});", ["self"]),
      draftOf("versioned", "return 1;"),
      draftOf("unfinished", "return 1;", { status: "draft" }),
      draftOf("out-of-policy", "return 1;"),
      draftOf("dice", "return Math.random();"),
      ...chain(0, 10).map((id, index) =>
        caller(
          id,
          `return context.left === 0 ? 'end' : [await host.skill('chain-${index + 1}', { left: context.left - 1 })];`,
          [`chain-${index + 1}`],
        ),
      ),
    ],
    { validate: false },
  );
  await library.add(draftOf("versioned", "return 2;"), { expectedVersion: 1 });
});
afterAll(() => temporary[Symbol.asyncDispose]());

function chain(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `chain-${from + index}`);
}

async function run(
  body: string,
  callees: readonly string[],
  options: { readonly tools?: readonly string[]; readonly timeoutMs?: number } = {},
): Promise<Execution> {
  const id = `caller-${++added}`;
  const { tools = [], ...rest } = options;
  await library.add(caller(id, body, callees, tools), { validate: false });
  return library.execute(id, {}, rest);
}

/** What the skill catches when it calls. */
function caught(call: string, callees: readonly string[], timeoutMs = 5000): Promise<Execution> {
  return run(
    `try { return { value: await ${call} }; } catch (e) { return { name: e.name, message: e.message, code: e.code }; }`,
    callees,
    { timeoutMs },
  );
}

describe("a skill that calls a skill", () => {
  test("is given its value, and both runs are recorded, the inner with its parent", async () => {
    const execution = await run("return (await host.skill('double', { n: 21 })) + 0.5;", [
      "double",
    ]);
    expect([execution.value, execution.hostCalls]).toEqual([42.5, 1]);
    const runs = await library.listRuns({ skillId: "double", limit: 1 });
    expect(runs).toMatchObject([{ skillId: "double", status: "ok", parentRunId: execution.runId }]);
    expect((await library.getRun(execution.runId))?.parentRunId).toBeUndefined();
  });

  test("sees how it failed: the name, what it said, and the status as the code", async () => {
    expect((await caught("host.skill('fails', {})", ["fails"])).value).toEqual({
      name: "RangeError",
      message: 'Skill "fails" ended with error: too much',
      code: "error",
    });
  });

  test("fails with it when it does not catch it", async () => {
    expect(await run("  await null;\n  await host.skill('fails', {});", ["fails"])).toMatchObject({
      status: "error",
      error: {
        name: "RangeError",
        message: 'Skill "fails" ended with error: too much',
        code: "error",
        line: 3,
      },
    });
  });

  test("sees a context that does not fit, a missing skill, and one that may not be run", async () => {
    const seen = await Promise.all([
      caught("host.skill('double', { n: 'x' })", ["double"]),
      caught("host.skill('missing', {})", ["missing"]),
      caught("host.skill('unfinished', {})", ["unfinished"]),
    ]);
    expect(seen.map(({ value }) => value)).toEqual([
      {
        name: "SkillError",
        message: expect.stringMatching(/^Skill "double" ended with invalid-context: .*number/),
        code: "invalid-context",
      },
      {
        name: "SkillError",
        message: expect.stringContaining('There is no skill "missing"'),
        code: "not-found",
      },
      {
        name: "RepertoireError",
        message: expect.stringContaining('Skill "unfinished" can not be run: it is draft'),
        code: "NOT_EXECUTABLE",
      },
    ]);
  });

  test("is denied what the inner one is denied, unless it catches it", async () => {
    expect(await run("await host.skill('denied', {});", ["denied"])).toMatchObject({
      status: "denied",
      error: {
        code: "denied",
        message: expect.stringContaining('Tool "shout" is not declared'),
        capability: { kind: "tool", name: "shout" },
      },
    });
    expect((await caught("host.skill('denied', {})", ["denied"])).status).toBe("ok");
  });

  test("may call only what it declares and the policy allows", async () => {
    expect(await run("await host.skill('double', { n: 1 });", [])).toMatchObject({
      status: "denied",
      error: {
        message:
          'Skill "double" is not declared by the calling skill; add it to `capabilities.skills` of the draft',
      },
    });
    expect(await run("await host.skill('out-of-policy', {});", ["out-of-policy"])).toMatchObject({
      status: "denied",
      error: {
        message:
          'Skill "out-of-policy" is not granted: the host\'s policy does not have it; add it to `policy.skills`',
        capability: { kind: "skill", name: "out-of-policy" },
      },
    });
  });

  test("can not reach a tool through it that it was not granted itself", async () => {
    const body = "return await host.skill('shouts', { text: 'hey' });";
    const granted = await run(body, ["shouts"], { tools: ["shout"] });
    const other = await run(body, ["shouts"], { tools: ["whisper"] });
    expect(granted.value).toBe("hey!");
    expect([other.status, other.error?.message]).toEqual([
      "denied",
      expect.stringContaining('Tool "shout" is not granted'),
    ]);
  });
});

describe("depth", () => {
  test("a circle of calls is an error that shows the circle", async () => {
    const around = await library.execute("a");
    expect(around).toMatchObject({ status: "error", error: { name: "CycleError" } });
    expect(around.error?.message).toContain("a → b → a");
    expect((await library.execute("self")).error?.message).toContain("self → self");
  });

  test("eight calls deep is allowed, nine is not", async () => {
    expect((await library.execute("chain-0", { left: 8 })).unwrap()).toEqual([[[[[[[["end"]]]]]]]]);
    const deeper = await library.execute("chain-0", { left: 9 });
    expect(deeper).toMatchObject({
      status: "error",
      error: { name: "LimitError", limit: "nestingDepth" },
    });
    expect(deeper.error?.message).toContain("Skills may call skills 8 deep");
  });
});

describe("time", () => {
  test("an inner run has no more time than is left to the outer one", async () => {
    const execution = await run("await host.skill('forever', {});", ["forever"], {
      timeoutMs: 250,
    });
    expect(execution.status).toBe("timeout");
    expect(execution.durationMs).toBeLessThan(2250);
    const [inner] = await library.listRuns({ skillId: "forever", limit: 1 });
    expect(inner).toMatchObject({ parentRunId: execution.runId });
    expect(["timeout", "cancelled"]).toContain(inner?.status);
  });

  test("an inner run keeps to the limit of its own skill", async () => {
    const { value } = await caught("host.skill('forever-limited', {})", ["forever-limited"]);
    expect(value).toMatchObject({ code: "timeout", message: expect.stringContaining("150 ms") });
  });

  test("cancelling the outer run stops the inner one", async () => {
    const abort = new AbortController();
    await library.add(
      caller("outer", "host.progress(0); await host.skill('forever', {});", ["forever"]),
      { validate: false },
    );
    const execution = await library.execute(
      "outer",
      {},
      {
        signal: abort.signal,
        onProgress: () => setImmediate(() => abort.abort()),
      },
    );
    expect(execution.status).toBe("cancelled");
    expect((await library.stats()).sandbox.running).toBe(0);
  });
});

test("a seed makes a run repeat itself with all that it calls", async () => {
  await library.add(
    caller("rolls", "return [await host.skill('dice', {}), await host.skill('dice', {})];", [
      "dice",
    ]),
    { validate: false },
  );
  const roll = async (seed: number): Promise<unknown> =>
    (await library.execute("rolls", {}, { seed })).unwrap();
  const first = await roll(7);
  expect(await roll(7)).toEqual(first);
  expect(await roll(8)).not.toEqual(first);
  expect(new Set(first as number[]).size).toBe(2);
});

test("a call that nobody waited for ends with the run that made it, and is recorded by then", async () => {
  const execution = await run("host.skill('forever', {}); await host.sleep(20); return 'done';", [
    "forever",
  ]);
  expect([execution.value, (await library.stats()).sandbox.running]).toEqual(["done", 0]);
  expect(await library.listRuns({ skillId: "forever", limit: 1 })).toMatchObject([
    { status: "cancelled", parentRunId: execution.runId },
  ]);
});

describe("options of a call", () => {
  test("a version can be named", async () => {
    const execution = await run(
      "return [await host.skill('versioned', {}), await host.skill('versioned', {}, { version: 1 })];",
      ["versioned"],
    );
    expect(execution.value).toEqual([2, 1]);
  });

  test("a time can be given", async () => {
    const { value } = await caught("host.skill('forever', {}, { timeoutMs: 120 })", ["forever"]);
    expect(value).toMatchObject({ code: "timeout", message: expect.stringContaining("120 ms") });
  });

  test("what makes no sense is a TypeError", async () => {
    const options = [
      "{ version: 0 }",
      "{ timeoutMs: -1 }",
      "{ timeoutMs: '5' }",
      "{ versoin: 1 }",
      "5",
      "[]",
    ];
    const seen = await Promise.all(
      options.map((option) => caught(`host.skill('versioned', {}, ${option})`, ["versioned"])),
    );
    expect(seen.map(({ value }) => value)).toEqual(
      options.map(() => ({
        name: "TypeError",
        message:
          "host.skill takes { version, timeoutMs } as its options: a whole number from 1, and milliseconds above 0",
      })),
    );
  });
});

test("a pool full of skills that wait for skills goes on", async () => {
  await using small = await temporaryLibrary({
    embedder: false,
    sandbox: { workers: 1, slotsPerWorker: 2 },
  });
  await small.library.addMany(
    [
      draftOf("leaf", "await host.sleep(5); return context.n;"),
      caller("middle", "return await host.skill('leaf', context);", ["leaf"]),
      caller("root", "return await host.skill('middle', context);", ["middle"]),
    ],
    { validate: false },
  );
  const runs = await Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      small.library.execute("root", { n }, { timeoutMs: 10_000 }),
    ),
  );
  expect(runs.map(({ value }) => value)).toEqual(Array.from({ length: 12 }, (_, n) => n));
});
