import type { ParsedDraft } from "../../skill/parse-draft.ts";
import type { FindSkill } from "./dependencies.ts";

/** What is worth knowing of a draft that does not stop it. */
export async function draftWarnings(
  { id, definition }: ParsedDraft,
  validated: boolean,
  find: FindSkill,
): Promise<readonly string[]> {
  const warnings: string[] = [];
  if (!validated) warnings.push("its examples were not run: it was added with `validate: false`");
  else if (definition.code !== undefined && definition.examples.length === 0)
    warnings.push("it has no examples, so nothing shows yet that it works");
  for (const called of definition.capabilities.skills) {
    if (called !== id && (await find(called)) === undefined)
      warnings.push(`it declares skill "${called}", which is not in the library`);
  }
  return warnings;
}
