import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { FetchFailure } from "./fetch-failure.ts";
import type { FetchPolicy } from "./fetch-policy.ts";
import { isPublicAddress } from "./ip-address.ts";
import type { AddressList } from "./ip-address.ts";
import { beforeAbort } from "./before-abort.ts";

/**
 * The addresses of a URL's host, every one of which may be connected to. A connection is made to
 * them and never by name again: what a name resolves to later does not matter.
 *
 * @throws {FetchFailure} when there are none, or one of them is private and not allowed
 */
export async function resolveHost(
  url: URL,
  allowed: AddressList,
  resolve: FetchPolicy["resolve"],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const host = hostnameOf(url);
  const addresses = isIP(host) > 0 ? [host] : await lookUp(host, resolve, signal);
  if (!addresses.every((address) => isPublicAddress(address) || allowed.has(address))) {
    const what = isIP(host) > 0 ? "is" : "has";
    // The address itself may be a fact of the host's network, so it is not named.
    throw new FetchFailure(
      "FETCH_ADDRESS_DENIED",
      `Fetching from ${url.origin} is not granted: ${host} ${what} an address that is not public; add the address to \`policy.fetch.allowPrivateAddresses\` of the host`,
    );
  }
  return addresses;
}

/** The host of a URL as networks know it: an IPv6 address has no brackets. */
export function hostnameOf({ hostname }: URL): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

async function lookUp(
  host: string,
  resolve: FetchPolicy["resolve"],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = await beforeAbort(signal, async () =>
    resolve === undefined
      ? (await lookup(host, { all: true })).map(({ address }) => address)
      : await resolve(host),
  ).catch((error: unknown) => {
    throw signal.aborted ? error : unresolved(host);
  });
  const addresses = Array.isArray(found) ? (found as readonly unknown[]) : [];
  const isAddress = (address: unknown): address is string =>
    typeof address === "string" && isIP(address) > 0;
  if (addresses.length === 0 || !addresses.every(isAddress)) throw unresolved(host);
  return [...new Set(addresses)];
}

function unresolved(host: string): FetchFailure {
  return new FetchFailure("FETCH_DNS", `The name ${host} can not be resolved to an address`);
}
