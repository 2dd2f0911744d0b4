/**
 * Sends what a skill asks for and answers it, hop by hop.
 *
 * It guarantees that a connection is only ever made to an address that was checked for this very
 * request, for an origin that was granted, and that credentials go to their origin alone. It can
 * not keep a server from repeating in its response what it was sent.
 */
import type { IncomingMessage } from "node:http";
import type { JsonValue } from "../../../base/json.ts";
import { beforeAbort } from "./before-abort.ts";
import { connectionPool } from "./connection-pool.ts";
import { deadline } from "./deadline.ts";
import { checkOrigin } from "./fetch-call.ts";
import type { FetchCall } from "./fetch-call.ts";
import { FetchFailure } from "./fetch-failure.ts";
import { fetchReply } from "./fetch-reply.ts";
import { checkMethod, fetchRequest } from "./fetch-request.ts";
import type { FetchRequest } from "./fetch-request.ts";
import type { FetchSettings } from "./fetch-settings.ts";
import { isRedirect, redirected } from "./redirect.ts";
import { credentialHeaders } from "./request-headers.ts";
import type { HeaderMap } from "./request-headers.ts";
import { resolveHost } from "./resolve-host.ts";
import { ACCEPTED_CODINGS, responseBody } from "./response-body.ts";
import { sendRequest } from "./send-request.ts";

export interface FetchClient {
  /**
   * @param url granted to the run already
   * @throws {FetchFailure} when there is no reply
   */
  fetch(url: URL, call: FetchCall): Promise<JsonValue>;
  /** Closes every connection; fetches under way end with their runs. */
  close(): void;
}

export function fetchClient(settings: FetchSettings): FetchClient {
  const pool = connectionPool(settings.ca);

  async function fetch(url: URL, call: FetchCall): Promise<JsonValue> {
    const request = fetchRequest(url, call.init, settings);
    const timeoutMs = Math.max(1, Math.min(settings.timeoutMs, call.remainingMs));
    using limit = deadline(call.signal, timeoutMs, url.origin);
    return await follow(request, call, limit.signal);
  }

  async function follow(
    first: FetchRequest,
    call: FetchCall,
    signal: AbortSignal,
  ): Promise<JsonValue> {
    let request = first;
    for (let redirects = 0; ; redirects++) {
      const response = await send(request, call, signal);
      const { statusCode = 0, headers } = response;
      if (request.redirect === "manual" || !isRedirect(statusCode, headers.location)) {
        const { url, method } = request;
        const maxBytes = Math.min(settings.maxResponseBytes, call.resultBytes);
        const body = await responseBody(response, url, method, maxBytes, signal);
        return fetchReply(url, response, body);
      }
      response.destroy();
      if (request.redirect === "error" || redirects >= settings.maxRedirects)
        throw tooManyRedirects(first, settings.maxRedirects);
      request = redirected(request, statusCode, headers.location);
      checkOrigin(request.url, call);
      checkMethod(request.method, settings);
    }
  }

  async function send(
    request: FetchRequest,
    call: FetchCall,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { privateAddresses, resolve } = settings;
    const addresses = await resolveHost(request.url, privateAddresses, resolve, signal);
    const credentials = await credentialsFor(request, call, signal);
    const headers = new Map([...DEFAULT_HEADERS, ...request.headers, ...credentials]);
    return sendRequest({ request, headers, addresses, skillId: call.skillId }, pool, signal);
  }

  async function credentialsFor(
    { url, method }: FetchRequest,
    { runId, skillId }: FetchCall,
    signal: AbortSignal,
  ): Promise<HeaderMap> {
    const given = settings.credentials.get(url.origin);
    if (given === undefined) return new Map();
    try {
      const headers =
        typeof given === "function"
          ? await beforeAbort(signal, async () =>
              given({ url: url.href, method, runId, skillId, signal }),
            )
          : given.headers;
      return credentialHeaders(headers, (problem) => {
        throw new TypeError(problem);
      });
    } catch {
      if (signal.aborted) throw signal.reason;
      // Whatever it is, it is about a secret.
      throw new FetchFailure(
        "FETCH_CREDENTIALS",
        `The host has no credentials for ${url.origin} now; its \`policy.fetch.credentials\` failed`,
      );
    }
  }

  return { fetch, close: () => pool.close() };
}

const DEFAULT_HEADERS: HeaderMap = new Map([
  ["accept", "*/*"],
  ["user-agent", "repertoire"],
  ["accept-encoding", ACCEPTED_CODINGS],
]);

function tooManyRedirects({ redirect, url }: FetchRequest, max: number): FetchFailure {
  return new FetchFailure(
    "FETCH_REDIRECT",
    redirect === "error"
      ? `${url.origin} redirects, and the request says \`redirect: "error"\``
      : `${url.origin} redirects more than ${max} times; fetch what it redirects to, or raise \`policy.fetch.maxRedirects\` of the host`,
  );
}
