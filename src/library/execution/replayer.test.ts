import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { JsonValue } from "../../base/json.ts";
import type { Execution } from "../../skill/execution.ts";
import type { SkillDraft } from "../../skill/skill.ts";
import type { ExecuteOptions } from "./execute-options.ts";
import { openLibrary } from "../open-library.ts";
import type { SkillLibrary } from "../skill-library.ts";

const TOOLS = { tools: ["roll", "slow", "secret"] } as const;

let temporary: TemporaryLibrary;
let library: SkillLibrary;
let toolCalls = 0;
let added = 0;

const tools = {
  roll: (): JsonValue => {
    toolCalls++;
    return Math.random();
  },
  slow: (): Promise<JsonValue> => new Promise(() => undefined),
  secret: (): JsonValue => "hunter2",
};

beforeAll(async () => {
  temporary = await temporaryLibrary({ embedder: false, sandbox: { workers: 2 }, tools });
  library = temporary.library;
});
afterAll(() => temporary[Symbol.asyncDispose]());
beforeEach(() => {
  toolCalls = 0;
});

async function put(
  body: string,
  id = `replayed-${++added}`,
  more: Partial<SkillDraft> = {},
): Promise<string> {
  const draft = draftOf(id, body, { capabilities: TOOLS, ...more });
  await library.add(draft, { validate: false, expectedVersion: "any" });
  return id;
}

async function run(
  body: string,
  context: JsonValue = {},
  options: ExecuteOptions = {},
): Promise<Execution> {
  return library.execute(await put(body), context, options);
}

/** What must be the same; a replay is another run, at another time, and uses nothing. */
function repeatable(execution: Execution): object {
  const { runId: _id, startedAt: _at, durationMs: _ms, cpuMs: _cpu, ...rest } = execution;
  const { used: _used, refused: _refused, ...same } = rest;
  return same;
}

