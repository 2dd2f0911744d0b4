/** What a redirect makes of a request, as the Fetch standard has it (HTTP-redirect fetch). */
import { FetchFailure } from "./fetch-failure.ts";
import type { FetchRequest } from "./fetch-request.ts";
import { crossOriginHeaders } from "./request-headers.ts";
import { targetUrl } from "./target-url.ts";

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function isRedirect(status: number, location: string | undefined): location is string {
  return REDIRECTS.has(status) && location !== undefined;
}

/**
 * The request to send in place of the one that was redirected. It is not checked yet: origin,
 * method and addresses are, as those of the first one were.
 *
 * @throws {FetchFailure} when it leads to no URL that can be fetched, or from https to http
 */
export function redirected(request: FetchRequest, status: number, location: string): FetchRequest {
  const url = targetUrl(location, request.url);
  if (request.url.protocol === "https:" && url.protocol === "http:")
    throw new FetchFailure(
      "FETCH_DOWNGRADE_DENIED",
      `${request.url.origin} redirects to ${url.origin}, which is not encrypted; such redirects are not followed`,
    );
  const kept =
    url.origin === request.url.origin ? request.headers : crossOriginHeaders(request.headers);
  if (!becomesGet(request.method, status)) return { ...request, url, headers: kept };
  const headers = new Map([...kept].filter(([name]) => !name.startsWith("content-")));
  return { ...request, url, headers, method: "GET", body: undefined };
}

function becomesGet(method: string, status: number): boolean {
  if (status === 303) return method !== "GET" && method !== "HEAD";
  return (status === 301 || status === 302) && method === "POST";
}
