import type { SkillDraft } from "../../src/skill/skill.ts";

/** A draft that returns its context, with some of its fields replaced. */
export function skillDraft(id: string, fields: Partial<SkillDraft> = {}): SkillDraft {
  return {
    id,
    name: `Skill ${id}`,
    description: `Does what ${id} says`,
    code: "export default (context) => context;",
    examples: [{ context: { n: 1 }, result: { n: 1 } }],
    ...fields,
  };
}

/** A draft without code, whose content differs with `text`; the fastest to add. */
export function noteDraft(id: string, text = "one"): SkillDraft {
  return {
    id,
    name: `Note ${id}`,
    description: `A note about ${id}`,
    instructions: text,
  };
}
