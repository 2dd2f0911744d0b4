/** One request to addresses that were checked, up to the headers of its response. */
import { request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import type { LookupFunction } from "node:net";
import type { ConnectionPool } from "./connection-pool.ts";
import { FetchFailure } from "./fetch-failure.ts";
import { FETCH_LIMITS, SAFE_METHODS } from "./fetch-policy.ts";
import type { FetchRequest } from "./fetch-request.ts";
import { networkFailure } from "./network-failure.ts";
import type { HeaderMap } from "./request-headers.ts";
import { hostnameOf } from "./resolve-host.ts";

export interface Hop {
  readonly request: FetchRequest;
  /** Those of the request, and what the host adds. */
  readonly headers: HeaderMap;
  readonly addresses: readonly string[];
  /** Whose connections it may use. */
  readonly skillId: string;
}

/** @throws {FetchFailure} when no response comes, or the signal's reason once it is aborted */
export async function sendRequest(
  hop: Hop,
  pool: ConnectionPool,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const reuse = SAFE_METHODS.has(hop.request.method);
  try {
    return await attempt(hop, pool, reuse, signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error !== STALE) throw networkFailure(error, hop.request.url);
  }
  // The server closed an idle connection just as it was used again (RFC 9112, 9.3.1).
  return attempt(hop, pool, false, signal).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : networkFailure(error, hop.request.url);
  });
}

/** A connection that was used before broke before the response began. */
const STALE = Symbol("stale");

function attempt(
  { request, headers, addresses, skillId }: Hop,
  pool: ConnectionPool,
  reuse: boolean,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { url, method, body } = request;
  const host = hostnameOf(url);
  const isSecure = url.protocol === "https:";
  const options = {
    agent: pool.agentFor(url.protocol, reuse),
    poolName: [url.origin, skillId, ...addresses].join(" "),
    method,
    host,
    port: url.port === "" ? (isSecure ? 443 : 80) : Number(url.port),
    path: url.pathname + url.search,
    headers: { ...Object.fromEntries(headers), ...lengthOf(request), host: url.host },
    lookup: pinnedLookup(addresses),
    // More than one message on a connection, or looser parsing, whatever flags Node was started with.
    insecureHTTPParser: false,
    maxHeaderSize: FETCH_LIMITS.responseHeaderBytes,
    signal,
    ...(isSecure
      ? {
          // A name for SNI; certificates of addresses are checked against the address.
          servername: isIP(host) > 0 ? "" : host,
          rejectUnauthorized: true,
          minVersion: "TLSv1.2" as const,
          ...(pool.secureContext === undefined ? {} : { secureContext: pool.secureContext }),
        }
      : {}),
  };
  return new Promise((resolve, reject) => {
    const sent = isSecure ? httpsRequest(options) : httpRequest(options);
    sent.maxHeadersCount = 0; // bounded by their size, not silently cut
    sent.on("response", resolve);
    sent.on("error", (error) => reject(sent.reusedSocket && isReset(error) ? STALE : error));
    // Nobody asked for another protocol.
    sent.on("upgrade", (_response, socket) => {
      socket.destroy();
      reject(new FetchFailure("FETCH_PROTOCOL", `${url.origin} answered with another protocol`));
    });
    sent.on("close", () => reject(new Error("closed without a response")));
    sent.end(body);
  });
}

/** Node would send a chunked body or none: the length is known, and zero is one too. */
function lengthOf({ method, body }: FetchRequest): Readonly<Record<string, string>> {
  if (body !== undefined) return { "content-length": String(body.length) };
  return SAFE_METHODS.has(method) || method === "DELETE" ? {} : { "content-length": "0" };
}

/** Resolves any name to the addresses that were checked, and nothing else ever. */
function pinnedLookup(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_hostname, options, callback) => {
    const [first] = all;
    if (options.all === true) callback(null, all);
    else callback(null, first?.address ?? "", first?.family ?? 0);
  };
}

function isReset(error: Error): boolean {
  const { code } = error as { readonly code?: string };
  return code === "ECONNRESET" || code === "EPIPE";
}
