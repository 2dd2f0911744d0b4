/**
 * A workflow as a skill: a draft whose code carries the steps and the interpreter, so that it is
 * run, versioned and composed like any other.
 */
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { SkillDraft } from "../../skill/skill.ts";
import { addSkill } from "../catalog/add-skill.ts";
import type { AddSkillParts } from "../catalog/add-skill.ts";
import type { AddOptions, AddResult } from "../catalog/catalog-options.ts";
import type { PlannedStep } from "./composer.ts";
import type { LibraryParts } from "../library-parts.ts";
import { runSteps } from "./run-steps.ts";
import type { ResolvedStep, WorkflowInput } from "./workflow.ts";

/** A workflow to be saved: a draft with steps in place of code. */
export interface WorkflowDraft extends Omit<SkillDraft, "code" | "language" | "capabilities"> {
  readonly steps: WorkflowInput;
}

/** Checks the workflow as `compose` does, and adds it as a skill. */
export async function saveWorkflow(
  parts: AddSkillParts & Pick<LibraryParts, "composer" | "limits">,
  draft: WorkflowDraft,
  options?: AddOptions,
): Promise<AddResult> {
  if (typeof draft !== "object" || draft === null) {
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected a workflow to be { id, name, description, steps, … }, got ${preview(draft)}`,
    );
  }
  for (const field of ["code", "language", "capabilities"]) {
    if (Object.hasOwn(draft, field))
      throw new RepertoireError(
        "INVALID_INPUT",
        `A workflow has no \`${field}\`: its steps say what it runs, and what it needs follows from them`,
        { details: { field } },
      );
  }
  const { steps, ...rest } = draft;
  const planned = await parts.composer.plan(steps);
  return addSkill(parts, workflowSkill(rest, planned, parts.limits.maxConcurrent), options);
}

/**
 * It declares the tools of the skills it runs as well, because a skill can not reach through another
 * what it was not granted itself.
 */
function workflowSkill(
  draft: Omit<WorkflowDraft, "steps">,
  planned: readonly PlannedStep[],
  maxConcurrent: number,
): SkillDraft {
  const steps = planned.map(({ step }) => step);
  const skills = planned.map(({ skill }) => skill);
  return {
    category: "workflow",
    // As `compose` does, it takes an object; a draft may say more precisely which.
    input: { type: "object" },
    ...draft,
    language: "javascript",
    code: workflowCode(steps, maxConcurrent),
    capabilities: {
      skills: [...new Set(steps.map((step) => step.skill))],
      tools: [...new Set(skills.flatMap((skill) => skill.capabilities.tools))],
      fetch: [...new Set(skills.flatMap((skill) => skill.capabilities.fetch))],
    },
  };
}

function workflowCode(steps: readonly ResolvedStep[], maxConcurrent: number): string {
  return `// A workflow saved as a skill: its steps, and the interpreter that runs them.
const steps = ${JSON.stringify(steps, undefined, 2)};

export default async function (context, host) {
  const failures = [];
  const { context: shared } = await runSteps({
    steps,
    context,
    maxConcurrent: ${maxConcurrent},
    isStopped: () => false,
    runStep: async (step, given) => {
      try {
        const options = step.timeoutMs === undefined ? {} : { timeoutMs: step.timeoutMs };
        return { ok: true, value: await host.skill(step.skill, given, { ...options, version: step.version }) };
      } catch (error) {
        failures.push({ step, error });
        return { ok: false };
      }
    },
  }).then((end) => {
    end.ends.forEach((ended, index) => {
      const { id, onError } = steps[index];
      if (ended.ok || onError !== "stop") return;
      const failure = failures.findLast(({ step }) => step.id === id);
      if (failure) throw failure.error;
    });
    return end;
  });
  return shared.prev_result ?? null;
}

${runSteps.toString()}
`;
}
