import type { Operation, SequentialModel } from "../operation.ts";

/**
 * Linearizability by its definition: some choice of the unanswered operations, in some order that
 * keeps real time, explains every answer. Tries them all.
 */
export function isLinearizableByTrying<State, Call, Answer>(
  operations: readonly Operation<Call, Answer>[],
  model: SequentialModel<State, Call, Answer>,
  key: string,
): boolean {
  const tryFrom = (state: State, left: readonly Operation<Call, Answer>[]): boolean => {
    if (left.every(({ returned }) => returned === undefined)) return true;
    return left.some((next) => {
      const isOvertaken = left.some(
        (other) =>
          other !== next && other.returned !== undefined && other.returned.at < next.calledAt,
      );
      if (isOvertaken) return false;
      const after = model.step(state, next.call, next.returned?.answer);
      return (
        after !== undefined &&
        tryFrom(
          after,
          left.filter((each) => each !== next),
        )
      );
    });
  };
  return tryFrom(model.initial(key), operations);
}
