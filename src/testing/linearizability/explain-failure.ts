import type { FailingPrefix } from "./failing-prefix.ts";
import type { Operation, SequentialModel } from "./operation.ts";
import { searchOrder } from "./search-order.ts";

/** Operations shown before the one that does not fit. */
const MAX_SHOWN = 12;

/** The end of a failing prefix for people, with the state in which the object could have been. */
export function explainFailure<State, Call, Answer>(
  { operations, culprit }: FailingPrefix<Call, Answer>,
  total: number,
  model: SequentialModel<State, Call, Answer>,
  key: string,
  maxSteps: number,
): string {
  // No spread: a history may have more operations than a call may have arguments.
  const zero = operations.reduce((first, { calledAt }) => Math.min(first, calledAt), Infinity);
  const { returned: _, ...open } = culprit;
  const before = operations.map((each) => (each.id === culprit.id ? open : each));
  const witness = searchOrder(before, model, key, maxSteps);
  const answers = operations.filter(({ returned }) => returned !== undefined).length;
  const lines = [
    `"${key}" is not linearizable: of its ${total} operations, the first ${answers} answers have no order that explains them all.`,
  ];
  if (witness.verdict === "linearizable") {
    const inOrder = witness.order.map((position) => before[position] as Operation<Call, Answer>);
    const hidden = Math.max(0, inOrder.length - MAX_SHOWN);
    lines.push(
      `All but the last can be explained, for one by this order${hidden > 0 ? ` (its last ${MAX_SHOWN} of ${inOrder.length})` : ""}:`,
      ...inOrder.slice(hidden).map((each) => line(each, model, zero)),
      `which leaves: ${model.showState(witness.state)}`,
    );
  }
  lines.push("No order has a place for:", line(culprit, model, zero));
  const openThen = operations.filter(
    (each) => each.returned === undefined && each.id !== culprit.id,
  );
  if (openThen.length > 0) {
    lines.push(
      `whatever became by then of ${openThen.length} unanswered:`,
      ...openThen.slice(-MAX_SHOWN).map((each) => line(each, model, zero)),
    );
  }
  return lines.join("\n");
}

function line<State, Call, Answer>(
  { client, call, calledAt, returned }: Operation<Call, Answer>,
  model: SequentialModel<State, Call, Answer>,
  zero: number,
): string {
  const from = milliseconds(calledAt - zero);
  const until = returned === undefined ? "…" : milliseconds(returned.at - zero);
  return `  ${from} to ${until} ms  ${client}  ${model.show(call, returned?.answer)}`;
}

function milliseconds(nanoseconds: number): string {
  return (nanoseconds / 1e6).toFixed(3).padStart(11);
}
