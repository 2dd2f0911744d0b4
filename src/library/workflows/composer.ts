/** Runs workflows: steps over skills that share a context, with a precise report of each. */
import { randomUUID } from "node:crypto";
import { throwIfAborted } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";
import type { JsonValue } from "../../base/json.ts";
import { findJsonDefect, preview } from "../../base/json.ts";
import type { Limits } from "../../base/limits.ts";
import type { Execution, ExecutionStatus } from "../../skill/execution.ts";
import type { StoredVersion } from "../../store/skill-store.ts";
import type { Executor } from "../execution/executor.ts";
import { checkCaller, checkKnownOptions, checkOneOf, checkPositive } from "../check-options.ts";
import { programOf } from "../execution/program.ts";
import { RUN_PRIORITIES } from "../execution/waiting-runs.ts";
import type { RunPriority } from "../execution/waiting-runs.ts";
import { runSteps } from "./run-steps.ts";
import type { StepEnd } from "./run-steps.ts";
import { MAX_TOTAL_MS, runScope } from "../execution/run-turn.ts";
import type { RunScope } from "../execution/run-turn.ts";
import { resolveSteps } from "./workflow.ts";
import type { OnError, ResolvedStep, StepReport, WorkflowInput, WorkflowRun } from "./workflow.ts";

export interface ComposeOptions {
  /** Name of the workflow in its report (default: its steps' skills). */
  readonly name?: string;
  /** Wall-clock time of each step that does not say its own (default: the skill's own limit). */
  readonly timeoutMsPerSkill?: number;
  /**
   * Wall-clock time of the whole workflow: the step in flight then ends as `timeout`, and none is
   * begun (default: none).
   */
  readonly totalTimeoutMs?: number;
  /** As for `execute`; it holds for every step. */
  readonly priority?: RunPriority;
  /** What a failing step does that does not say so itself (default: "stop"). */
  readonly onError?: OnError;
  /** Who asks, as for `execute`; it holds for every step. */
  readonly caller?: string;
  readonly signal?: AbortSignal;
  /** Receives each step as it starts and ends. */
  readonly onProgress?: (progress: WorkflowProgress) => void;
}

export interface WorkflowProgress {
  readonly step: string;
  readonly skillId: string;
  readonly event: "started" | "ended";
  /** How the step's attempt ended; present when `event` is `ended`. */
  readonly status?: ExecutionStatus;
  /** Steps that have succeeded so far. */
  readonly completedSteps: number;
  readonly totalSteps: number;
}

/** A step, and the version of its skill that was current, or named, when the plan was made. */
export interface PlannedStep {
  readonly step: ResolvedStep;
  readonly skill: StoredVersion;
}

export interface ComposerParts {
  readonly executor: Executor;
  readonly find: (
    id: string,
    version?: number,
  ) => StoredVersion | undefined | Promise<StoredVersion | undefined>;
  readonly limits: Limits;
  readonly clock: Clock;
}

export class Composer {
  readonly #parts: ComposerParts;

  constructor(parts: ComposerParts) {
    this.#parts = parts;
  }

  /** Checks everything that can be checked before anything runs, and pins the version of each step. */
  async plan(
    input: WorkflowInput,
    options: Pick<ComposeOptions, "onError" | "timeoutMsPerSkill"> = {},
  ): Promise<readonly PlannedStep[]> {
    const { limits } = this.#parts;
    checkPositive("timeoutMsPerSkill", options.timeoutMsPerSkill, limits.maxTimeoutMs);
    checkOneOf("onError", options.onError, ["stop", "continue"]);
    const steps = resolveSteps(
      input,
      { onError: options.onError ?? "stop", timeoutMs: options.timeoutMsPerSkill },
      limits,
    );
    return Promise.all(
      steps.map(async (step) => {
        const skill = await this.#runnable(step);
        return { step: { ...step, ...closedInput(skill) }, skill };
      }),
    );
  }

