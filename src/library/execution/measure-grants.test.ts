import { afterAll, beforeAll, expect, test } from "vitest";
import { draftOf } from "../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../test/support/temporary-library.ts";
import type { TemporaryLibrary } from "../../../test/support/temporary-library.ts";
import { rejection } from "../../../test/support/thrown.ts";
import type { JsonValue } from "../../base/json.ts";
import type { Capabilities } from "../../skill/skill.ts";
import type { SkillLibrary } from "../skill-library.ts";

let temporary: TemporaryLibrary;
let library: SkillLibrary;
const effects: string[] = [];

const API = "https://api.example.com";

function capabilities(more: Partial<Capabilities>): Capabilities {
  return { tools: [], skills: [], fetch: [], ...more };
}

beforeAll(async () => {
  const tool =
    (name: string) =>
    (args: JsonValue): JsonValue => {
      effects.push(name);
      return args;
    };
  temporary = await temporaryLibrary({
    embedder: false,
    tools: { open: tool("open"), click: tool("click"), pay: tool("pay") },
  });
  library = temporary.library;
  await library.addMany(
    [
      draftOf("pays", "return await host.tool('pay', {});", {
        capabilities: { tools: ["pay"], fetch: ["https://pay.example.com"] },
      }),
      draftOf(
        "shops",
        `const page = await host.tool('open', context.url);
         if (page === 'shop') await host.tool('click', 'buy');
         if (context.pay) await host.skill('pays', {});
         return page;`,
        {
          capabilities: { tools: ["open", "spare"], skills: ["pays", "other"] },
          examples: [
            {
              context: { url: "a" },
              hostCalls: [
                { tool: "click", result: "clicked" },
                { tool: "open", result: "shop" },
              ],
            },
            { context: { url: "b", pay: true }, result: "b" },
          ],
        },
      ),
      draftOf("plain", "return context;"),
      draftOf("fetches", `await host.fetch('${API}/path?query'); await host.fetch('nonsense');`, {
        capabilities: { fetch: [API] },
      }),
      draftOf(
        "fails-first",
        "if (context.n === 1) throw new TypeError('no'); await host.tool('open');",
        {
          capabilities: { tools: ["open"] },
        },
      ),
      draftOf(
        "told-to-fail",
        "try { await host.tool('open'); } catch (e) { await host.tool(e.message); }",
        { examples: [{ context: {}, hostCalls: [{ tool: "open", error: "click" }] }] },
      ),
      draftOf("waits", "for (;;) await host.sleep(1000);"),
      { ...draftOf("hidden", "await host.tool('open');"), status: "draft" as const },
      { id: "note", name: "Note", description: "A note", instructions: "# Read" },
    ],
    { validate: false },
  );
});
afterAll(() => temporary[Symbol.asyncDispose]());

test("what a skill calls, needs, declares for nothing and does not declare, from its examples", async () => {
  expect(await library.measureGrants("shops")).toEqual({
    skillId: "shops",
    version: 1,
    capabilities: {
      tools: ["click", "open", "pay"],
      skills: ["pays"],
      fetch: ["https://pay.example.com"],
    },
    called: capabilities({ tools: ["click", "open"], skills: ["pays"] }),
    passedOn: { tools: ["pay"], fetch: ["https://pay.example.com"] },
    unused: capabilities({ tools: ["spare"], skills: ["other"] }),
    isComplete: true,
    undeclared: capabilities({ tools: ["click", "pay"], fetch: ["https://pay.example.com"] }),
    runs: [
      { with: "examples[0]", status: "ok", hostCalls: 2 },
      { with: "examples[1]", status: "ok", hostCalls: 2 },
    ],
  });
});

test("nothing is really called, and nothing is recorded", async () => {
  effects.length = 0;
  const before = (await library.stats()).runs.runs;
  await library.measureGrants("shops");
  await library.measureGrants("pays");
  expect(effects).toEqual([]);
  expect((await library.stats()).runs.runs).toBe(before);
  expect((await library.get("shops"))?.metrics.uses).toBe(0);
});

test("contexts may be given in place of the examples", async () => {
  const measured = await library.measureGrants("shops", {
    contexts: [{ url: "x" }, { url: "y", pay: true }],
  });
  expect(measured.called).toEqual(capabilities({ tools: ["open"], skills: ["pays"] }));
  expect(measured.runs.map((run) => run.with)).toEqual(["contexts[0]", "contexts[1]"]);
});

test("a skill without examples is run with an empty context, and one that calls nothing needs nothing", async () => {
  expect(await library.measureGrants("plain")).toMatchObject({
    capabilities: capabilities({}),
    unused: capabilities({}),
    undeclared: capabilities({}),
    runs: [{ with: "{}", status: "ok", hostCalls: 0 }],
  });
});

test("origins are those of the URLs", async () => {
  const { called, undeclared } = await library.measureGrants("fetches");
  expect(called.fetch).toContain(API);
  expect(undeclared.fetch).not.toContain(API);
});

test("a run that failed says so, because it may have had more to call", async () => {
  const { called, runs } = await library.measureGrants("fails-first", {
    contexts: [{ n: 1 }, { n: 2 }],
  });
  expect(called.tools).toEqual(["open"]);
  expect(runs).toMatchObject([
    { status: "error", error: { name: "TypeError", message: "no" } },
    { status: "ok" },
  ]);
  expect((await library.measureGrants("told-to-fail")).called.tools).toEqual(["click", "open"]);
});

test("a run that does not end is stopped by its time, and by the caller", async () => {
  const { runs } = await library.measureGrants("waits", { timeoutMs: 50 });
  expect(runs).toMatchObject([{ status: "timeout" }]);
  const abort = new AbortController();
  const measuring = library.measureGrants("waits", { signal: abort.signal });
  abort.abort();
  expect(await rejection(measuring)).toMatchObject({ code: "CANCELLED" });
});

test("a skill that is not offered can be measured; one that is not there or has no code can not", async () => {
  expect((await library.measureGrants("hidden")).called.tools).toEqual(["open"]);
  expect(await rejection(library.measureGrants("nowhere"))).toMatchObject({
    code: "SKILL_NOT_FOUND",
  });
  expect(await rejection(library.measureGrants("plain", { version: 9 }))).toMatchObject({
    code: "SKILL_NOT_FOUND",
  });
  expect(await rejection(library.measureGrants("note"))).toMatchObject({ code: "NOT_EXECUTABLE" });
});

test("options that make no sense are refused", async () => {
  for (const options of [
    { contexts: [] },
    { contexts: {} },
    { contexts: [() => 1] },
    { timeoutMs: 0 },
    { version: 0 },
    { tools: {} },
  ])
    expect(await rejection(library.measureGrants("plain", options as object))).toMatchObject({
      code: "INVALID_INPUT",
    });
});
