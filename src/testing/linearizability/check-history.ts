import { RepertoireError } from "../../base/errors.ts";
import { wholeNumber } from "../whole-number.ts";
import { explainFailure } from "./explain-failure.ts";
import type { Operation, SequentialModel } from "./operation.ts";
import { searchOrder } from "./search-order.ts";
import { smallestFailingPrefix } from "./failing-prefix.ts";

export interface CheckOptions {
  /** Calls tried per object before its verdict is `undecided` (default: 5,000,000). */
  readonly maxSteps?: number;
}

/** What is wrong with the history of one object. */
export interface HistoryFailure<Call, Answer> {
  readonly key: string;
  /** The operations up to the first answer that nothing explains; later ones have no part in it. */
  readonly prefix: readonly Operation<Call, Answer>[];
  /** The operation whose answer that is. */
  readonly culprit: Operation<Call, Answer>;
  /** For people: what was done, in what state the object could have been, and what does not fit. */
  readonly explanation: string;
}

export interface HistoryReport<Call, Answer> {
  /**
   * `not-linearizable` when one object is, whatever is known of others; `undecided` when for some
   * object neither was found within `maxSteps`.
   */
  readonly verdict: "linearizable" | "not-linearizable" | "undecided";
  readonly operations: number;
  /** Operations whose outcome nobody knows. */
  readonly unanswered: number;
  readonly objects: number;
  /** Calls tried, over all objects. */
  readonly steps: number;
  readonly failures: readonly HistoryFailure<Call, Answer>[];
  /** Keys of the objects that took more than `maxSteps`. */
  readonly undecided: readonly string[];
}

/**
 * Whether every object of a history behaved as if its calls came one after the other, each at some
 * moment between its begin and its answer. Objects are checked apart, which loses nothing:
 * a history is linearizable exactly when that of each object is.
 *
 * @throws {INVALID_INPUT} for operations that are no history: without times, answered before they
 * were called, with the id of another, or none that the model knows
 */
export function checkHistory<State, Call, Answer>(
  operations: readonly Operation<Call, Answer>[],
  model: SequentialModel<State, Call, Answer>,
  { maxSteps = 5_000_000 }: CheckOptions = {},
): HistoryReport<Call, Answer> {
  wholeNumber("maxSteps", maxSteps, 1);
  const failures: HistoryFailure<Call, Answer>[] = [];
  const undecided: string[] = [];
  let steps = 0;
  const objects = Map.groupBy(operations, ({ key }) => key);
  for (const [key, ofObject] of objects) {
    checkOperations(key, ofObject);
    const result = searchOrder(ofObject, model, key, maxSteps);
    steps += result.steps;
    if (result.verdict === "undecided") undecided.push(key);
    if (result.verdict !== "not-linearizable") continue;
    const { explained } = result;
    const failing = smallestFailingPrefix(ofObject, model, key, maxSteps, explained);
    failures.push({
      key,
      prefix: failing.operations,
      culprit: failing.culprit,
      explanation: explainFailure(failing, ofObject.length, model, key, maxSteps),
    });
  }
  return {
    verdict:
      failures.length > 0
        ? "not-linearizable"
        : undecided.length > 0
          ? "undecided"
          : "linearizable",
    operations: operations.length,
    unanswered: operations.filter(({ returned }) => returned === undefined).length,
    objects: objects.size,
    steps,
    failures,
    undecided,
  };
}

function checkOperations(key: string, operations: readonly Operation<unknown, unknown>[]): void {
  const ids = new Set<string>();
  for (const { id, calledAt, returned } of operations) {
    if (ids.has(id))
      throw notHistory(`Two operations of "${key}" have the id "${id}"; each needs one of its own`);
    ids.add(id);
    const at = returned === undefined ? calledAt : returned.at;
    if (!Number.isFinite(calledAt) || !Number.isFinite(at))
      throw notHistory(
        `Expected the times of operation "${id}" of "${key}" to be numbers, got ${calledAt} and ${at}`,
      );
    if (at < calledAt)
      throw notHistory(
        `Operation "${id}" of "${key}" was answered at ${at}, before it was called at ${calledAt}`,
      );
  }
}

function notHistory(message: string): RepertoireError {
  return new RepertoireError("INVALID_INPUT", message);
}
