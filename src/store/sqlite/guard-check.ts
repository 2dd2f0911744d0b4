/** Refuses writes whose lease has ended, by the rows of the locks in the same file. */
import { isoTime } from "../../base/clock.ts";
import type { Clock } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";
import { fenceError } from "../../base/fence.ts";
import { WRITE_LEASE } from "../../base/lease-tables.ts";
import { machineClock } from "../../base/machine-clock.ts";
import type { WriteGuard } from "../skill-store.ts";
import type { StatementSource } from "./statement.ts";

const HOLDER = "SELECT holder, until_ms AS untilMs FROM locks WHERE key = ? AND token = ?";

/**
 * @returns what is to be called within the transaction of a write, before it writes
 * @throws {LEASE_LOST} when the guard's lease is over, by the machine's clock at this moment
 * @throws {LOCK_TIMEOUT} when somebody else holds the exclusive key
 */
export function guardCheck(statement: StatementSource, clock: Clock) {
  function writeToken(key: string): bigint | undefined {
    const nowMs = machineClock.nowMs();
    const found = statement<{ token: number }>(WRITE_LEASE);
    const token = found.get(key, nowMs, nowMs, machineClock.bootId)?.token;
    return token === undefined ? undefined : BigInt(token);
  }

  function claimedError(id: string, key: string, token: bigint): RepertoireError {
    const row = statement<{ holder: string; untilMs: number }>(HOLDER).get(key, Number(token));
    const { by } = JSON.parse(row?.holder ?? "{}") as { readonly by?: string };
    const until = isoTime(clock.now() + (row?.untilMs ?? 0) - machineClock.nowMs());
    return new RepertoireError(
      "LOCK_TIMEOUT",
      `Can not write skill "${id}": ${JSON.stringify(by)} has claimed it until ${until}, and claims are exclusive in this library; wait for its end, or write with that claim's lease`,
      {
        details: {
          skillId: id,
          key,
          holders: [{ by, mode: "write", token: String(token), until }],
        },
      },
    );
  }

  return (id: string, { lease, exclusiveKey }: WriteGuard = {}): void => {
    if (lease !== undefined) {
      const current = writeToken(lease.key);
      if (current !== lease.token) throw fenceError(`The write to skill "${id}"`, lease, current);
    }
    if (exclusiveKey === undefined || exclusiveKey === lease?.key) return;
    const token = writeToken(exclusiveKey);
    if (token !== undefined) throw claimedError(id, exclusiveKey, token);
  };
}