describe("a replay", () => {
  test("is the recorded run again: no tool is called and nothing is recorded", async () => {
    const execution = await run(
      "console.log('at', Date.now()); return [context, Math.random(), Date.now(), await host.tool('roll'), await host.tool('roll')];",
      { a: 1 },
    );
    const before = (await library.stats()).runs;
    const metrics = (await library.get(execution.skillId))?.metrics;
    const replay = await library.replay(execution.runId);
    expect(replay).toEqual({
      execution: expect.anything(),
      recorded: await library.getRun(execution.runId),
      identical: true,
    });
    expect(repeatable(replay.execution)).toEqual(repeatable(execution));
    expect(replay.execution.runId).not.toBe(execution.runId);
    expect(toolCalls).toBe(2);
    expect((await library.stats()).runs).toEqual(before);
    expect((await library.get(execution.skillId))?.metrics).toEqual(metrics);
  });

  test.each([
    ["an error", "await host.tool('roll'); throw new RangeError('x' + Math.random());"],
    ["a denied call", "await host.tool('undeclared');"],
    ["a result that is no JSON", "return () => 1;"],
    ["a result that is large", "return 'x'.repeat(50000) + Math.random();"],
    [
      "a failing tool that is caught",
      "try { await host.tool('nobody'); } catch (e) { return e.message; }",
    ],
  ])("repeats %s", async (_what, body) => {
    const execution = await run(body);
    const replay = await library.replay(execution.runId);
    expect(replay.divergence).toBeUndefined();
    expect(repeatable(replay.execution)).toEqual(repeatable(execution));
  });

  test("repeats a run that ran out of time while it waited, without waiting", async () => {
    const execution = await run("console.log(1); await host.tool('slow');", {}, { timeoutMs: 300 });
    expect(execution.status).toBe("timeout");
    const replay = await library.replay(execution.runId);
    expect([replay.identical, replay.execution.error]).toEqual([true, execution.error]);
  });

  test("repeats a run that was ended because those it called used the time of all", async () => {
    const inner = await put("for (;;);");
    const outer = await put(`await host.skill("${inner}").catch(() => 0); return 1;`, undefined, {
      capabilities: { tools: [], skills: [inner] },
    });
    const execution = await library.execute(outer, {}, { limits: { cpuMs: 150 } });
    expect([execution.status, execution.error?.limit]).toEqual(["timeout", "cpuMs"]);
    const replay = await library.replay(execution.runId);
    expect(replay.divergence).toBeUndefined();
    expect(repeatable(replay.execution)).toEqual(repeatable(execution));
  });

  test("repeats a run that did not match its input", async () => {
    const id = await put("return 1;", undefined, { input: { type: "object", required: ["a"] } });
    const execution = await library.execute(id, {});
    expect(execution.status).toBe("invalid-context");
    expect((await library.replay(execution.runId)).identical).toBe(true);
  });

  test("holds after reopening, after new versions and after removal", async () => {
    await using own = await temporaryLibrary({ embedder: false });
    const draft = draftOf("kept", "return [1, Math.random()];");
    await own.library.add(draft, { validate: false });
    const { runId, value } = await own.library.execute("kept");
    await own.library.add(draftOf("kept", "return 2;"), { expectedVersion: 1, validate: false });
    await own.library.remove("kept");
    await own.library.close();
    await using again = await openLibrary({ path: own.path, embedder: false });
    const replay = await again.replay(runId);
    expect([replay.identical, replay.execution.value]).toEqual([true, value]);
    expect(replay.execution.version).toBe(1);
  });

  test("of a run that called another answers it from the journal; that one can be replayed by itself", async () => {
    const inner = await put("return [context, await host.tool('roll')];");
    const outer = await put(
      `return [await host.skill("${inner}", { n: 1 }), Math.random()];`,
      undefined,
      {
        capabilities: { ...TOOLS, skills: [inner] },
      },
    );
    const execution = await library.execute(outer, {}, { seed: 5 });
    const [nested] = await library.listRuns({ skillId: inner });
    expect(nested?.parentRunId).toBe(execution.runId);
    const before = (await library.stats()).runs.runs;
    const replays = [
      await library.replay(execution.runId),
      await library.replay(nested?.runId ?? ""),
    ];
    expect(replays.map(({ identical }) => identical)).toEqual([true, true]);
    expect(repeatable(replays[0]?.execution as Execution)).toEqual(repeatable(execution));
    expect([(await library.stats()).runs.runs, toolCalls]).toEqual([before, 1]);
  });

  test("of another version tells the first difference", async () => {
    const body =
      "const n = await host.tool('roll', [1]); console.log('log 1'); return n > 2 ? 1 : 'one';";
    const id = await put(body);
    const { runId } = await library.execute(id);
    const changed = {
      "roll', [1]": "roll', [2]",
      "'one'": "'two'",
      "log 1": "log 2",
      "return n": "throw new Error('thrown'); return n",
      return: "await host.sleep(1); return",
      "const n = await host.tool('roll', [1])": "const n = 1",
      console: " console",
    };
    for (const [from, to] of Object.entries(changed)) await put(body.replace(from, to), id);
    const found = [];
    for (let version = 2; version <= 8; version++) {
      const { execution, identical, divergence } = await library.replay(runId, { version });
      expect([identical, execution.version]).toEqual([divergence === undefined, version]);
      found.push(divergence ?? execution.status);
    }
    expect(found).toEqual([
      { callId: 0, what: "call", expected: "tool roll [1]", actual: "tool roll [2]" },
      { what: "value", expected: '"one"', actual: '"two"' },
      { what: "logs", expected: "[log] log 1", actual: "[log] log 2" },
      { what: "status", expected: "ok", actual: "error: Error: thrown" },
      { callId: 1, what: "unrecorded-call", expected: "no call", actual: "sleep 1" },
      {
        callId: 0,
        what: "missing-call",
        expected: "tool roll [1]",
        actual: "the run ended with ok without it",
      },
      "ok",
    ]);
    expect(toolCalls).toBe(1);
  });

  test("of another version warns of what that one may or may not call for real", async () => {
    const body = "return await host.tool('roll').catch(() => 'refused');";
    const id = await put(body);
    const called = await library.execute(id);
    await library.add(draftOf(id, body, {}), { expectedVersion: 1, validate: false });
    const denied = await library.execute(id);
    const without = await library.replay(called.runId, { version: 2 });
    const withIt = await library.replay(denied.runId, { version: 1 });
    expect([without.identical, without.execution.warnings]).toEqual([
      true,
      [
        'Version 2 does not declare the tool "roll", which the recorded run called; run for real, it would be denied',
      ],
    ]);
    expect([withIt.identical, withIt.execution.warnings]).toEqual([
      true,
      [
        'Version 1 declares the tool "roll", which the recorded run was denied; run for real, it may be granted',
      ],
    ]);
  });

  test("compares errors of other versions by what they say and not by where they are thrown", async () => {
    const id = await put("throw new Error('same');");
    const { runId } = await library.execute(id);
    await put("/* moved */\nthrow new Error('same');", id);
    await put("throw new Error('other');", id);
    expect((await library.replay(runId, { version: 2 })).identical).toBe(true);
    expect((await library.replay(runId, { version: 3 })).divergence).toEqual({
      what: "error",
      expected: '{"name":"Error","message":"same"}',
      actual: '{"name":"Error","message":"other"}',
    });
  });

  test("tells large values apart by their digest", async () => {
    const id = await put("return 'a'.repeat(5000);");
    const { runId } = await library.execute(id);
    await put("return 'a'.repeat(4999) + 'b';", id);
    expect((await library.replay(runId, { version: 2 })).divergence).toEqual({
      what: "value",
      expected: expect.stringMatching(/^5002 bytes of JSON with SHA-256 [0-9a-f]{64}$/),
      actual: expect.stringMatching(/^5002 bytes of JSON: "a{100,}…$/),
    });
  });

  test("has the limits of the recorded run, whatever those of the library are now", async () => {
    await using own = await temporaryLibrary({ embedder: false, limits: { logLines: 2 } });
    await own.library.add(draftOf("talks", "for (const n of [1, 2, 3]) console.log(n);"), {
      validate: false,
    });
    const { runId, logsDropped } = await own.library.execute("talks");
    await own.library.close();
    await using again = await openLibrary({ path: own.path, embedder: false });
    expect(logsDropped).toBe(1);
    expect((await again.replay(runId)).identical).toBe(true);
  });

  test("is stopped by its signal, and by the library's end", async () => {
    const id = await put("return 1;");
    const { runId } = await library.execute(id);
    await put("for (;;);", id);
    const cancelled = { code: "CANCELLED" };
    const late = AbortSignal.timeout(100);
    await expect(library.replay(runId, { version: 2, signal: late })).rejects.toMatchObject(
      cancelled,
    );
    const early = AbortSignal.abort();
    await expect(library.replay(runId, { signal: early })).rejects.toMatchObject(cancelled);
    const again = await openLibrary({ path: temporary.path, embedder: false });
    const replaying = again.replay(runId, { version: 2 });
    const closed = expect(replaying).rejects.toMatchObject({ code: "CLOSED" });
    await again.close();
    await closed;
  });

  test("of a run recorded on an engine that is not here is made with a warning", async () => {
    await using own = await temporaryLibrary({ embedder: false });
    await own.library.add(draftOf("a", "return 1;"), { validate: false });
    const { runId } = await own.library.execute("a");
    await own.library.close();
    const file = new DatabaseSync(join(own.path, "runs.sqlite"));
    file.exec(`UPDATE run_journals SET data = json_set(data, '$.journal.engine', 'other@9')`);
    file.close();
    await using again = await openLibrary({ path: own.path, embedder: false });
    const { execution, identical } = await again.replay(runId);
    expect([identical, execution.warnings]).toEqual([
      true,
      ["The run was recorded on other@9, which is not here"],
    ]);
  });
});

describe("a run that can not be replayed", () => {
  async function refusal(runId: string, from = library): Promise<string> {
    const error: unknown = await from.replay(runId).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "NOT_EXECUTABLE", details: { runId } });
    return (error as Error).message.replace(runId, "?");
  }

  test("says that it is unknown, or what is wrong with how it was asked for", async () => {
    await expect(library.replay("nobody")).rejects.toMatchObject({
      code: "RUN_NOT_FOUND",
      message: expect.stringContaining('There is no record of run "nobody"'),
    });
    await expect(library.redactRun("nobody")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
    const { runId } = await run("return 1;");
    await expect(library.replay(runId, { version: 9 })).rejects.toMatchObject({
      code: "SKILL_NOT_FOUND",
    });
    await expect(library.replay(runId, { versoin: 1 } as object)).rejects.toMatchObject({
      code: "INVALID_INPUT",
    });
    await expect(library.replay(1 as never)).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });

  test("says that it never began", async () => {
    const { runId } = await run("return 1;", { a: Number.NaN });
    expect(await refusal(runId)).toBe(
      'Run "?" can not be replayed: nothing was recorded for it: it ended with invalid-context before its code began, or an older release ran it',
    );
  });

  test("says that it was redacted, and holds nothing of what it was told", async () => {
    const { runId, skillId } = await run("console.log(context.a); throw new Error(context.a);", {
      a: "hunter2",
    });
    expect((await library.getRun(runId))?.journal).toBe("kept");
    const redacted = await library.redactRun(runId);
    expect(redacted).toMatchObject({ runId, status: "error", journal: "redacted", logs: [] });
    expect(JSON.stringify(redacted)).not.toContain("hunter2");
    expect(JSON.stringify(await library.get(skillId))).not.toContain("hunter2");
    expect(await library.getRun(runId)).toEqual(redacted);
    expect(await refusal(runId)).toBe('Run "?" can not be replayed: it was redacted');
  });

  test("says that its library keeps no journals", async () => {
    await using own = await temporaryLibrary({ embedder: false, journals: "off" });
    await own.library.add(draftOf("a", "return 1;"), { validate: false });
    const { runId } = await own.library.execute("a");
    expect((await own.library.getRun(runId))?.journal).toBe("off");
    expect(await refusal(runId, own.library)).toBe(
      'Run "?" can not be replayed: the library that ran it keeps no journals; open it without { journals: "off" } for later runs',
    );
  });

  test("names what its library withholds, of which its file holds nothing", async () => {
    await using own = await temporaryLibrary({
      embedder: false,
      tools,
      journals: { withhold: { tools: ["secret"], skills: ["vault"], fetch: ["https://a.test"] } },
    });
    const skills = { ...TOOLS, skills: ["vault"] };
    const bodies: Readonly<Record<string, string>> = {
      open: "return await host.tool('roll');",
      tells: "return await host.tool('secret');",
      vault: "return context.pin;",
      asks: "return (await host.skill('vault', { pin: 'hunter2' })).length;",
      fetches: "await host.fetch('https://a.test/x?key=hunter2').catch(() => 0);",
    };
    const states: unknown[] = [];
    for (const [id, body] of Object.entries(bodies)) {
      await own.library.add(draftOf(id, body, { capabilities: skills }), { validate: false });
      const { runId } = await own.library.execute(id, id === "vault" ? { pin: "hunter2" } : {});
      const { journal, withheld } = (await own.library.getRun(runId)) ?? {};
      states.push([id, journal, withheld]);
      if (id === "asks")
        expect(await refusal(runId, own.library)).toBe(
          'Run "?" can not be replayed: its journal is withheld: the library keeps none of skill vault',
        );
    }
    expect(states).toEqual([
      ["open", "kept", undefined],
      ["tells", "withheld", ["tool secret"]],
      ["vault", "withheld", ["skill vault"]],
      ["asks", "withheld", ["skill vault"]],
      ["fetches", "withheld", ["fetch https://a.test"]],
    ]);
    await own.library.close();
    const file = readFileSync(join(own.path, "runs.sqlite"));
    expect([file.includes("hunter2"), file.includes("https://a.test")]).toEqual([false, true]);
  });

  test("tells nothing of what a run of the same tree was told", async () => {
    await using own = await temporaryLibrary({
      embedder: false,
      tools: { secret: () => "hunter2", roll: () => 4 },
      journals: { withhold: { tools: ["secret"], skills: ["vault"] } },
    });
    const bodies: Readonly<Record<string, string>> = {
      harmless: "return await host.tool('roll');",
      echo: "return context;",
      leaf: "return await host.tool('secret');",
      above: "return [await host.skill('harmless'), await host.skill('leaf')];",
      beside: "return await host.skill('echo', { told: await host.tool('secret') });",
      vault: "return 'hunter2';",
      middle: "return await host.skill('vault');",
      top: "return await host.skill('middle');",
    };
    const capabilities = { tools: ["secret", "roll"], skills: Object.keys(bodies) };
    for (const [id, body] of Object.entries(bodies))
      await own.library.add(draftOf(id, body, { capabilities }), { validate: false });
    for (const id of ["above", "beside", "top"])
      expect((await own.library.execute(id)).status).toBe("ok");
    const runs = await own.library.listRuns({ limit: 20 });
    expect(Object.fromEntries(runs.map(({ skillId, journal }) => [skillId, journal]))).toEqual({
      harmless: "kept",
      echo: "withheld",
      leaf: "withheld",
      above: "withheld",
      beside: "withheld",
      vault: "withheld",
      middle: "withheld",
      top: "withheld",
    });
    await own.library.close();
    expect(readFileSync(join(own.path, "runs.sqlite")).includes("hunter2")).toBe(false);
  });

  test("says that its context or the journals of others took the room", async () => {
    await using own = await temporaryLibrary({
      embedder: false,
      limits: { journalBytes: 1000, journalsBytes: 2000 },
    });
    await own.library.add(draftOf("a", "return 1;"), { validate: false });
    const large = await own.library.execute("a", "x".repeat(2000));
    expect(await refusal(large.runId, own.library)).toBe(
      'Run "?" can not be replayed: its context alone is larger than a journal may be; raise limits.journalBytes for later runs',
    );
    const first = await own.library.execute("a", "x".repeat(900));
    const second = await own.library.execute("a", "x".repeat(900));
    expect(await refusal(first.runId, own.library)).toBe(
      'Run "?" can not be replayed: its journal was dropped to make room for newer ones; raise limits.journalsBytes',
    );
    expect((await own.library.replay(second.runId)).identical).toBe(true);
  });

  test("is replayed as far as its journal had room", async () => {
    await using own = await temporaryLibrary({
      embedder: false,
      tools,
      limits: { journalBytes: 300 },
    });
    const body = "await host.tool('roll', 1); await host.tool('roll', 'x'.repeat(300)); return 1;";
    await own.library.add(draftOf("a", body, { capabilities: TOOLS }), { validate: false });
    const { runId } = await own.library.execute("a");
    const { recorded, divergence } = await own.library.replay(runId);
    expect([recorded.journal, divergence]).toEqual([
      "truncated",
      {
        callId: 1,
        what: "unrecorded-call",
        expected: "nothing: the journal had no room for what comes here",
        actual: expect.stringContaining('tool roll "xxx'),
      },
    ]);
  });
});

test("options of journals that make no sense are refused, because they would keep what was to be withheld", async () => {
  const refused: readonly (readonly [unknown, string])[] = [
    ["none", "`journals` to be one of full, off"],
    [{ withold: {} }, "openLibrary.journals has no option `withold`"],
    [{ withhold: { tool: [] } }, "openLibrary.journals.withhold has no option `tool`"],
    [{ withhold: { tools: "secret" } }, "`journals.withhold.tools` to be a list of texts"],
    [{}, "the options of openLibrary.journals.withhold to be an object"],
    [
      { withhold: new Map([["tools", ["secret"]]]) },
      "the options of openLibrary.journals.withhold to be an object",
    ],
    [
      { withhold: { fetch: ["https://vault.test/"] } },
      '`journals.withhold.fetch` to be a list of origins such as https://api.example.com, got "https://vault.test/"',
    ],
    [{ withhold: { skills: ["No Such"] } }, "`journals.withhold.skills` to be a list of ids"],
  ];
  for (const [journals, message] of refused) {
    await expect(openLibrary({ path: temporary.path, journals } as object)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining(message),
    });
  }
});