  async #runnable(step: ResolvedStep): Promise<StoredVersion> {
    const found = await this.#parts.find(step.skill, step.version);
    if (found === undefined) {
      const what =
        step.version === undefined ? "no such skill" : `no version ${step.version} of it`;
      throw new RepertoireError(
        "SKILL_NOT_FOUND",
        `Step "${step.id}" runs skill "${step.skill}", and there is ${what}; nothing was run`,
        {
          details: { step: step.id, skillId: step.skill },
        },
      );
    }
    programOf(found, step.version !== undefined);
    return found;
  }

  async compose(
    input: WorkflowInput,
    context: { readonly [key: string]: JsonValue } = {},
    options: ComposeOptions = {},
  ): Promise<WorkflowRun> {
    checkKnownOptions("compose", options, [
      "name",
      "timeoutMsPerSkill",
      "totalTimeoutMs",
      "priority",
      "onError",
      "caller",
      "signal",
      "onProgress",
    ]);
    checkCaller(options.caller);
    checkPositive("totalTimeoutMs", options.totalTimeoutMs, MAX_TOTAL_MS);
    checkOneOf("priority", options.priority, RUN_PRIORITIES);
    throwIfAborted(options.signal, "The workflow");
    checkContext(context);
    return this.#run(await this.plan(input, options), context, options);
  }

  async #run(
    planned: readonly PlannedStep[],
    context: { readonly [key: string]: JsonValue },
    options: ComposeOptions,
  ): Promise<WorkflowRun> {
    const { clock, limits, executor } = this.#parts;
    const startedMs = clock.monotonicMs();
    using reservation = executor.reserve(Math.min(limits.maxConcurrent, planned.length));
    const scope = runScope(reservation, options.totalTimeoutMs, clock);
    const { deadlineMs = Number.POSITIVE_INFINITY } = scope;
    const isLate = (): boolean => clock.monotonicMs() >= deadlineMs;
    const steps = planned.map(({ step }) => step);
    const pinned = new Map(planned.map(({ step, skill }) => [step.id, skill.version]));
    const executions = new Map<string, Execution>();
    let completedSteps = 0;

    function observe(progress: WorkflowProgress): void {
      try {
        options.onProgress?.(progress);
      } catch {
        // Progress is advisory: a failing observer must not end the workflow it observes.
      }
    }

    const end = await runSteps({
      steps,
      context,
      maxConcurrent: limits.maxConcurrent,
      isStopped: () => options.signal?.aborted === true || isLate(),
      runStep: async (step, given) => {
        const progress = { step: step.id, skillId: step.skill, totalSteps: steps.length };
        observe({ ...progress, event: "started", completedSteps });
        const execution = await this.#attempt(step, pinned.get(step.id), given, {
          ...options,
          scope,
        });
        executions.set(step.id, execution);
        const ok = execution.status === "ok";
        if (ok) completedSteps += 1;
        observe({ ...progress, event: "ended", status: execution.status, completedSteps });
        return ok ? { ok, value: execution.value as JsonValue } : { ok: false };
      },
    });

    const reports = steps.map((step, index) =>
      reportOf(step, executions.get(step.id), end.ends[index]),
    );
    const firstFailure = steps
      .map((step) => executions.get(step.id))
      .find((execution) => execution !== undefined && execution.status !== "ok");
    const unfinished: ExecutionStatus = options.signal?.aborted
      ? "cancelled"
      : (firstFailure?.status ?? (isLate() ? "timeout" : "error"));
    return {
      runId: randomUUID(),
      name: options.name ?? steps.map((step) => step.skill).join(" → "),
      status: completedSteps === steps.length ? "ok" : unfinished,
      steps: reports,
      completedSteps,
      totalSteps: steps.length,
      context: end.context,
      durationMs: clock.monotonicMs() - startedMs,
    };
  }

  /** The skill's status was checked by id when the workflow was planned; the pinned version runs. */
  #attempt(
    step: ResolvedStep,
    version: number | undefined,
    context: JsonValue,
    { caller, signal, priority, scope }: ComposeOptions & { readonly scope: RunScope },
  ): Promise<Execution> {
    const options = {
      ...(version === undefined ? {} : { version }),
      ...(step.timeoutMs === undefined ? {} : { timeoutMs: step.timeoutMs }),
      ...(priority === undefined ? {} : { priority }),
      ...(caller === undefined ? {} : { caller }),
      ...(signal === undefined ? {} : { signal }),
    };
    return this.#parts.executor.execute(step.skill, context, options, scope);
  }
}

/** The members a closed input schema declares; a skill must not fail for what the workflow shares with others. */
function closedInput({ input }: StoredVersion): { readonly takes?: readonly string[] } {
  if (typeof input !== "object" || input["additionalProperties"] !== false) return {};
  return "patternProperties" in input ? {} : { takes: Object.keys(input["properties"] ?? {}) };
}

function reportOf(
  step: ResolvedStep,
  execution: Execution | undefined,
  end: StepEnd | undefined,
): StepReport {
  const { id, skill: skillId } = step;
  if (execution === undefined)
    return { id, skillId, version: 0, status: "skipped", durationMs: 0, attempts: 0 };
  const { version, status, value, error, durationMs, runId } = execution;
  return {
    id,
    skillId,
    version,
    status,
    ...(status === "ok" ? { value: value as JsonValue } : {}),
    ...(error === undefined ? {} : { error }),
    durationMs,
    attempts: end?.attempts ?? 0,
    runId,
  };
}

function checkContext(context: unknown): void {
  const isRecord = typeof context === "object" && context !== null && !Array.isArray(context);
  const defect = isRecord ? findJsonDefect(context) : { path: "", found: preview(context) };
  if (defect === undefined) return;
  const at = defect.path === "" ? "" : ` at ${defect.path}`;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected the context of a workflow to be a JSON object, got ${defect.found}${at}`,
  );
}
