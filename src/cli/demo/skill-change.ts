/** Changing a skill in a way that can be made again on top of someone else's change. */
import { draftOf } from "../../index.ts";
import type { JsonObject, Skill, SkillDraft } from "../../index.ts";

/** What one agent wants different; everything else stays as it is found. */
export interface SkillChange {
  /** Replaces the description. */
  readonly description?: string;
  /** Joined to the tags that are there. */
  readonly addTags?: readonly string[];
  /** Members set in the metadata. */
  readonly metadata?: JsonObject;
}

const MAX_TAGS = 32;

/** The skill with the change made, ready to be submitted. */
export function applyChange(skill: Skill, change: SkillChange): SkillDraft {
  const tags = new Set([...skill.tags, ...(change.addTags ?? [])]);
  return {
    ...draftOf(skill),
    description: change.description ?? skill.description,
    tags: [...tags].slice(0, MAX_TAGS),
    metadata: { ...skill.metadata, ...change.metadata },
  };
}
