/** What a run may really do: what its version declares, and no more than every policy allows. */
import type { Capabilities, Capability } from "../../skill/skill.ts";
import type { Policy } from "../options.ts";
import { policyField } from "./policy.ts";
import type { PolicyLayer, PolicyRules } from "./policy.ts";
import type { OfferedTool } from "./offered-tools.ts";

export interface Host {
  readonly tools: ReadonlyMap<string, OfferedTool>;
  readonly policy: Policy;
  /** The policy in the form that runs ask. */
  readonly rules: PolicyRules;
}

export interface Grants {
  readonly tools: ReadonlySet<string>;
  readonly skills: ReadonlySet<string>;
  /** Origins. */
  readonly fetch: ReadonlySet<string>;
}

/** What the grant of a run follows from. */
export interface GrantSource {
  readonly declared: Capabilities;
  readonly layers: readonly PolicyLayer[];
  /** What the calling skill was granted, when a skill is the caller. */
  readonly caller?: Grants | undefined;
}

const FIELDS = { tool: "tools", skill: "skills", fetch: "fetch" } as const;
const NOTHING: ReadonlySet<string> = new Set();

/**
 * Declaration ∩ every policy ∩ the calling skill's own grant of tools and origins: a skill can not
 * reach through one it calls what it was not granted itself.
 */
export function grantsOf(source: GrantSource): Grants {
  return {
    tools: namesOf("tool", source),
    skills: namesOf("skill", source),
    fetch: namesOf("fetch", source),
  };
}

/** Calling a skill is no effect in itself, so a calling skill does not narrow it. */
function ofCaller(kind: Capability["kind"], caller: Grants | undefined) {
  return kind === "skill" ? undefined : caller?.[FIELDS[kind]];
}

function namesOf(kind: Capability["kind"], source: GrantSource): ReadonlySet<string> {
  const { declared, layers } = source;
  const names = declared[FIELDS[kind]];
  if (names.length === 0) return NOTHING;
  const held = ofCaller(kind, source.caller);
  return new Set(
    names.filter(
      (name) =>
        layers.every(({ granted }) => granted[kind]?.has(name) ?? true) &&
        (held?.has(name) ?? true),
    ),
  );
}

const NOUNS = { tool: "Tool", skill: "Skill" } as const;

/**
 * Why a capability is not granted, and what would grant it; nothing when it is. The first reason
 * counts: what is not declared is not a matter of policy yet.
 */
export function refusalOf({ kind, name }: Capability, source: GrantSource): string | undefined {
  const subject =
    kind === "fetch" ? `Fetching from ${name}` : `${NOUNS[kind]} ${JSON.stringify(name)}`;
  const field = FIELDS[kind];
  if (!source.declared[field].includes(name)) {
    const by = kind === "skill" ? "the calling skill" : "the skill";
    return `${subject} is not declared by ${by}; add it to \`capabilities.${field}\` of the draft`;
  }
  const layer = source.layers.find(({ granted }) => granted[kind]?.has(name) === false);
  if (layer !== undefined) return `${subject} is not granted: ${layer.refusal(policyField(kind))}`;
  if (ofCaller(kind, source.caller)?.has(name) === false) {
    return `${subject} is not granted: the calling skill does not have it; add it to that skill's \`capabilities.${field}\``;
  }
  return undefined;
}
