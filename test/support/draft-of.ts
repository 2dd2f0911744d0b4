import type { SkillDraft } from "../../src/skill/skill.ts";

/** A draft whose code is one async function of `context` and `host` with this body. */
export function draftOf(id: string, body: string, more: Partial<SkillDraft> = {}): SkillDraft {
  const code = `export default async function (context, host) {\n${body}\n}`;
  return { id, name: id, description: `The skill ${id}`, code, ...more };
}
