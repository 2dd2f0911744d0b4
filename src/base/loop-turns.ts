/**
 * Sharing the event loop. Work that is done at once inside an asynchronous function leaves the loop no
 * turn: a promise that is already settled continues before anything else does, so a program that awaits
 * one such call after the other keeps timers and sockets waiting until it is through. So all that takes
 * time on the caller's thread is done in turns: within one round of the loop it goes on for so long, and
 * what comes after that waits for the next round, in order.
 */

/** How long such work goes on in one round of the event loop. */
export const LOOP_TURN_MS = 4;

// The real ones, also where a test has replaced them: a turn that never ends would stop everybody.
const inNextRound = setImmediate;
const nowMs = performance.now.bind(performance);

const waiting: (() => void)[] = [];
/** When the turn under way ends; absent before the first work of a round. */
let endsMs: number | undefined;

/** The result of `work`: at once while the turn lasts, and otherwise in a later round. */
export function inTurn<T>(work: () => T): T | Promise<T> {
  if (endsMs === undefined) beginTurn();
  else if (waiting.length > 0 || nowMs() >= endsMs) {
    return new Promise((resolve, reject) => {
      waiting.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
    });
  }
  return work();
}

/** Before work that is quick or can not be repeated: nothing to wait for while the turn lasts. */
export function loopTurn(): Promise<void> | undefined {
  return inTurn(() => undefined);
}

/** Resolves in the next round of the loop. */
export function nextRound(): Promise<void> {
  return new Promise((resolve) => {
    inNextRound(resolve);
  });
}

/** Every item, mapped in turns. */
export async function mapInTurns<T, U>(
  items: readonly T[],
  map: (item: T) => U,
): Promise<readonly U[]> {
  const mapped: U[] = [];
  const some = (): void => {
    do mapped.push(map(items[mapped.length]!));
    while (mapped.length < items.length && nowMs() < endsMs!);
  };
  while (mapped.length < items.length) {
    const result = inTurn(some);
    if (result instanceof Promise) await result;
  }
  return mapped;
}

function beginTurn(): void {
  endsMs = nowMs() + LOOP_TURN_MS;
  inNextRound(endTurn);
}

function endTurn(): void {
  endsMs = undefined;
  if (waiting.length === 0) return;
  beginTurn();
  do waiting.shift()!();
  while (waiting.length > 0 && nowMs() < endsMs!);
}
