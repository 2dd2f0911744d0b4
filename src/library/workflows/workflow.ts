/** What a workflow is, and the checks it passes before anything runs. */
import { RepertoireError } from "../../base/errors.ts";
import type { JsonValue } from "../../base/json.ts";
import { findJsonDefect, preview } from "../../base/json.ts";
import type { Limits } from "../../base/limits.ts";
import type { ExecutionError, ExecutionStatus } from "../../skill/execution.ts";
import { nearest } from "../../skill/nearest.ts";
import { isSkillId, SKILL_ID_RULE } from "../../skill/skill-id.ts";
import { checkInteger, checkKnownOptions, checkOneOf, checkPositive } from "../check-options.ts";

/** Whether a failing step ends the workflow. */
export type OnError = "stop" | "continue";

/** One step; a bare skill id is short for `{ skill: id }`. */
export interface WorkflowStep {
  /** Name of the step within its workflow (default: the skill's id, numbered when it repeats). */
  readonly id?: string;
  /** Id of the skill to run. */
  readonly skill: string;
  /** Version to run (default: the one current when the workflow starts). */
  readonly version?: number;
  /**
   * Members added to the shared context for this step alone. A skill whose input schema is closed
   * (`additionalProperties: false`) is given the members it declares and no others. A member `{ "$from": "/pointer" }`
   * takes its value from `{ context, prev_result, results }` by JSON Pointer (RFC 6901), such as
   * `/prev_result`, `/results/extract/0` or `/context/url`.
   */
  readonly context?: { readonly [key: string]: JsonValue };
  /**
   * Steps that must have succeeded first; steps that do not need each other run in parallel.
   * Without it, a step runs after the one before it.
   */
  readonly needs?: readonly string[];
  /** Further attempts after a failure (default: 0). */
  readonly retry?: number;
  /** (default: the workflow's) */
  readonly onError?: OnError;
  /** Wall-clock time of each attempt (default: the workflow's). */
  readonly timeoutMs?: number;
}

export type WorkflowInput = readonly (string | WorkflowStep)[];

/** A step with everything filled in; plain JSON, because a saved workflow carries it in its code. */
export interface ResolvedStep {
  readonly id: string;
  readonly skill: string;
  readonly version?: number;
  readonly context: { readonly [key: string]: JsonValue };
  /** Steps that must have succeeded. */
  readonly needs: readonly string[];
  /** Step that must have ended, well or not; given where `needs` was not. */
  readonly after?: string;
  readonly retry: number;
  readonly onError: OnError;
  readonly timeoutMs?: number;
  /** The only members its skill takes, where the skill's schema is closed (`additionalProperties: false`). */
  readonly takes?: readonly string[];
}

export interface StepReport {
  readonly id: string;
  readonly skillId: string;
  /** Version that ran; 0 when the step was skipped. */
  readonly version: number;
  /** How its last attempt ended; `skipped` when it never ran. */
  readonly status: ExecutionStatus | "skipped";
  readonly value?: JsonValue;
  readonly error?: ExecutionError;
  readonly durationMs: number;
  /** Attempts made. */
  readonly attempts: number;
  /** Run id of the last attempt. */
  readonly runId?: string;
}

export interface WorkflowRun {
  readonly runId: string;
  readonly name: string;
  /** `ok` when every step succeeded, else how the first failing one ended. */
  readonly status: ExecutionStatus;
  /** Every step, in the order they were given. */
  readonly steps: readonly StepReport[];
  /** Steps that succeeded. */
  readonly completedSteps: number;
  readonly totalSteps: number;
  /** The shared context at the end, with `prev_result`. */
  readonly context: { readonly [key: string]: JsonValue };
  readonly durationMs: number;
}

const STEP_FIELDS = ["id", "skill", "version", "context", "needs", "retry", "onError", "timeoutMs"];
const MAX_RETRIES = 100;

/**
 * Fills in what the steps leave out.
 *
 * @throws {INVALID_INPUT} for a malformed step, a repeated id, an unknown need or pointer, or a cycle
 */
