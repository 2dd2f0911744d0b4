import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonLines, jsonOf, openWorkplace } from "./run-cli.ts";
import type { Workplace } from "./run-cli.ts";

const SHOP = {
  id: "shop",
  name: "Shop",
  description: "Opens a page and buys what is there.",
  code: `export default async ({ url }, host) => {
  const page = await host.tool("open", { url });
  return page === "shop" ? host.tool("buy", {}) : page;
};
`,
  capabilities: { tools: ["open", "spare"] },
  examples: [
    { context: { url: "a" }, result: "page", hostCalls: [{ tool: "open", result: "page" }] },
    { context: { url: "b" }, hostCalls: [{ tool: "open", result: "shop" }] },
  ],
};

let place: Workplace;
beforeAll(async () => {
  place = openWorkplace();
  place.write("shop.skill.json", SHOP);
  place.write("context.json", { url: "x" });
  place.write(
    "tools.mjs",
    `export const open = {
       execute: ({ url }) => "opened " + url,
       input: { type: "object", properties: { url: { type: "string" } }, required: ["url"] },
     };
     export const constant = { no: "tool" };`,
  );
  await place.run(["add", "shop.skill.json", "--no-validate"]);
});
afterAll(() => place[Symbol.dispose]());

async function lastRun(): Promise<unknown> {
  const [run] = jsonOf(await place.run(["runs", "--json", "--limit", "1"])) as unknown[];
  return run;
}

describe("--caller", () => {
  const args = ["run", "shop", "--context", "@context.json", "--tools", "tools.mjs"];

  test("is recorded with the run and what it used, and shown", async () => {
    const result = await place.run([...args, "--caller", "agent-7"]);
    expect(result).toMatchObject({ code: 0, stdout: "opened x\n" });
    expect(result.stderr).toMatch(/^used: tool open\nok shop@1 in [\d.]+ ms\n$/);
    expect(await lastRun()).toMatchObject({
      caller: "agent-7",
      used: { tools: ["open"], skills: [], fetch: [] },
    });
    const table = await place.run(["runs"]);
    expect(table.stdout).toMatch(/CALLER +USED/);
    expect(table.stdout).toMatch(/agent-7 +tool open/);
  });

  test("comes from the environment where the command line says nothing", async () => {
    const env = { REPERTOIRE_CALLER: "from-env" };
    expect(jsonOf(await place.run([...args, "--json"], { env }))).toMatchObject({
      caller: "from-env",
    });
    const named = await place.run([...args, "--json", "--caller", "by-name"], { env });
    expect(jsonOf(named)).toMatchObject({ caller: "by-name" });
    const empty = await place.run([...args, "--json"], { env: { REPERTOIRE_CALLER: "" } });
    expect(jsonOf(empty)).not.toHaveProperty("caller");
  });

  test("is a text of 1 to 256 characters", async () => {
    for (const caller of ["", "x".repeat(257)])
      expect(await place.run([...args, "--caller", caller])).toMatchObject({
        code: 4,
        stderr: expect.stringContaining("`caller` to be a text of 1 to 256 characters") as string,
      });
  });

  test("holds for a batch and for a workflow", async () => {
    const stdin = '{"id":"shop"}\n{"id":"shop"}\n';
    const batch = await place.run(["batch", "-", "--caller", "b", "--json"], { stdin });
    expect(batch.code).toBe(7);
    expect(jsonLines(batch)).toMatchObject([{ caller: "b" }, { caller: "b" }]);
    expect((await place.run(["compose", "shop", "--caller", "w"])).code).toBe(7);
    expect(await lastRun()).toMatchObject({ caller: "w", status: "denied" });
    const saved = ["compose", "shop", "--save", "s", "--description", "S", "--caller", "w"];
    expect((await place.run(saved)).code).toBe(2);
  });
});

test("a denied run names what it asked for, and how to grant it", async () => {
  const result = await place.run(["run", "shop", "--context", "@context.json", "--json"]);
  expect(result.code).toBe(7);
  expect(jsonOf(result)).toMatchObject({
    status: "denied",
    error: {
      capability: { kind: "tool", name: "open" },
      message: 'Tool "open" is not offered by this host; pass it to `openLibrary({ tools })`',
    },
    refused: { tools: ["open"], skills: [], fetch: [] },
  });
  const words = await place.run(["run", "shop", "--context", "@context.json"]);
  expect(words.stderr).toContain("refused: tool open\n");
});

test("arguments that a tool does not take never reach it", async () => {
  const args = ["run", "shop", "--context", '{"url":5}', "--tools", "tools.mjs", "--json"];
  expect(jsonOf(await place.run(args))).toMatchObject({
    status: "error",
    error: { name: "TypeError", message: expect.stringContaining("url must be string") as string },
  });
});

describe("run --dry-grants", () => {
  test("reports the smallest grant as JSON, by the examples", async () => {
    const before = await lastRun();
    const result = await place.run(["run", "shop", "--dry-grants", "--json"]);
    expect({ ...result, stdout: jsonOf(result) }).toEqual({
      code: 0,
      stderr: "",
      stdout: {
        skillId: "shop",
        version: 1,
        capabilities: { tools: ["buy", "open"], skills: [], fetch: [] },
        called: { tools: ["buy", "open"], skills: [], fetch: [] },
        passedOn: { tools: [], fetch: [] },
        isComplete: true,
        unused: { tools: ["spare"], skills: [], fetch: [] },
        undeclared: { tools: ["buy"], skills: [], fetch: [] },
        runs: [
          { with: "examples[0]", status: "ok", hostCalls: 1 },
          { with: "examples[1]", status: "ok", hostCalls: 2 },
        ],
      },
    });
    expect(await lastRun()).toEqual(before);
  });

  test("prints it in words, by a context of one's own", async () => {
    const result = await place.run(["run", "shop", "--dry-grants", "--context", "@context.json"]);
    expect(result).toEqual({
      code: 0,
      stdout: '{\n  "tools": [\n    "open"\n  ],\n  "skills": [],\n  "fetch": []\n}\n',
      stderr:
        "ok with contexts[0]: 1 call\n" +
        "declared and not needed: tool spare\n" +
        "The smallest capabilities of shop@1, as far as 1 run tells:\n",
    });
  });

  test("refuses what would mean nothing, and a skill that is not there", async () => {
    for (const flag of [
      ["--tools", "tools.mjs"],
      ["--seed", "1"],
    ])
      expect(await place.run(["run", "shop", "--dry-grants", ...flag])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`takes no ${flag[0]}`) as string,
      });
    expect((await place.run(["run", "nowhere", "--dry-grants"])).code).toBe(3);
  });
});
