import { sleep } from "../base/abort.ts";
import type { Clock } from "../base/clock.ts";
import { RepertoireError } from "../base/errors.ts";
import { isBusy } from "./sqlite-errors.ts";

const MAX_PAUSE_MS = 10;

/**
 * Runs a short synchronous transaction, again after a random pause as long as another process holds
 * the file. SQLite's own busy handler would block the event loop and starve some writers.
 *
 * @throws {STORE_UNAVAILABLE} when the file is still held after `busyMs`
 */
export async function retryWhileBusy<T>(
  action: () => T,
  options: { readonly path: string; readonly busyMs: number; readonly clock: Clock },
): Promise<T> {
  const { path, busyMs, clock } = options;
  const deadline = clock.monotonicMs() + busyMs;
  for (;;) {
    try {
      return action();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (clock.monotonicMs() >= deadline) {
        throw new RepertoireError(
          "STORE_UNAVAILABLE",
          `The search index ${path} was held by another process for ${busyMs} ms; try again, or look for a process that hangs`,
          { cause: error },
        );
      }
    }
    await sleep(Math.random() * MAX_PAUSE_MS);
  }
}
