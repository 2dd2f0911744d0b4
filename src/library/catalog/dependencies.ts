/** What a skill calls, with all that those call: what an agent needs besides the match it picked. */
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { SkillSummary } from "../../skill/skill.ts";
import type { StoredVersion } from "../../store/skill-store.ts";
import { summaryOf } from "../retrieval/indexer.ts";
import { checkInteger, checkKnownOptions } from "../check-options.ts";

/** Whether a match comes with the skills it calls, and how many of them at most (default: 20). */
export type WithDependencies = boolean | { readonly maxSkills?: number };

/** The skills a match needs. */
export interface MatchDependencies {
  /** Callees before their callers, the match itself left out; in a cycle some callee comes later. */
  readonly dependencies: readonly SkillSummary[];
  /** Ids that are called and not in the library; absent when there are none. */
  readonly missingDependencies?: readonly string[];
  /** True when there are more than asked for: the nearest in number of calls were kept. */
  readonly moreDependencies?: true;
}

const DEFAULT_SKILLS = 20;
const MAX_SKILLS = 1000;

/** Finds the current version of a skill; cached reads. */
export type FindSkill = (
  id: string,
) => StoredVersion | undefined | Promise<StoredVersion | undefined>;

/** @throws {INVALID_INPUT} when it is neither a boolean nor a budget */
export function checkWithDependencies(value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  if (typeof value !== "object" || value === null)
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`withDependencies\` to be true, false or { maxSkills }, got ${preview(value)}`,
      { details: { option: "withDependencies" } },
    );
  checkKnownOptions("withDependencies", value, ["maxSkills"]);
  const { maxSkills } = value as Exclude<WithDependencies, boolean>;
  checkInteger("withDependencies.maxSkills", maxSkills, 1, MAX_SKILLS);
}

/** Most skills to return with a match; 0 for none. */
export function dependencyBudget(option: WithDependencies | undefined): number {
  if (option === undefined || option === false) return 0;
  return (option === true ? undefined : option.maxSkills) ?? DEFAULT_SKILLS;
}

/** The closure of what a skill calls, at most `maxSkills`, those called most directly first kept. */
export async function dependenciesOf(
  id: string,
  maxSkills: number,
  find: FindSkill,
): Promise<MatchDependencies> {
  const found = new Map<string, StoredVersion>();
  const missing = new Set<string>();
  let more = false;
  const root = await find(id);
  const queue = [...(root?.capabilities.skills ?? [])];
  // Level by level; the queue grows while it is walked.
  for (const callee of queue) {
    if (callee === id || found.has(callee) || missing.has(callee)) continue;
    if (found.size + missing.size >= maxSkills) {
      more = true;
      break;
    }
    const version = await find(callee);
    if (version === undefined) missing.add(callee);
    else {
      found.set(callee, version);
      queue.push(...version.capabilities.skills);
    }
  }
  return {
    dependencies: inCallOrder(root?.capabilities.skills ?? [], found).map(summaryOf),
    ...(missing.size === 0 ? {} : { missingDependencies: [...missing] }),
    ...(more ? { moreDependencies: true } : {}),
  };
}

/** Callees before callers: depth first, each skill once its own callees are out. */
function inCallOrder(
  roots: readonly string[],
  skills: ReadonlyMap<string, StoredVersion>,
): readonly StoredVersion[] {
  const ordered: StoredVersion[] = [];
  const entered = new Set<string>();
  // With a stack of its own, because chains of calls may be long.
  const stack: { readonly leave?: StoredVersion; readonly enter?: string }[] = [];
  const push = (ids: readonly string[]): void => {
    for (const enter of ids.toReversed()) stack.push({ enter });
  };
  push(roots);
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { leave, enter } = next;
    if (leave !== undefined) ordered.push(leave);
    const version = enter === undefined ? undefined : skills.get(enter);
    if (version === undefined || entered.has(version.id)) continue;
    entered.add(version.id);
    stack.push({ leave: version });
    push(version.capabilities.skills);
  }
  return ordered;
}
