/** Which headers a request may carry, and what becomes of them when it is redirected. */
import { preview } from "../../../base/json.ts";
import { FetchFailure } from "./fetch-failure.ts";
import { FETCH_LIMITS } from "./fetch-policy.ts";

/** Names are in lower case. */
export type HeaderMap = ReadonlyMap<string, string>;

/** What frames a message or names its connection belongs to the host alone. */
const FRAMING = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Besides framing: what the host decides, and what would get around the methods it allows. */
const FORBIDDEN = new Set([
  ...FRAMING,
  "accept-encoding",
  "cookie",
  "cookie2",
  "set-cookie",
  "set-cookie2",
  "via",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
]);

/** What a skill said to one origin is not for another one, so only these go there. */
const CROSS_ORIGIN = new Set([
  "accept",
  "accept-language",
  "content-language",
  "content-type",
  "range",
  "user-agent",
]);

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110, 5.5: visible characters, spaces and tabs, and the bytes above ASCII. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The headers a skill asks for.
 *
 * @throws {FetchFailure} when they are no map of texts, too many, too large, or not its to set
 */
export function skillHeaders(given: unknown): HeaderMap {
  return readHeaders(given, FORBIDDEN, (problem) => {
    throw new FetchFailure("FETCH_INVALID_REQUEST", `The headers of host.fetch ${problem}`);
  });
}

/**
 * Headers that hold credentials: whatever does not frame the message.
 *
 * @param fail told what is wrong, in words that do not repeat a value
 */
export function credentialHeaders(given: unknown, fail: (problem: string) => never): HeaderMap {
  return readHeaders(given, FRAMING, fail);
}

/** What is left of a request's headers on its way to another origin. */
export function crossOriginHeaders(headers: HeaderMap): HeaderMap {
  return new Map([...headers].filter(([name]) => CROSS_ORIGIN.has(name)));
}

function readHeaders(
  given: unknown,
  forbidden: ReadonlySet<string>,
  fail: (problem: string) => never,
): HeaderMap {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    return fail("must be an object of texts");
  const entries = Object.entries(given);
  const { requestHeaders, requestHeaderBytes } = FETCH_LIMITS;
  if (entries.length > requestHeaders)
    return fail(`are ${entries.length}; at most ${requestHeaders} are allowed`);
  const headers = new Map<string, string>();
  let bytes = 0;
  for (const [written, value] of entries) {
    const name = written.toLowerCase();
    if (!TOKEN.test(written))
      return fail(`have a name that HTTP does not allow: ${preview(written)}`);
    if (forbidden.has(name) || name.startsWith("proxy-") || name.startsWith("sec-"))
      return fail(`may not set \`${name}\`; the host does`);
    if (typeof value !== "string") return fail(`must be texts, and \`${name}\` is not`);
    if (!VALUE.test(value))
      return fail(
        `have a value that HTTP does not allow: that of \`${name}\` has a line break, a control character, or one above U+00FF`,
      );
    if (headers.has(name)) return fail(`name \`${name}\` twice`);
    bytes += name.length + value.length;
    if (bytes > requestHeaderBytes)
      return fail(`are larger than the ${requestHeaderBytes} bytes that are allowed`);
    headers.set(name, value.trim());
  }
  return headers;
}