export function resolveSteps(
  steps: WorkflowInput,
  defaults: { readonly onError: OnError; readonly timeoutMs: number | undefined },
  limits: Limits,
): readonly ResolvedStep[] {
  if (!Array.isArray(steps) || steps.length === 0) {
    throw invalid(
      `Expected the steps of a workflow to be a list that is not empty, got ${preview(steps)}`,
    );
  }
  if (steps.length > limits.workflowSteps) {
    throw new RepertoireError(
      "LIMIT_EXCEEDED",
      `The workflow has ${steps.length} steps; at most ${limits.workflowSteps} are allowed`,
    );
  }
  const given = steps.map((step: string | WorkflowStep, index) =>
    checkStep(typeof step === "string" ? { skill: step } : step, index, limits),
  );
  const ids = nameSteps(given);
  const resolved = given.map((step, index): ResolvedStep => {
    const before = ids[index - 1];
    const timeoutMs = step.timeoutMs ?? defaults.timeoutMs;
    return {
      id: ids[index] as string,
      skill: step.skill,
      context: step.context ?? {},
      needs: [...new Set(step.needs)],
      ...(step.needs !== undefined || before === undefined ? {} : { after: before }),
      retry: step.retry ?? 0,
      onError: step.onError ?? defaults.onError,
      ...(step.version === undefined ? {} : { version: step.version }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    };
  });
  checkNeeds(resolved);
  checkPointers(resolved);
  return resolved;
}

function checkStep(step: unknown, index: number, limits: Limits): WorkflowStep {
  const place = `steps[${index}]`;
  if (typeof step !== "object" || step === null || Array.isArray(step)) {
    throw invalid(`Expected ${place} to be a skill id or { skill, … }, got ${preview(step)}`);
  }
  checkKnownOptions(place, step, STEP_FIELDS);
  const { id, skill, version, context, needs, retry, onError, timeoutMs } = step as WorkflowStep;
  if (!isSkillId(skill))
    throw invalid(
      `Expected \`${place}.skill\` to be a skill id (${SKILL_ID_RULE}), got ${preview(skill)}`,
    );
  if (id !== undefined && (typeof id !== "string" || id === "" || id.length > 128)) {
    throw invalid(
      `Expected \`${place}.id\` to be a text of 1 to 128 characters, got ${preview(id)}`,
    );
  }
  if (
    needs !== undefined &&
    !(Array.isArray(needs) && needs.every((need) => typeof need === "string"))
  ) {
    throw invalid(`Expected \`${place}.needs\` to be a list of step ids, got ${preview(needs)}`);
  }
  const isRecord = typeof context === "object" && context !== null && !Array.isArray(context);
  const defect =
    context === undefined
      ? undefined
      : isRecord
        ? findJsonDefect(context)
        : { path: "", found: preview(context) };
  if (defect)
    throw invalid(
      `Expected \`${place}.context\` to be a JSON object, got ${defect.found}${defect.path === "" ? "" : ` at ${defect.path}`}`,
    );
  // Anything else would silently mean something else; the form is that of RFC 6901, section 3.
  const pointer = pointersIn(context).find((text) => !POINTER.test(text));
  if (pointer !== undefined)
    throw invalid(
      `Expected \`$from\` in \`${place}.context\` to be a JSON Pointer such as "/prev_result", got ${preview(pointer)}`,
    );
  checkInteger(`${place}.version`, version, 1, Number.MAX_SAFE_INTEGER);
  checkInteger(`${place}.retry`, retry, 0, MAX_RETRIES);
  checkOneOf(`${place}.onError`, onError, ["stop", "continue"]);
  checkPositive(`${place}.timeoutMs`, timeoutMs, limits.maxTimeoutMs);
  return step as WorkflowStep;
}

const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;

/** Every `$from` in a step's context. */
function pointersIn(value: JsonValue | undefined): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  const record = value as { readonly [key: string]: JsonValue };
  const pointer = record["$from"];
  if (typeof pointer === "string" && Object.keys(record).length === 1) return [pointer];
  return Object.values(record).flatMap(pointersIn);
}

const SCOPE = ["context", "prev_result", "results"];

/** A pointer that leads nowhere in any run is a mistake; one that leads nowhere in this run gives null. */
function checkPointers(steps: readonly ResolvedStep[]): void {
  const ids = steps.map((step) => step.id);
  for (const step of steps) {
    for (const pointer of pointersIn(step.context)) {
      const [root = "", name = ""] = pointer
        .split("/")
        .slice(1)
        .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
      const [known, missing] = root === "results" ? [ids, name] : [SCOPE, root];
      if (
        pointer === "" ||
        known.includes(missing) ||
        (root === "results" && !pointer.slice(1).includes("/"))
      )
        continue;
      const suggestion = nearest(missing, known);
      const hint = suggestion === undefined ? "" : `, did you mean "${suggestion}"?`;
      throw invalid(
        `\`$from\` in step "${step.id}" points to ${preview(pointer)}, and there is no "${missing}" among ${root === "results" ? "the steps" : SCOPE.join(", ")}${hint}`,
      );
    }
  }
}

/** Named steps keep their names; the others are called after their skill, numbered when it repeats. */
function nameSteps(steps: readonly WorkflowStep[]): readonly string[] {
  const taken = new Set<string>();
  for (const { id } of steps) {
    if (id === undefined) continue;
    if (taken.has(id))
      throw invalid(`Two steps of the workflow are called "${id}"; give each its own \`id\``);
    taken.add(id);
  }
  return steps.map(({ id, skill }) => {
    if (id !== undefined) return id;
    let name = skill;
    for (let count = 2; taken.has(name); count++) name = `${skill}-${count}`;
    taken.add(name);
    return name;
  });
}

function checkNeeds(steps: readonly ResolvedStep[]): void {
  const byId = new Map(steps.map((step) => [step.id, step]));
  for (const step of steps) {
    for (const need of step.needs) {
      if (byId.has(need)) continue;
      const suggestion = nearest(need, byId.keys());
      const hint = suggestion === undefined ? "" : `, did you mean "${suggestion}"?`;
      throw invalid(`Step "${step.id}" needs "${need}", and no step is called that${hint}`);
    }
  }
  const cycle = findCycle(steps, byId);
  if (cycle) throw invalid(`The steps need each other in a circle: ${cycle.join(" → ")}`);
}

/** Removes steps whose needs are met until none is left (Kahn, 1962); what stays is on a cycle or behind one. */
function findCycle(
  steps: readonly ResolvedStep[],
  byId: ReadonlyMap<string, ResolvedStep>,
): readonly string[] | undefined {
  const open = new Set(steps.map((step) => step.id));
  for (let progress = true; progress;) {
    progress = false;
    for (const id of open) {
      if (predecessorsOf(byId.get(id)).some((need) => open.has(need))) continue;
      open.delete(id);
      progress = true;
    }
  }
  const [start] = open;
  if (start === undefined) return undefined;
  const path = [start];
  for (;;) {
    const next = predecessorsOf(byId.get(path.at(-1) as string)).find((need) =>
      open.has(need),
    ) as string;
    const seen = path.indexOf(next);
    path.push(next);
    if (seen >= 0) return path.slice(seen);
  }
}

function predecessorsOf(step: ResolvedStep | undefined): readonly string[] {
  if (step === undefined) return [];
  return step.after === undefined ? step.needs : [step.after];
}

function invalid(message: string): RepertoireError {
  return new RepertoireError("INVALID_INPUT", message);
}
