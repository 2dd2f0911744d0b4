import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import { rejection, rejections } from "../../../test/support/thrown.ts";
import type { SkillLibrary } from "../skill-library.ts";

let temporary: TemporaryLibrary;
let library: SkillLibrary;

const RISKY = {
  kind: "tool",
  name: "risky",
} as const;

beforeAll(async () => {
  temporary = await temporaryLibrary({
    embedder: false,
    tools: { risky: () => "done", plain: () => "plain" },
    policy: {
      callers: {
        careful: { tools: ["plain"] },
        lonely: { skills: [] },
        constructor: { tools: [] },
      },
    },
  });
  library = temporary.library;
  await library.addMany(
    [
      draftOf("risks", "return await host.tool('risky');", {
        capabilities: { tools: ["risky"] },
      }),
      draftOf("through", "return await host.skill('risks', {});", {
        capabilities: { skills: ["risks"], tools: ["risky"] },
      }),
      draftOf(
        "everything",
        `const got = [];
         for (const call of context.calls)
           try { got.push(await host[call[0]](call[1], {})); } catch (e) { got.push(e.name); }
         return got;`,
        { capabilities: { tools: ["plain", "risky"], skills: ["risks"] } },
      ),
    ],
    { validate: false },
  );
});
afterAll(() => temporary[Symbol.asyncDispose]());

describe("a caller", () => {
  test("has its own policy, which a run without it or of another has not", async () => {
    const denied = await library.execute("risks", {}, { caller: "careful" });
    expect([denied.status, denied.error]).toEqual([
      "denied",
      expect.objectContaining({
        message:
          'Tool "risky" is not granted: caller "careful" may not use it; add it to `policy.callers["careful"].tools`',
        capability: RISKY,
      }),
    ]);
    for (const options of [
      {},
      { caller: "other" },
      { caller: "__proto__" },
      { caller: "toString" },
    ])
      expect((await library.execute("risks", {}, options)).unwrap()).toBe("done");
    expect((await library.execute("risks", {}, { caller: "constructor" })).status).toBe("denied");
  });

  test("has it in everything the skill calls", async () => {
    const denied = await library.execute("through", {}, { caller: "careful" });
    expect([denied.status, denied.error?.capability]).toEqual(["denied", RISKY]);
    const alone = await library.execute("through", {}, { caller: "lonely" });
    expect([alone.status, alone.error?.capability]).toEqual([
      "denied",
      { kind: "skill", name: "risks" },
    ]);
    expect((await library.execute("through", {}, { caller: "other" })).unwrap()).toBe("done");
  });

  test("has it in a batch and in each step of a workflow, and none of them forgets who asked", async () => {
    const items = [{ id: "risks" }, { id: "through" }];
    const batch = await library.executeMany(items, { caller: "careful" });
    expect(batch.map(({ status, caller }) => [status, caller])).toEqual([
      ["denied", "careful"],
      ["denied", "careful"],
    ]);
    const workflow = await library.compose(["risks"], {}, { caller: "careful" });
    expect(workflow.status).toBe("denied");
    const [step] = workflow.steps;
    expect(await library.getRun(step?.runId ?? "")).toMatchObject({ caller: "careful" });
    expect((await library.compose(["through"], {}, { caller: "other" })).status).toBe("ok");
  });

  test("is recorded with the run and with those it leads to, and absent where nobody is named", async () => {
    const { runId, caller } = await library.execute("through", {}, { caller: "agent-7" });
    expect(caller).toBe("agent-7");
    const [inner] = await library.listRuns({ skillId: "risks", limit: 1 });
    expect(inner).toMatchObject({ parentRunId: runId, caller: "agent-7" });
    expect(await library.getRun(runId)).toMatchObject({ caller: "agent-7" });
    expect(await library.execute("risks")).not.toHaveProperty("caller");
  });

  test("is a text of 1 to 256 characters", async () => {
    for (const caller of ["", "x".repeat(257), 7, null]) {
      const options = { caller: caller as string };
      for (const error of await rejections([
        library.execute("risks", {}, options),
        library.executeMany([{ id: "risks" }], options),
        library.compose(["risks"], {}, options),
      ]))
        expect(error).toMatchObject({
          code: "INVALID_INPUT",
          message: expect.stringContaining("`caller` to be a text of 1 to 256 characters"),
        });
    }
    const longest = "x".repeat(256);
    expect((await library.execute("risks", {}, { caller: longest })).caller).toBe(longest);
  });
});

