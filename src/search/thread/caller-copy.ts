/**
 * A copy, on the caller's thread, of what the thread of an index holds. Where the index is of middling
 * size, waking that thread and hearing from it takes longer than the search itself. Building, writing
 * and reading much are left to it all the same, so that nothing holds up the caller's event loop for
 * longer than a search.
 */
import { nextRound } from "../../base/loop-turns.ts";
import type { IndexEngine } from "../index-engine.ts";
import type { MemoryCopy, MemoryPosition } from "../memory/memory-copy.ts";

export interface CallerCopy {
  /** The result of `task`, when it can be had here at little cost; the thread has to be asked otherwise. */
  answer<T>(
    state: CopiedState,
    task: (engine: IndexEngine) => Promise<T>,
  ): Promise<{ readonly value: T } | undefined>;
  /** Times a copy was taken over. */
  readonly copies: number;
}

interface CopiedState extends MemoryPosition {
  readonly skills: number;
}

export interface CallerCopyParts {
  /** The engine on the caller's thread. */
  readonly engine: IndexEngine;
  /** Skills up to which there is a copy. */
  readonly upTo: number;
  /** Asks the thread for what it holds. */
  readonly copy: () => Promise<MemoryCopy>;
}

/** Whoever asks once or twice needs no copy. */
const COPY_AFTER = 4;
/** Where so much changes that copies are out of date at once, they are asked for ever less often. */
const COPY_AFTER_AT_MOST = 512;
const ANSWERS_WORTH_IT = 16;
/** Changes after which the copy is replaced by one that is as fast as new. */
const WORN_ROWS = 1000;

export function callerCopy({ engine, upTo, copy }: CallerCopyParts): CallerCopy {
  const { held } = engine;
  let copies = 0;
  let isAsked = false;
  let isBusy = false;
  /** One search takes a fair share of a round of the event loop. */
  let rest: Promise<void> | undefined;
  let misses = 0;
  let answers = 0;
  let after = COPY_AFTER;

  function ask(): void {
    if (isAsked) return;
    isAsked = true;
    after = answers < ANSWERS_WORTH_IT ? Math.min(after * 2, COPY_AFTER_AT_MOST) : COPY_AFTER;
    misses = 0;
    answers = 0;
    copy()
      .then((made) => held.adopt(made))
      .then(() => {
        copies += 1;
      })
      // What is wrong is told to whoever asks the thread.
      .catch(() => undefined)
      .finally(() => {
        isAsked = false;
      });
  }

  return {
    async answer(state, task) {
      if (state.skills > upTo) {
        held.release();
        return undefined;
      }
      if (!held.isNear(state)) {
        misses += 1;
        if (misses >= after) ask();
        return undefined;
      }
      // Those that are asked for at once are shared with the thread.
      if (isBusy) return undefined;
      isBusy = true;
      try {
        await rest;
        const value = await task(engine);
        rest = nextRound();
        answers += 1;
        if (held.changed > WORN_ROWS) ask();
        return { value };
      } finally {
        isBusy = false;
      }
    },

    get copies() {
      return copies;
    },
  };
}
