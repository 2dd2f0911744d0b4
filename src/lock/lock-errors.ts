/** What every lock says when it can not do what it is asked. */
import { isoTime } from "../base/clock.ts";
import { RepertoireError } from "../base/errors.ts";
import { preview } from "../base/json.ts";
import type { LockHolder, LockMode } from "./lock-driver.ts";

/** Holders a message names; the others are counted. */
const NAMED = 3;

export interface LockRefusal {
  readonly key: string;
  readonly mode: LockMode;
  readonly waitMs: number;
  readonly holders: readonly LockHolder[];
  /** Time of day, in epoch milliseconds. */
  readonly nowMs: number;
  /** Why nobody could even ask for it: another process keeps the file of the locks busy. */
  readonly cause?: unknown;
}

export function lockTimeoutError({
  key,
  mode,
  waitMs,
  holders,
  nowMs,
  cause,
}: LockRefusal): RepertoireError {
  const known = holders.map(({ token, remainingMs, heldMs: _, key: _key, ...who }) => ({
    ...who,
    token: String(token),
    until: isoTime(nowMs + remainingMs),
  }));
  const named = known.slice(0, NAMED).map(({ by, until }) => `${preview(by)} until ${until}`);
  const more = known.length > NAMED ? ` and ${known.length - NAMED} more` : "";
  const why =
    cause !== undefined
      ? "another process is in the middle of a write, and suspended or slow"
      : known.length === 0
        ? "others were before"
        : `it is held by ${named.join(", ")}${more}`;
  return new RepertoireError(
    "LOCK_TIMEOUT",
    `Could not ${mode === "read" ? "share" : "take"} lock ${preview(key)} within ${waitMs} ms: ${why}; hold it for less time or wait for longer`,
    {
      details: { key, mode, waitMs, holders: known },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

export function lockClosedError(key: string): RepertoireError {
  return new RepertoireError("CLOSED", `Can not acquire lock ${preview(key)}: it was closed`);
}

/** For a token whose lease is no longer there to be taken up. */
export function noSuchLeaseError(key: string, token: bigint): RepertoireError {
  return new RepertoireError(
    "LEASE_LOST",
    `There is no lease of lock ${preview(key)} with token ${token}: it was released, or ran out, or never was; take the lock again`,
    { details: { key, token: String(token) } },
  );
}
