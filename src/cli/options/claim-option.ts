/** The token of a claim on the command line: what later commands know a claim by. */
import { InvalidArgumentError, Option } from "commander";
import type { Fence } from "../../index.ts";

/** A fencing token: a decimal number above 0. */
export function parseToken(text: string): bigint {
  if (/^[1-9]\d{0,17}$/.test(text)) return BigInt(text);
  throw new InvalidArgumentError("Expected the token that `claim` printed, a whole number.");
}

/** The option of every command that changes a skill. */
export function claimOption(): Option {
  return new Option(
    "--claim <token>",
    "only while the claim with this token is held; see `repertoire claim`",
  ).argParser(parseToken);
}

/** The lease a write is to be guarded by, for a claim of a skill. */
export function leaseOfClaim(id: string, token: bigint | undefined): { readonly lease?: Fence } {
  return token === undefined ? {} : { lease: { key: `skill:${id}`, token } };
}
