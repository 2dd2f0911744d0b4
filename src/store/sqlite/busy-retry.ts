/** How the stores wait for another process: see `base/retry-while-busy.ts` and `base/write-turns.ts`. */
import type { Clock } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";
import { retryWhileBusy } from "../../base/retry-while-busy.ts";
import type { BusyPolicy } from "../../base/retry-while-busy.ts";
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
export function attemptOnStore<T>(attempt: () => T, retry: BusyRetry): Promise<T> {
  return asStoreErrors(() => retryWhileBusy(attempt, busyPolicy(retry)), retry.file);
}

export function busyPolicy(retry: BusyRetry): BusyPolicy {
  const { busyMs, clock } = retry;
  return { isBusy, giveUp: (error) => stillBusy(error, retry), busyMs, clock };
}

/** The result of `work`; SQLite's errors become the library's. */
export async function asStoreErrors<T>(work: () => Promise<T>, file: StoreFile): Promise<T> {
  try {
    return await work();
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
