/** One call of one client on one object, and what came of it. */
export interface Operation<Call, Answer> {
  /** Tells it apart from every other of its history. */
  readonly id: string;
  /** Who called. A client may have several calls open at once. */
  readonly client: string;
  /** The object. Objects that do not share state are checked apart. */
  readonly key: string;
  readonly call: Call;
  /** When the call began, in nanoseconds on a clock that all clients share. */
  readonly calledAt: number;
  /**
   * When it was answered, and how. Absent when nobody knows: the caller died, or the answer was
   * lost. Such a call may have had its effect at any time since, or never.
   */
  readonly returned?: { readonly at: number; readonly answer: Answer };
}

/** The object as it would be if calls came one after the other. */
export interface SequentialModel<State, Call, Answer> {
  initial(key: string): State;
  /**
   * The state after the call, when an object in `state` could have given that answer; else
   * `undefined`. An answer of `undefined` is one nobody knows: any may be assumed.
   */
  step(state: State, call: Call, answer: Answer | undefined): State | undefined;
  /**
   * Whether a call with that answer leaves every state that allows it as it is: a read, or a write
   * that was refused. Only makes the check faster (default: none does). A write that happens to change
   * nothing in one state may change something in another, and is none of these.
   */
  changesNothing?(call: Call, answer: Answer): boolean;
  /** A text that two states share only when nothing can tell them apart. */
  keyOf(state: State): string;
  /** The state for people. */
  showState(state: State): string;
  /** The call, and its answer if there is one, for people. */
  show(call: Call, answer: Answer | undefined): string;
}
