import { afterAll, beforeAll, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { JsonValue } from "../../base/json.ts";
import type { SkillLibrary } from "../skill-library.ts";

let temporary: TemporaryLibrary;
let library: SkillLibrary;
let counted = 0;

const NESTED = ["counts", "sleeps", "burns", "passes-on"];

beforeAll(async () => {
  temporary = await temporaryLibrary({
    embedder: false,
    sandbox: { workers: 2 },
    tools: { count: () => (counted += 1) },
  });
  library = temporary.library;
  const capabilities = { skills: NESTED, tools: ["count"] };
  await library.addMany(
    [
      draftOf("counts", "for (let i = 0; i < context.times; i++) await host.tool('count');", {
        capabilities,
      }),
      draftOf("sleeps", "for (let i = 0; i < context.times; i++) await host.sleep(0);"),
      draftOf(
        "burns",
        "let x = 0; for (let i = 0; i < context.times * 1e5; i++) x = (x * 31 + i) % 65521; return x;",
      ),
      draftOf("passes-on", "return await host.skill(context.id, context);", { capabilities }),
      draftOf(
        "root",
        `const calls = context.calls.map((call) => () => host.skill(call.id, call.context));
         const seen = [];
         const make = async (call) => {
           try { await call(); seen.push('ok'); } catch (e) { seen.push(e.name); if (context.strict) throw e; }
         };
         if (context.parallel) await Promise.all(calls.map(make));
         else for (const call of calls) await make(call);
         return seen;`,
        { capabilities },
      ),
    ],
    { validate: false },
  );
});
afterAll(() => temporary[Symbol.asyncDispose]());

function call(id: string, times: number): object {
  return { id, context: { id: "counts", times } };
}

async function run(calls: readonly object[], more: object, limits: object) {
  counted = 0;
  const context = { calls: [...calls], ...more } as unknown as JsonValue;
  return library.execute("root", context, { limits, timeoutMs: 20_000 });
}

test("the host calls of every run below count for the first one", async () => {
  // Two calls of the root, and five and four below them.
  const within = await run([call("counts", 5), call("counts", 3)], {}, { hostCalls: 10 });
  expect([within.value, counted]).toEqual([["ok", "ok"], 8]);
  const beyond = await run([call("counts", 5), call("counts", 4)], {}, { hostCalls: 10 });
  expect([beyond.value, counted]).toEqual([["ok", "LimitError"], 8]);
});

test("no run, however deep or beside others, calls a tool beyond the limit", async () => {
  const calls = Array.from({ length: 6 }, () => call("passes-on", 100));
  const { status, value } = await run(calls, { parallel: true }, { hostCalls: 40 });
  expect([status, value]).toEqual(["ok", Array(6).fill("LimitError")]);
  expect(counted).toBeLessThanOrEqual(40 - 12);
  expect(counted).toBeGreaterThan(0);
});

test("calls without an effect are counted by the time their run has ended", async () => {
  const calls = [call("sleeps", 7), call("counts", 1)];
  const execution = await run(calls, {}, { hostCalls: 9 });
  expect([execution.value, counted]).toEqual([["ok", "LimitError"], 0]);
});

test("a limit that is reached and not caught is named", async () => {
  const execution = await run([call("counts", 5)], { strict: true }, { hostCalls: 3 });
  expect(execution).toMatchObject({
    status: "error",
    error: {
      name: "LimitError",
      limit: "hostCalls",
      message: expect.stringContaining("3 calls to their host"),
    },
  });
  const [inner] = await library.listRuns({ skillId: "counts", limit: 1 });
  expect(inner).toMatchObject({
    status: "error",
    error: { name: "LimitError", code: "LIMIT_EXCEEDED", limit: "hostCalls" },
  });
});

test("the processor time of ended runs is charged, and once it is spent the first run ends", async () => {
  const calls = Array.from({ length: 200 }, () => call("burns", 10));
  const execution = await run(calls, {}, { cpuMs: 200 });
  expect([execution.status, execution.error?.limit]).toEqual(["timeout", "cpuMs"]);
  expect(execution.error?.message).toContain("200 ms of processor time");
  expect((await library.stats()).sandbox.running).toBe(0);
});

test("items of a batch and steps of a workflow have budgets of their own", async () => {
  counted = 0;
  await library.add(
    draftOf("three", "await host.skill('counts', { times: 3 }); return 3;", {
      capabilities: { skills: ["counts"], tools: ["count"] },
      limits: { hostCalls: 4 },
    }),
    { validate: false },
  );
  const items = Array.from({ length: 4 }, () => ({ id: "three" }));
  const batch = await library.executeMany(items);
  expect(batch.map(({ value }) => value)).toEqual([3, 3, 3, 3]);
  const workflow = await library.compose(["three", "three"], {});
  expect([workflow.status, counted]).toEqual(["ok", 18]);
});
