import { canonicalJson, type JsonValue } from "../../src/base/json.ts";
import type { SkillExample } from "../../src/skill/skill.ts";
import type { Declaration, Parameter } from "./declaration.ts";
import { evaluateExample } from "./evaluate-example.ts";
import { parseExample, type ExampleSource } from "./parse-example.ts";

export interface DocumentedExamples {
  readonly examples: readonly SkillExample[];
  /** Why the other documented calls were left out, one entry each. */
  readonly skipped: readonly string[];
}

/** The skill examples that a function's documentation amounts to. */
export async function documentedExamples(
  name: string,
  declaration: Pick<Declaration, "parameters" | "examples">,
  scope: Readonly<Record<string, unknown>>,
): Promise<DocumentedExamples> {
  const examples = new Map<string, SkillExample>();
  const skipped: string[] = [];
  for (const block of declaration.examples) {
    const source = parseExample(name, block);
    if (source === undefined) skipped.push("the example is not JavaScript");
    else
      for (const outcome of await examplesOf(source, name, declaration.parameters, scope)) {
        if (typeof outcome === "string") skipped.push(outcome);
        else examples.set(canonicalJson(outcome.context), outcome);
      }
  }
  return { examples: [...examples.values()], skipped };
}

async function examplesOf(
  source: ExampleSource,
  name: string,
  parameters: readonly Parameter[],
  scope: Readonly<Record<string, unknown>>,
): Promise<(SkillExample | string)[]> {
  if (source.calls.length === 0) return [];
  const recorded = await evaluateExample(source, name, scope);
  return source.calls.map(({ result }, index) => {
    const called = recorded[index];
    if (result.kind === "unusable") return result.reason;
    if (called?.kind !== "values") return called?.reason ?? "the call was not recorded";
    const context = toContext(called.values, parameters);
    return typeof context === "string" ? context : { context, result: result.value };
  });
}

/** Positional arguments by parameter name, or why they have none. */
function toContext(
  values: readonly (JsonValue | undefined)[],
  parameters: readonly Parameter[],
): { readonly [name: string]: JsonValue } | string {
  const context: Record<string, JsonValue> = {};
  const rest = parameters.at(-1)?.rest === true ? parameters.length - 1 : undefined;
  if (rest === undefined && values.length > parameters.length)
    return "the call has more arguments than the signature";
  for (const [index, { name }] of parameters.entries()) {
    if (index === rest) {
      const remaining = values.slice(index);
      if (remaining.includes(undefined)) return "an argument is not JSON (undefined)";
      if (remaining.length > 0) context[name] = remaining as JsonValue[];
    } else {
      const value = values[index];
      if (value !== undefined) context[name] = value;
    }
  }
  return context;
}
