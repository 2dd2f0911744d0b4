/** What a run may really do: what its version declares, and no more than the host allows. */
import type { Capabilities } from "../skill/skill.ts";
import type { Policy, Tool } from "./options.ts";

export interface Host {
  readonly tools: ReadonlyMap<string, Tool>;
  readonly policy: Policy;
}

export interface Grants {
  readonly tools: ReadonlySet<string>;
  readonly skills: ReadonlySet<string>;
}

/**
 * Declaration ∩ policy ∩ the caller's own grant of tools, when another skill is the caller: a skill
 * can not reach through one it calls what it was not granted itself.
 */
export function grantsOf(declared: Capabilities, policy: Policy, caller?: Grants): Grants {
  const allowedTools = policy.tools === undefined ? undefined : new Set(policy.tools);
  const allowedSkills = policy.skills === undefined ? undefined : new Set(policy.skills);
  return {
    tools: new Set(
      declared.tools.filter(
        (name) => (allowedTools?.has(name) ?? true) && (caller?.tools.has(name) ?? true),
      ),
    ),
    skills: new Set(declared.skills.filter((id) => allowedSkills?.has(id) ?? true)),
  };
}

/** Why a tool call is refused, and what would allow it; nothing when it is granted. */
export function toolRefusal(
  name: string,
  declared: Capabilities,
  grants: Grants,
  host: Host,
): string | undefined {
  if (!declared.tools.includes(name)) {
    return `Tool "${name}" is not declared by the skill; add it to \`capabilities.tools\` of the draft`;
  }
  if (!grants.tools.has(name)) {
    return `Tool "${name}" is not granted: the host's policy or the calling skill does not have it; add it to \`policy.tools\`, or to the caller's \`capabilities.tools\``;
  }
  if (!host.tools.has(name)) {
    return `Tool "${name}" is not offered by this host; pass it to \`openLibrary({ tools })\``;
  }
  return undefined;
}

/** Why a call of another skill is refused, and what would allow it; nothing when it is granted. */
export function skillRefusal(
  id: string,
  declared: Capabilities,
  grants: Grants,
): string | undefined {
  if (!declared.skills.includes(id)) {
    return `Skill "${id}" is not declared by the calling skill; add it to \`capabilities.skills\` of the draft`;
  }
  if (!grants.skills.has(id)) {
    return `Skill "${id}" is not allowed by the host's policy; add it to \`policy.skills\``;
  }
  return undefined;
}
