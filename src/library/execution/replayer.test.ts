import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { beforeAll, describe, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { Execution } from "../../skill/execution.ts";
import { openLibrary } from "../open-library.ts";
import type { SkillLibrary } from "../skill-library.ts";

import { TOOLS, useReplayingLibrary } from "./testing-fixtures/replaying-library.ts";

const { opened, put, run, toolCalls } = useReplayingLibrary();
let library: SkillLibrary;
beforeAll(() => {
  library = opened().library;
});

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
    expect(toolCalls()).toBe(2);
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
    expect([(await library.stats()).runs.runs, toolCalls()]).toEqual([before, 1]);
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
    expect(toolCalls()).toBe(1);
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
    const again = await openLibrary({ path: opened().path, embedder: false });
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
