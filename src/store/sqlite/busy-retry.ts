/**
 * Waiting for another process without blocking this one. SQLite's own busy handler sleeps inside
 * the call, which stops the event loop and starves whoever waits longest; so it is switched off,
 * and a busy attempt is repeated after a short random pause until a deadline.
 */
import { sleep } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";
import { isBusy, sqliteError } from "./sqlite-error.ts";
import type { StoreFile } from "./sqlite-error.ts";

const MAX_PAUSE_MS = 10;

export interface BusyRetry {
  readonly file: StoreFile;
  /** How long to go on trying. */
  readonly busyMs: number;
  readonly clock: Clock;
}

/**
 * The result of `attempt`, which must be repeatable as a whole.
 *
 * @throws {STORE_UNAVAILABLE} when the store is still busy after `busyMs`
 */
export async function retryWhileBusy<T>(attempt: () => T, retry: BusyRetry): Promise<T> {
  let startedMs: number | undefined;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw sqliteError(error, retry.file);
      const nowMs = retry.clock.monotonicMs();
      startedMs ??= nowMs;
      if (nowMs - startedMs >= retry.busyMs) throw stillBusy(error, retry);
    }
    await sleep(Math.random() * MAX_PAUSE_MS);
  }
}

function stillBusy(cause: unknown, { file: { path }, busyMs }: BusyRetry): RepertoireError {
  return new RepertoireError(
    "STORE_UNAVAILABLE",
    `Cannot use the store ${path}: another process kept it locked for ${busyMs} ms; find the process that holds it, or allow a longer wait`,
    { cause, details: { path, busyMs } },
  );
}
