/**
 * Whether calls that overlapped can be put in one order that explains every answer: the search of
 * Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) with the memory of Lowe
 * ("Testing for Linearizability", 2017), which never looks twice at the same set of calls done in
 * the same state.
 *
 * Two rules keep it fast without changing its verdict. A call that fits, and with its answer changes
 * nothing in any state, may be taken at once, since whatever order exists it can be moved to here. A call whose answer
 * nobody knows is only ever taken when it changes something.
 */
import type { Operation, SequentialModel } from "./operation.ts";

export type SearchResult<State> =
  | {
      readonly verdict: "linearizable";
      readonly steps: number;
      /** Positions of the operations in an order that explains all answers. */
      readonly order: readonly number[];
      readonly state: State;
    }
  | {
      readonly verdict: "not-linearizable";
      readonly steps: number;
      /** Some order explains this many of the first answers; how many more, it does not say. */
      readonly explained: number;
    }
  | { readonly verdict: "undecided"; readonly steps: number };

interface Taken<State> {
  readonly position: number;
  readonly before: State;
  /** Nothing else need be tried in its place. */
  readonly isForced: boolean;
}

/**
 * @param operations Of one object, in any order
 * @param maxSteps Calls tried before it gives up as `undecided`
 */
export function searchOrder<State, Call, Answer>(
  operations: readonly Operation<Call, Answer>[],
  model: SequentialModel<State, Call, Answer>,
  key: string,
  maxSteps: number,
): SearchResult<State> {
  const changesNothing = (call: Call, answer: Answer): boolean =>
    model.changesNothing?.(call, answer) ?? false;
  const events = timeline(operations);
  const configurations = memory(operations);
  const taken: Taken<State>[] = [];
  let state = model.initial(key);
  let left = operations.filter(({ returned }) => returned !== undefined).length;
  let steps = 0;
  let explained = 0;
  let event = events.first();

  while (left > 0) {
    const position = events.callAt(event);
    if (position !== undefined) {
      if (steps++ >= maxSteps) return { verdict: "undecided", steps };
      const { call, returned } = operations[position] as Operation<Call, Answer>;
      const after = model.step(state, call, returned?.answer);
      const isSame = after !== undefined && model.keyOf(after) === model.keyOf(state);
      const isWorthIt = after !== undefined && !(isSame && returned === undefined);
      const isForced = returned !== undefined && changesNothing(call, returned.answer);
      if (isWorthIt && configurations.take(position, isForced ? undefined : model.keyOf(after))) {
        taken.push({ position, before: state, isForced });
        state = after;
        events.lift(position);
        if (returned !== undefined) left -= 1;
        event = events.first();
      } else event = events.after(event);
      continue;
    }
    // The next thing that happened is an answer that no order so far explains.
    explained = Math.max(explained, events.answersBefore(event));
    let last: Taken<State> | undefined;
    do {
      last = taken.pop();
      if (last === undefined) return { verdict: "not-linearizable", steps, explained };
      state = last.before;
      configurations.giveBack(last.position);
      events.putBack(last.position);
      if (operations[last.position]?.returned !== undefined) left += 1;
    } while (last.isForced);
    event = events.after(events.callOf(last.position));
  }
  return { verdict: "linearizable", steps, order: taken.map(({ position }) => position), state };
}

/**
 * Calls and answers in order of time, as a list from which an operation can be lifted and put back.
 * Event 0 is the head. At one instant calls come first: then the two overlapped, and no verdict
 * rests on the grain of a clock.
 */
function timeline(operations: readonly Operation<unknown, unknown>[]) {
  const marks = operations.flatMap(({ calledAt, returned }, position) => [
    { at: calledAt, position, isCall: true },
    ...(returned === undefined ? [] : [{ at: returned.at, position, isCall: false }]),
  ]);
  marks.sort((a, b) => a.at - b.at || Number(b.isCall) - Number(a.isCall));
  const end = marks.length + 1;
  const next = new Int32Array(end + 1);
  const previous = new Int32Array(end + 1);
  const calls = new Int32Array(operations.length);
  const returns = new Int32Array(operations.length);
  const answersBefore = new Int32Array(end + 1);
  for (let event = 0; event <= end; event++) {
    next[event] = event + 1;
    previous[event] = event - 1;
  }
  for (const [index, { position, isCall }] of marks.entries())
    (isCall ? calls : returns)[position] = index + 1;
  for (let event = 1; event < end; event++)
    answersBefore[event + 1] = answersBefore[event]! + (marks[event - 1]?.isCall === false ? 1 : 0);

  const unlink = (event: number): void => {
    next[previous[event]!] = next[event]!;
    previous[next[event]!] = previous[event]!;
  };
  const link = (event: number): void => {
    next[previous[event]!] = event;
    previous[next[event]!] = event;
  };
  return {
    first: (): number => next[0]!,
    after: (event: number): number => next[event]!,
    callOf: (position: number): number => calls[position]!,
    answersBefore: (event: number): number => answersBefore[event]!,
    /** The operation that is called here; `undefined` for an answer. */
    callAt(event: number): number | undefined {
      const mark = marks[event - 1];
      return mark?.isCall === true ? mark.position : undefined;
    },
    lift(position: number): void {
      unlink(calls[position]!);
      if (returns[position] !== 0) unlink(returns[position]!);
    },
    /** Reverses the last `lift`. */
    putBack(position: number): void {
      if (returns[position] !== 0) link(returns[position]!);
      link(calls[position]!);
    },
  };
}

/**
 * The sets of operations done and the states they led to, each remembered for good. A set is written
 * as how far everything is done, what is done beyond that, and which of the unanswered ones are:
 * a few characters where a bit for each operation would be hundreds.
 */
function memory(operations: readonly Operation<unknown, unknown>[]) {
  const seen = new Set<string>();
  const answered = operations
    .map((_, position) => position)
    .filter((position) => operations[position]?.returned !== undefined)
    .sort((a, b) => operations[a]!.calledAt - operations[b]!.calledAt);
  const rankOf = new Map(answered.map((position, rank) => [position, rank]));
  const isDone = new Uint8Array(answered.length);
  const unanswered = new Set<number>();
  /** Every rank below it is done. */
  let low = 0;
  /** Every rank from here on is not. */
  let high = 0;

  const mark = (position: number): void => {
    const rank = rankOf.get(position);
    if (rank === undefined) {
      unanswered.add(position);
      return;
    }
    isDone[rank] = 1;
    while (isDone[low] === 1) low += 1;
    high = Math.max(high, rank + 1);
  };
  const unmark = (position: number): void => {
    const rank = rankOf.get(position);
    if (rank === undefined) {
      unanswered.delete(position);
      return;
    }
    isDone[rank] = 0;
    low = Math.min(low, rank);
    while (high > 0 && isDone[high - 1] === 0) high -= 1;
  };
  const written = (stateKey: string): string => {
    let text = `${low}`;
    for (let rank = low + 1; rank < high; rank++) if (isDone[rank] === 1) text += `,${rank}`;
    const lost = unanswered.size === 0 ? "" : [...unanswered].sort((a, b) => a - b).join();
    return `${text};${lost};${stateKey}`;
  };
  return {
    /**
     * Does the operation, unless that leads to where the search has been. Without a state nothing is
     * remembered: the step is forced, and only what follows it can be reached twice.
     */
    take(position: number, stateKey: string | undefined): boolean {
      mark(position);
      if (stateKey === undefined) return true;
      const configuration = written(stateKey);
      if (seen.has(configuration)) {
        unmark(position);
        return false;
      }
      seen.add(configuration);
      return true;
    },
    giveBack: unmark,
  };
}
