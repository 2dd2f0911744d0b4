/**
 * Every starter skill, as it is shipped: its files agree with each other, its code is a module that
 * imports nothing, and its examples hold. The code runs here in plain Node with a scripted host, so
 * that a fault of a skill is told apart from one of the sandbox.
 */
import { readdirSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parse } from "acorn";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import type { ExampleHostCall, SkillDraft, SkillExample } from "../src/skill/skill.ts";

interface Host {
  tool(name: string, args?: unknown): Promise<unknown>;
  skill(id: string, context?: unknown): Promise<unknown>;
  progress(fraction: number, message?: string): Promise<void>;
  sleep(delayMs: number): Promise<void>;
}
type Main = (context: unknown, host: Host) => unknown;
type Outcome = { readonly result: unknown } | { readonly error: string; readonly message: string };

interface Starter {
  readonly id: string;
  readonly folder: string;
  readonly draft: SkillDraft;
  readonly source: string;
}

const ROOT = import.meta.dirname;
const FILES = readdirSync(ROOT, { recursive: true, encoding: "utf8" })
  .filter((file) => dirname(file) !== "." && /\.(?:js|ts|json)$/.test(file))
  .sort();

function readStarter(file: string): Starter {
  const draft = JSON.parse(readFileSync(join(ROOT, file), "utf8")) as SkillDraft;
  const extension = draft.language === "typescript" ? ".ts" : ".js";
  const source = readFileSync(join(ROOT, file.replace(/\.json$/, extension)), "utf8");
  return { id: basename(file, ".json"), folder: dirname(file), draft, source };
}

const STARTERS = FILES.filter((file) => file.endsWith(".json")).map(readStarter);
const EXAMPLES = STARTERS.flatMap((starter) =>
  (starter.draft.examples ?? []).map((example, index) => ({
    title: `${starter.id}, example ${index}`,
    starter,
    example,
  })),
);

const ajv = new Ajv2020({
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
  allErrors: true,
});

function problems(schema: SkillDraft["input"], value: unknown): string {
  const validate = ajv.compile(schema ?? true);
  return validate(value) ? "" : ajv.errorsText(validate.errors);
}

function javascriptOf({ draft, source }: Starter): string {
  return draft.language === "typescript" ? stripTypeScriptTypes(source) : source;
}

async function loadMain(starter: Starter): Promise<Main> {
  const url = `data:text/javascript;base64,${Buffer.from(javascriptOf(starter)).toString("base64")}`;
  const module = (await import(/* @vite-ignore */ url)) as { default: Main };
  return module.default;
}

/** Plain JSON, as it would cross the boundary of the sandbox. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}

/** Answers the calls of an example in order; `faults` tells what did not go by the script. */
function scriptedHost(draft: SkillDraft, script: readonly ExampleHostCall[]) {
  const faults: string[] = [];
  let next = 0;
  const answer = async (kind: "tool" | "skill", name: string, args: unknown): Promise<unknown> => {
    const declared = draft.capabilities?.[kind === "tool" ? "tools" : "skills"] ?? [];
    if (!declared.includes(name)) faults.push(`${kind} "${name}" is not declared`);
    const call = script[next++];
    if (call?.[kind] !== name)
      faults.push(`call ${next} is ${kind} "${name}", not ${JSON.stringify(call)}`);
    if (call?.args !== undefined && !isDeepStrictEqual(asJson(args), call.args)) {
      faults.push(`call ${next} has the arguments ${JSON.stringify(args)}`);
    }
    if (call?.error !== undefined) throw new Error(call.error);
    return structuredClone(call?.result ?? null);
  };
  const host: Host = {
    tool: (name, args) => answer("tool", name, args),
    skill: (id, context) => answer("skill", id, context),
    progress: async () => {},
    sleep: async () => {},
  };
  const finish = (): readonly string[] =>
    next < script.length ? [...faults, `only ${next} of ${script.length} calls were made`] : faults;
  return { host, finish };
}

async function runExample(
  starter: Starter,
  example: SkillExample,
): Promise<[Outcome, readonly string[]]> {
  const main = await loadMain(starter);
  const { host, finish } = scriptedHost(starter.draft, example.hostCalls ?? []);
  try {
    const value = await main(structuredClone(example.context), host);
    return [{ result: asJson(value) }, finish()];
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return [{ error: error.name, message: error.message }, finish()];
  }
}

test("every code file has its description and the other way round", () => {
  const stems = (pattern: RegExp) =>
    FILES.filter((file) => pattern.test(file)).map((file) => file.replace(pattern, ""));
  expect(stems(/\.(?:js|ts)$/)).toEqual(stems(/\.json$/));
  expect(STARTERS.length).toBeGreaterThanOrEqual(30);
});

test("the table in the README lists exactly the skills there are", () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const rows = [...readme.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(
    ([, id, category]) => `${category}/${id}`,
  );
  expect(rows.sort()).toEqual(STARTERS.map(({ id, folder }) => `${folder}/${id}`).sort());
});

describe.each(STARTERS)("$folder/$id", (starter) => {
  const { id, folder, draft, source } = starter;

  test("is described under its own name and category, with 2 to 5 examples", () => {
    expect({ id: draft.id, category: draft.category }).toEqual({ id, category: folder });
    expect({ license: draft.license, author: draft.author }).toEqual({
      license: "MIT",
      author: "repertoire",
    });
    expect(draft.description).toMatch(/\. Use (?:to|when|after|before) /);
    expect(draft.tags?.length).toBeGreaterThanOrEqual(3);
    expect(draft.examples?.length).toBeGreaterThanOrEqual(2);
    expect(draft.examples?.length).toBeLessThanOrEqual(5);
    expect(draft.code).toBeUndefined();
  });

  test("is one short module that imports nothing and default-exports", () => {
    const program = parse(javascriptOf(starter), { ecmaVersion: 2023, sourceType: "module" });
    const kinds = program.body.map(({ type }) => type);
    expect(kinds.filter((kind) => kind.startsWith("Import") || kind.startsWith("Export"))).toEqual([
      "ExportDefaultDeclaration",
    ]);
    expect(source).not.toMatch(/\bimport\s*\(|\brequire\s*\(/);
    expect(source.split("\n").length).toBeLessThanOrEqual(180);
  });

  test("calls only skills that are shipped with it", () => {
    const ids = STARTERS.map((other) => other.id);
    expect((draft.capabilities?.skills ?? []).filter((called) => !ids.includes(called))).toEqual(
      [],
    );
  });

  test("takes the result of a previous workflow step", () => {
    const context = { ...(draft.examples?.[0]?.context as object), prev_result: { any: "value" } };
    expect(problems(draft.input, context)).toBe("");
  });
});

test.each(EXAMPLES)("$title holds", async ({ starter, example }) => {
  expect(problems(starter.draft.input, example.context)).toBe("");
  const [outcome, faults] = await runExample(starter, example);
  expect(faults).toEqual([]);
  if (example.error !== undefined) {
    expect(outcome).toMatchObject({ error: example.error });
    return;
  }
  expect(outcome).toEqual({ result: example.result ?? expect.anything() });
  if ("result" in outcome) expect(problems(starter.draft.output, outcome.result)).toBe("");
});
