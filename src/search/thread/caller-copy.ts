/**
 * A copy, on the caller's thread, of what the thread of an index holds. Where the index is of middling
 * size, waking that thread and hearing from it takes longer than the search itself. Building, writing
 * and reading much are left to it all the same, and the copy follows what changes a few rows in each
 * round of the event loop, while the thread answers.
 */
import { systemClock } from "../../base/clock.ts";
import { nextRound } from "../../base/loop-turns.ts";
import type { FileState } from "../index-connection.ts";
import type { IndexEngine, Near, NearEngine } from "../index-engine.ts";
import type { MemoryCopy } from "../memory/memory-copy.ts";

export interface CallerCopy {
  /**
   * The result of `task`, when it can be had here at little cost; the thread has to be asked otherwise.
   *
   * @param skills as many as there were when the file was last looked at
   */
  answer<T>(
    skills: number,
    task: (engine: NearEngine) => Promise<Near<T>>,
  ): Promise<{ readonly value: T } | undefined>;
  /** Times a copy was taken over. */
  readonly copies: number;
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
/** Where so much changes that copies are soon out of date, most searches are better left to the thread. */
const COPY_EVERY_MS = 1000;
/** Changes after which the copy is replaced by one that is as fast as new. */
const WORN_ROWS = 1000;
/** Rows beyond the skills there are: those that were removed are copied as well. */
const ROWS_PER_SKILL = 2;

export function callerCopy({ engine, upTo, copy }: CallerCopyParts): CallerCopy {
  const { held } = engine;
  let copies = 0;
  let asked = 0;
  let isBusy = false;
  /** One search takes a fair share of a round of the event loop. */
  let rest: Promise<void> | undefined;
  let isFollowing = false;
  let copyAgainMs = Number.NEGATIVE_INFINITY;

  /** What is wrong is told to whoever asks the thread. */
  function follow(work: () => Promise<void>): void {
    if (isFollowing) return;
    isFollowing = true;
    // What was asked of the thread already comes first.
    nextRound()
      .then(work)
      .catch(() => undefined)
      .finally(() => {
        isFollowing = false;
      });
  }

  async function copyAnew(): Promise<void> {
    if (systemClock.monotonicMs() < copyAgainMs) return;
    const made = await copy();
    copyAgainMs = systemClock.monotonicMs() + COPY_EVERY_MS;
    if (made.blocks.statuses.length > ROWS_PER_SKILL * upTo) copyAgainMs = Number.POSITIVE_INFINITY;
    else if (await engine.adopt(made)) copies += 1;
  }

  function miss(state: FileState): void {
    if (state.skills > upTo) return;
    if (held.isInReach(state)) follow(engine.catchUp);
    else if (asked >= COPY_AFTER) follow(copyAnew);
  }

  return {
    async answer(skills, task) {
      if (skills > upTo) {
        held.release();
        return undefined;
      }
      // Those that are asked for at once are left to the thread.
      if (isBusy) return undefined;
      isBusy = true;
      try {
        await rest;
        asked += 1;
        const found = await task(engine.near);
        if ("far" in found) {
          miss(found.far);
          return undefined;
        }
        rest = nextRound();
        if (held.changed > WORN_ROWS) follow(copyAnew);
        return found;
      } finally {
        isBusy = false;
      }
    },

    get copies() {
      return copies;
    },
  };
}
