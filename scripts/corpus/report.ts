/** Prints what became of the functions, and runs every example in this process. */
import { canonicalJson, type JsonValue } from "../../src/base/json.ts";
import type { SkillDraft, SkillExample } from "../../src/skill/skill.ts";
import type { Corpus } from "./corpus.ts";

type SkillFunction = (context: JsonValue) => unknown;

/** An example whose documented result is not what the code answers. */
export interface FailedExample {
  readonly id: string;
  readonly example: SkillExample;
  readonly actual: string;
}

/** Runs the examples of these drafts here, without a sandbox. */
export async function findFailedExamples(drafts: readonly SkillDraft[]): Promise<FailedExample[]> {
  const failed: FailedExample[] = [];
  for (const { id, code = "", examples = [] } of drafts) {
    const url = `data:text/javascript,${encodeURIComponent(code)}`;
    const { default: run } = (await import(url)) as { readonly default: SkillFunction };
    for (const example of examples) {
      const actual = await answer(run, example.context);
      if (actual !== canonicalJson(example.result ?? null)) failed.push({ id, example, actual });
    }
  }
  return failed;
}

async function answer(run: SkillFunction, context: JsonValue): Promise<string> {
  try {
    const value = await run(structuredClone(context));
    const text = JSON.stringify(value) as string | undefined;
    return text === undefined ? "nothing" : canonicalJson(JSON.parse(text) as JsonValue);
  } catch (error) {
    return String(error);
  }
}

export async function printReport({ drafts, refused }: Corpus, durationMs: number): Promise<void> {
  const examples = drafts.flatMap((draft) => draft.examples ?? []);
  const failed = await findFailedExamples(drafts);
  const wrong = new Set(failed.map(({ id }) => id));
  console.log(`built in ${(durationMs / 1000).toFixed(1)} s`);
  console.log(`${drafts.length} drafts, ${refused.length} functions refused`);
  console.log(`${examples.length} examples, ${examples.length - failed.length} hold in Node`);
  console.log(`${drafts.length - wrong.size} drafts with every example holding`);

  const reasons = Map.groupBy(refused, ({ reason }) => reason.replace(/ \(.*|(?<=^needs) .*/, ""));
  console.table(
    [...reasons]
      .sort(([, a], [, b]) => b.length - a.length)
      .map(([reason, { length }]) => ({ reason, functions: length })),
  );
  if (failed.length > 0) console.log("Examples that do not hold:");
  for (const { id, example, actual } of failed) {
    const context = JSON.stringify(example.context);
    console.log(`  ${id} ${context} → ${actual}, not ${JSON.stringify(example.result)}`);
  }
  if (process.argv.includes("--refused"))
    for (const { name, reason } of refused) console.log(`  ${name}: ${reason}`);
}
