import type { Skill, SkillDraft } from "../../index.ts";
import type { Commit } from "./agent-record.ts";
import type { AgentSession } from "./agent-session.ts";

const MAX_ATTEMPTS = 50;

/**
 * Optimistic locking, as an agent does it: read, change, submit for the version that was read; when
 * someone else was faster, read again, make the same change on top of theirs, and submit again.
 *
 * @param change gives the draft from the skill as it stands; asked anew on every attempt
 * @returns `undefined` when there is no such skill, or after 50 conflicts
 */
export async function updateSkill(
  session: AgentSession,
  skillId: string,
  change: (skill: Skill, operation: string) => SkillDraft,
  { isIncrement = false }: { readonly isIncrement?: boolean } = {},
): Promise<Commit | undefined> {
  const operation = session.nextOperation();
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const skill = await session.get(skillId);
    if (skill === undefined) return undefined;
    const draft = change(skill, operation);
    const outcome = await session.commit(draft, skill.version, { operation, isIncrement });
    if ("operation" in outcome) return outcome;
  }
  session.noteAbandoned();
  return undefined;
}
