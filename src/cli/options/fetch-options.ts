/** What of the network a command lends to the skills it runs: nothing, unless it is asked to. */
import { Option } from "commander";
import type { Policy } from "../../index.ts";
import { collect, defined } from "../command.ts";
import { UsageError } from "../failures/usage-error.ts";

export interface FetchFlags {
  readonly allowFetch?: readonly string[];
  readonly allowPrivate?: readonly string[];
}

export function allowFetchOption(): Option {
  return new Option(
    "--allow-fetch <origin>",
    "an origin that skills which declare it may fetch from, such as https://api.example.com; repeatable",
  ).argParser(collect);
}

export function allowPrivateOption(): Option {
  return new Option(
    "--allow-private <address>",
    "an address or CIDR range that is not public and that fetches may reach, such as 127.0.0.1; repeatable",
  ).argParser(collect);
}

/** The policy for the library, where the flags ask for one. */
export function fetchPolicy({
  allowFetch: origins,
  allowPrivate: allowPrivateAddresses,
}: FetchFlags): { readonly policy?: Policy } {
  if (origins === undefined) {
    if (allowPrivateAddresses === undefined) return {};
    throw new UsageError("--allow-private only means something together with --allow-fetch");
  }
  return { policy: { fetch: { origins, ...defined({ allowPrivateAddresses }) } } };
}
