import type { Operation, SequentialModel } from "./operation.ts";
import { searchOrder } from "./search-order.ts";

export interface FailingPrefix<Call, Answer> {
  /** What had begun by the last answer; calls then still open count as unanswered. */
  readonly operations: readonly Operation<Call, Answer>[];
  /** The operation of the last answer. */
  readonly culprit: Operation<Call, Answer>;
}

/**
 * The shortest beginning, by answers, of a history that is not linearizable. Once no order explains
 * a beginning, none explains a longer one, so half of the answers are ruled out at a time; first those
 * close to the last that is known to be explained, where it nearly always ends.
 *
 * @param explained how many of the first answers some order explains
 */
export function smallestFailingPrefix<State, Call, Answer>(
  operations: readonly Operation<Call, Answer>[],
  model: SequentialModel<State, Call, Answer>,
  key: string,
  maxSteps: number,
  explained: number,
): FailingPrefix<Call, Answer> {
  const answered = operations
    .filter(({ returned }) => returned !== undefined)
    .sort((a, b) => a.returned!.at - b.returned!.at);
  let fits = explained;
  let fails = answered.length;
  for (let stride = 1; fails - fits > 1; stride *= 2) {
    const middle = Math.min(fits + stride, Math.floor((fits + fails) / 2));
    const prefix = prefixOf(operations, answered, middle);
    // An undecided beginning counts as fitting, so that what is shown is known to fail.
    if (searchOrder(prefix, model, key, maxSteps).verdict === "not-linearizable") fails = middle;
    else fits = middle;
  }
  return {
    operations: prefixOf(operations, answered, fails),
    culprit: answered[fails - 1] as Operation<Call, Answer>,
  };
}

/** What had begun by the answer numbered `count`, with only the first `count` answers known. */
function prefixOf<Call, Answer>(
  operations: readonly Operation<Call, Answer>[],
  answered: readonly Operation<Call, Answer>[],
  count: number,
): readonly Operation<Call, Answer>[] {
  const known = new Set(answered.slice(0, count));
  const until = answered[count - 1]?.returned?.at ?? Number.NEGATIVE_INFINITY;
  return operations
    .filter(({ calledAt }) => calledAt <= until)
    .map((operation) => {
      if (known.has(operation)) return operation;
      const { returned: _, ...open } = operation;
      return open;
    });
}
