/**
 * The one interpreter of workflows. `compose` calls it; a workflow saved as a skill carries its
 * source text and runs it in the sandbox, so that both behave alike by construction.
 *
 * INVARIANT: `runSteps` refers to nothing outside itself: no import, no module constant, no helper.
 * Types are erased, so types alone may be imported.
 */
import type { JsonValue } from "../../base/json.ts";
import type { ResolvedStep } from "./workflow.ts";

type JsonRecord = { readonly [key: string]: JsonValue };

/** How one attempt of a step ended. */
export type Attempt = { readonly ok: true; readonly value: JsonValue } | { readonly ok: false };

/** How a step ended: after so many attempts, none when it was skipped. */
export interface StepEnd {
  readonly ok: boolean;
  readonly attempts: number;
}

export interface StepsEnd {
  /** In the order of the steps. */
  readonly ends: readonly StepEnd[];
  /** The shared context, with `prev_result` the value of the last step in order that succeeded. */
  readonly context: JsonRecord;
}

export interface StepsOptions {
  readonly steps: readonly ResolvedStep[];
  readonly context: JsonRecord;
  readonly maxConcurrent: number;
  /** Runs one attempt; never rejects. */
  readonly runStep: (step: ResolvedStep, context: JsonRecord) => Promise<Attempt>;
  /** Asked before anything starts; true starts nothing more. */
  readonly isStopped: () => boolean;
}

/** Runs each step as soon as those it needs have succeeded and the one it comes after has ended. */
export async function runSteps(options: StepsOptions): Promise<StepsEnd> {
  const { steps, context, maxConcurrent, runStep, isStopped } = options;
  const ends = new Map<string, StepEnd>();
  const values = new Map<string, JsonValue>();
  /** What `prev_result` is for the step that comes after: a failed step hands on what it was given. */
  const handedOn = new Map<string, JsonValue | undefined>();
  let stopped = false;

  function lookUp(root: JsonValue, pointer: string): JsonValue {
    let current = root;
    for (const part of pointer.split("/").slice(1)) {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      if (typeof current !== "object" || current === null || !Object.hasOwn(current, key))
        return null;
      current = (current as JsonRecord)[key] as JsonValue;
    }
    return current;
  }

  function fillIn(value: JsonValue, scope: JsonValue): JsonValue {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item: JsonValue) => fillIn(item, scope));
    const record = value as JsonRecord;
    const pointer = record["$from"];
    if (typeof pointer === "string" && Object.keys(record).length === 1)
      return lookUp(scope, pointer);
    return Object.fromEntries(
      Object.entries(record).map(([key, member]) => [key, fillIn(member, scope)]),
    );
  }

  function previousOf(step: ResolvedStep): JsonValue | undefined {
    const [first] = step.needs;
    if (step.after !== undefined) return handedOn.get(step.after);
    if (first === undefined) return context["prev_result"];
    if (step.needs.length === 1) return values.get(first);
    return Object.fromEntries(step.needs.map((need) => [need, values.get(need) ?? null]));
  }

  async function run(step: ResolvedStep): Promise<void> {
    const previous = previousOf(step);
    const scope = { context, prev_result: previous ?? null, results: Object.fromEntries(values) };
    const offered: JsonRecord = {
      ...context,
      ...(previous === undefined ? {} : { prev_result: previous }),
      ...(fillIn(step.context, scope) as JsonRecord),
    };
    const given = Object.fromEntries(
      Object.entries(offered).filter(([key]) => step.takes?.includes(key) ?? true),
    );
    let attempts = 0;
    let attempt: Attempt;
    do {
      attempt = await runStep(step, given);
      attempts += 1;
    } while (!attempt.ok && attempts <= step.retry && !isStopped());
    ends.set(step.id, { ok: attempt.ok, attempts });
    handedOn.set(step.id, attempt.ok ? attempt.value : previous);
    if (attempt.ok) values.set(step.id, attempt.value);
    else if (step.onError === "stop") stopped = true;
  }

  const waiting = new Set(steps);
  const running = new Set<Promise<void>>();
  for (;;) {
    let skipped = false;
    for (const step of waiting) {
      if (stopped || isStopped()) break;
      const predecessors = step.after === undefined ? step.needs : [step.after];
      if (!predecessors.every((id) => ends.has(id))) continue;
      if (!step.needs.every((id) => ends.get(id)?.ok)) {
        waiting.delete(step);
        ends.set(step.id, { ok: false, attempts: 0 });
        handedOn.set(step.id, previousOf(step));
        skipped = true;
        continue;
      }
      if (running.size >= maxConcurrent) break;
      waiting.delete(step);
      const task: Promise<void> = run(step).then(() => {
        running.delete(task);
      });
      running.add(task);
    }
    // A step that comes after a skipped one may stand before it in the list; it is ready now.
    if (skipped) continue;
    if (running.size === 0) break;
    await Promise.race(running);
  }

  const last = steps.findLast((step) => values.has(step.id));
  return {
    ends: steps.map((step) => ends.get(step.id) ?? { ok: false, attempts: 0 }),
    context:
      last === undefined
        ? { ...context }
        : { ...context, prev_result: values.get(last.id) as JsonValue },
  };
}
