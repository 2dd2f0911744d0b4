/** How the stores wait for another process: see `base/retry-while-busy.ts`. */
import type { Clock } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";
import { retryWhileBusy } from "../../base/retry-while-busy.ts";
import { isBusy, sqliteError } from "./sqlite-error.ts";
import type { StoreFile } from "./sqlite-error.ts";

export interface BusyRetry {
  readonly file: StoreFile;
  /** How long to go on trying. */
  readonly busyMs: number;
  readonly clock: Clock;
}

/**
 * The result of `attempt`, which must be repeatable as a whole; SQLite's errors become the library's.
 *
 * @throws {STORE_UNAVAILABLE} when the store is still busy after `busyMs`
 */
export async function attemptOnStore<T>(attempt: () => T, retry: BusyRetry): Promise<T> {
  const { file, busyMs, clock } = retry;
  try {
    return await retryWhileBusy(attempt, {
      isBusy,
      giveUp: (error) => stillBusy(error, retry),
      busyMs,
      clock,
    });
  } catch (error) {
    throw sqliteError(error, file);
  }
}

function stillBusy(cause: unknown, { file: { path }, busyMs }: BusyRetry): RepertoireError {
  return new RepertoireError(
    "STORE_UNAVAILABLE",
    `Cannot use the store ${path}: another process kept it locked for ${busyMs} ms; find the process that holds it, or allow a longer wait`,
    { cause, details: { path, busyMs } },
  );
}
