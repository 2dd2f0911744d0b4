/** A lease as a guard of writes: what proves that its holder still holds it. */
import { RepertoireError } from "./errors.ts";
import { preview } from "./json.ts";

/** The key and fencing token of a lease; a `Lease` is one. */
export interface Fence {
  readonly key: string;
  readonly token: bigint;
}

/**
 * The refusal of a write whose lease has ended.
 *
 * @param current token of the lease that holds the key for writing now, if any
 */
export function fenceError(what: string, { key, token }: Fence, current?: bigint): RepertoireError {
  const now =
    current === undefined
      ? "nobody holds it for writing now"
      : `its current token is ${current}, of somebody else`;
  return new RepertoireError(
    "LEASE_LOST",
    `${what} was refused: the lease of lock ${preview(key)} with token ${token} has ended, and ${now}; take the lock again, read again what you change, and retry`,
    {
      details: {
        key,
        token: String(token),
        ...(current === undefined ? {} : { currentToken: String(current) }),
      },
    },
  );
}
