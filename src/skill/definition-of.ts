/** The way from what is stored back to what can be submitted. */
import type { SkillDefinition, SkillDraft } from "./skill.ts";

/** Every field of a definition, in the order a reader expects them. */
export const DEFINITION_FIELDS = [
  "name",
  "description",
  "category",
  "tags",
  "language",
  "code",
  "instructions",
  "input",
  "output",
  "capabilities",
  "examples",
  "limits",
  "license",
  "metadata",
] as const satisfies readonly (keyof SkillDefinition)[];

/** The definition alone, without what is known of it; absent fields stay absent. */
export function definitionOf(from: SkillDefinition): SkillDefinition {
  const fields = DEFINITION_FIELDS.filter((field) => from[field] !== undefined);
  return Object.fromEntries(
    fields.map((field) => [field, from[field]]),
  ) as unknown as SkillDefinition;
}

/**
 * A draft with the content of a skill, to be changed and submitted again:
 * `add({ ...draftOf(skill), description }, { expectedVersion: skill.version })`.
 *
 * @param skill a skill or one of its versions
 */
export function draftOf(skill: SkillDefinition & { readonly id: string }): SkillDraft {
  return { id: skill.id, ...definitionOf(skill) };
}