describe("a policy of one run", () => {
  test("narrows it and all it calls, and widens nothing", async () => {
    const policy = { tools: ["plain"] };
    expect((await library.execute("through", {}, { policy })).error).toMatchObject({
      capability: RISKY,
      message: expect.stringContaining("the policy this run was started with does not have it"),
    });
    const wide = { tools: ["plain", "risky"] };
    const careful = await library.execute("risks", {}, { policy: wide, caller: "careful" });
    expect(careful.status).toBe("denied");
    expect((await library.execute("risks", {}, { policy: wide })).unwrap()).toBe("done");
    expect((await library.execute("risks", {}, { policy: {} })).unwrap()).toBe("done");
  });

  test("is refused when it is malformed", async () => {
    for (const policy of [{ tool: [] }, { tools: "risky" }, { callers: {} }, [], null])
      expect(
        await rejection(library.execute("risks", {}, { policy: policy as object })),
      ).toMatchObject({ code: "INVALID_INPUT" });
  });
});

describe("the record of a run", () => {
  const calls = [
    ["tool", "plain"],
    ["tool", "plain"],
    ["tool", "__proto__"],
    ["tool", "risky"],
    ["skill", "risks"],
    ["skill", "constructor"],
    ["fetch", "https://a.example/path?secret"],
  ];

  test("tells what was used and what was refused, each once", async () => {
    const execution = await library.execute("everything", { calls }, { caller: "careful" });
    expect(execution.unwrap()).toEqual([
      "plain",
      "plain",
      "CapabilityError",
      "CapabilityError",
      "CapabilityError",
      "CapabilityError",
      "CapabilityError",
    ]);
    const { used, refused } = execution;
    expect({ used, refused }).toEqual({
      used: { tools: ["plain"], skills: ["risks"], fetch: [] },
      refused: {
        tools: ["__proto__", "risky"],
        skills: ["constructor"],
        fetch: ["https://a.example"],
      },
    });
    expect(await library.getRun(execution.runId)).toMatchObject({ used, refused });
    const [inner] = await library.listRuns({ skillId: "risks", limit: 1 });
    expect(inner).toMatchObject({ refused: { tools: ["risky"], skills: [], fetch: [] } });
    expect(inner).not.toHaveProperty("used");
  });

  test("says nothing of capabilities where none were asked for", async () => {
    const execution = await library.execute("everything", { calls: [] });
    expect(execution).not.toHaveProperty("used");
    expect(execution).not.toHaveProperty("refused");
  });

  test("keeps twenty refused names of a kind, none of them long", async () => {
    const asked = Array.from({ length: 50 }, (_, n) => ["tool", `${n}${"x".repeat(900)}`]);
    const { refused } = await library.execute("everything", { calls: asked });
    expect(refused?.tools).toEqual(asked.slice(0, 20).map(([, name]) => name?.slice(0, 256)));
  });
});

describe("what a denied run names", () => {
  async function ending(id: string, body: string) {
    const draft = draftOf(id, body, { capabilities: {} });
    await library.add(draft, { validate: false });
    const { status, error } = await library.execute(id);
    return [status, error?.capability];
  }

  test("is the denial that escaped, not the last one", async () => {
    expect(
      await ending(
        "first-of-two",
        `let first;
         try { await host.tool('one'); } catch (e) { first = e; }
         try { await host.tool('two'); } catch {}
         throw first;`,
      ),
    ).toEqual(["denied", { kind: "tool", name: "one" }]);
  });

  test("can not be made up: it is one that really was denied, or none", async () => {
    const forged =
      "const e = new Error('Tool \"forged\" is not declared'); e.name = 'CapabilityError'; e.code = 'denied'; e.denied = true; e.capability = { kind: 'tool', name: 'forged' };";
    expect(await ending("forges", `${forged} throw e;`)).toEqual(["error", undefined]);
    expect(
      await ending(
        "forges-around",
        `try { await host.tool('real'); } catch (cause) { ${forged} e.cause = cause; throw e; }`,
      ),
    ).toEqual(["denied", { kind: "tool", name: "real" }]);
    expect(
      await ending(
        "rewrites",
        `try { await host.tool('real'); } catch (e) { e.message = 'Tool "other" is not declared by the skill'; e.capability = { kind: 'tool', name: 'other' }; throw e; }`,
      ),
    ).toEqual(["denied", { kind: "tool", name: "real" }]);
  });
});
