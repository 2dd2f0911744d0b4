/** What a host lends of its network, and the defaults of it. */

/** The request that credentials are asked for. */
export interface CredentialRequest {
  readonly url: string;
  readonly method: string;
  readonly runId: string;
  readonly skillId: string;
  /** Aborts when the run or the request ends first. */
  readonly signal: AbortSignal;
}

/**
 * Headers the host adds to the requests of one origin. A function is asked for every request, each
 * redirect included; what it throws does not reach the skill.
 */
export type FetchCredentials =
  | { readonly headers: Readonly<Record<string, string>> }
  | ((
      request: CredentialRequest,
    ) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

/** What `host.fetch` may do. Without it every fetch is denied. */
export interface FetchPolicy {
  /** Origins that skills may be granted, such as `https://api.example.com`; no patterns. */
  readonly origins: readonly string[];
  /** Addresses and CIDR ranges that are not public and may be reached all the same (default: none). */
  readonly allowPrivateAddresses?: readonly string[];
  /** By origin: headers that are added after every check and that no skill sees (default: none). */
  readonly credentials?: Readonly<Record<string, FetchCredentials>>;
  /** Methods that may be used (default: GET, HEAD, OPTIONS, POST, PUT, PATCH and DELETE). */
  readonly methods?: readonly string[];
  /** Size of a request's body (default: 1 MiB). */
  readonly maxRequestBytes?: number;
  /** Size of a response's body once decoded; never more than the run's `resultBytes` (default: 4 MiB). */
  readonly maxResponseBytes?: number;
  /** Time of one fetch, redirects and body included; never more than is left to the run (default: 10,000). */
  readonly timeoutMs?: number;
  /** Redirects that are followed (default: 5). */
  readonly maxRedirects?: number;
  /** Certificates of authorities in PEM that are trusted besides those of Node (default: none). */
  readonly ca?: string | readonly string[];
  /** Gives the IP addresses of a name, for split DNS; they are checked like any others (default: the system's resolver). */
  readonly resolve?: (hostname: string) => readonly string[] | Promise<readonly string[]>;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** Every number of `host.fetch`; the first four are the defaults of the policy's fields of that name. */
export const FETCH_LIMITS = Object.freeze({
  maxRequestBytes: MIB,
  maxResponseBytes: 4 * MIB,
  timeoutMs: 10_000,
  maxRedirects: 5,
  /** Headers of a request. */
  requestHeaders: 64,
  /** All names and values of a request's headers. */
  requestHeaderBytes: 16 * KIB,
  /** Status line and headers of a response. */
  responseHeaderBytes: 32 * KIB,
  /** Connections kept open for a skill's next request to the same addresses. */
  idleConnections: 4,
  /** How long each of them is kept. */
  idleConnectionMs: 4000,
});

/** The most a policy may ask for. */
export const FETCH_MAXIMA = Object.freeze({
  maxRequestBytes: 16 * MIB,
  maxResponseBytes: 16 * MIB,
  timeoutMs: 600_000,
  maxRedirects: 20,
});

export const FETCH_METHODS: readonly string[] = Object.freeze([
  "GET",
  "HEAD",
  "OPTIONS",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
]);

/** Methods whose requests change nothing, so that one may be sent twice. */
export const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
