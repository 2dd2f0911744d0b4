import { RepertoireError } from "../../base/errors.ts";
import { RUN_LIMIT_RANGES } from "../../base/limits.ts";
import type { Limits, RunLimits } from "../../base/limits.ts";
import type { Program, SandboxLimits } from "../../sandbox/sandbox.ts";
import type { SkillLimits } from "../../skill/skill.ts";
import type { StoredVersion } from "../../store/skill-store.ts";

/** Seed of every run that checks an example, so that a check gives the same answer each time. */
export const CHECK_SEED = 0;

/** Programs are made once per stored version, which is immutable and shared by every run. */
const programs = new WeakMap<StoredVersion, Program>();

/**
 * The program of a version, and what a caller should know before relying on it.
 *
 * @param named whether the caller asked for this very version, which runs whatever its status
 * @throws {NOT_EXECUTABLE} when it has no code, or its status does not allow running it by id
 */
export function programOf(
  skill: StoredVersion,
  named: boolean,
): { readonly program: Program; readonly warnings: readonly string[] } {
  if (skill.program === undefined) {
    throw notExecutable(skill, "it has instructions to read and no code to run");
  }
  if (!named && skill.status !== "active" && skill.status !== "deprecated") {
    const reason = skill.statusReason === undefined ? "" : ` (${skill.statusReason})`;
    throw notExecutable(
      skill,
      `it is ${skill.status}${reason}; name version ${skill.version} to run it all the same`,
    );
  }
  let program = programs.get(skill);
  if (program === undefined) {
    program = compileProgram(skill, skill.program);
    programs.set(skill, program);
  }
  return { program, warnings: skill.status === "deprecated" ? [deprecation(skill)] : [] };
}

/** What the sandbox needs of a definition. */
export function compileProgram(
  skill: Pick<StoredVersion, "id" | "version" | "language" | "input" | "output">,
  code: string,
): Program {
  return {
    file: `${skill.id}@${skill.version}.${skill.language === "typescript" ? "ts" : "js"}`,
    code,
    ...(skill.input === undefined ? {} : { inputSchema: JSON.stringify(skill.input) }),
    ...(skill.output === undefined ? {} : { outputSchema: JSON.stringify(skill.output) }),
  };
}

/**
 * The host's limits of one run, with what is asked for in their place up to the host's maxima.
 *
 * @param remainingMs time left to the run that this one is nested in (default: it is in none)
 */
export function sandboxLimits(
  limits: Limits,
  asked: SkillLimits,
  remainingMs = Number.POSITIVE_INFINITY,
): SandboxLimits {
  const granted = Object.fromEntries(
    Object.entries(RUN_LIMIT_RANGES).map(([name, { max }]) => {
      const wanted = asked[name as keyof RunLimits];
      return [
        name,
        wanted === undefined ? limits[name as keyof RunLimits] : Math.min(wanted, limits[max]),
      ];
    }),
  ) as unknown as RunLimits;
  return { ...granted, timeoutMs: Math.min(granted.timeoutMs, Math.max(1, remainingMs)) };
}

function notExecutable(skill: StoredVersion, why: string): RepertoireError {
  return new RepertoireError("NOT_EXECUTABLE", `Skill "${skill.id}" can not be run: ${why}`, {
    details: { skillId: skill.id, version: skill.version, status: skill.status },
  });
}

function deprecation(skill: StoredVersion): string {
  const instead = skill.replacement === undefined ? "" : `; use "${skill.replacement}"`;
  const reason = skill.statusReason === undefined ? "" : `: ${skill.statusReason}`;
  return `Skill "${skill.id}" is deprecated${reason}${instead}`;
}
