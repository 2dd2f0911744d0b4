import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import { openLibrary } from "../open-library.ts";
import type { SkillLibrary } from "../skill-library.ts";
import { tools, TOOLS, useReplayingLibrary } from "./testing-fixtures/replaying-library.ts";

const { opened, run } = useReplayingLibrary();
let library: SkillLibrary;
beforeAll(() => {
  library = opened().library;
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
    await expect(openLibrary({ path: opened().path, journals } as object)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining(message),
    });
  }
});
