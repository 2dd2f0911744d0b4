/** The parts of a stored version. */
import type { SkillDefinition, SkillVersion } from "../skill/skill.ts";
import type { StoredVersion } from "../store/skill-store.ts";

/** What defines it, without what is known of it. */
export function definitionOf(version: StoredVersion): SkillDefinition {
  const {
    name,
    description,
    category,
    tags,
    language,
    code,
    instructions,
    input,
    output,
    capabilities,
    examples,
    limits,
    license,
    metadata,
  } = version;
  return {
    name,
    description,
    category,
    tags,
    language,
    capabilities,
    examples,
    limits,
    metadata,
    ...(code === undefined ? {} : { code }),
    ...(instructions === undefined ? {} : { instructions }),
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
    ...(license === undefined ? {} : { license }),
  };
}

export function withoutProgram({ program: _, ...version }: StoredVersion): SkillVersion {
  return version;
}
