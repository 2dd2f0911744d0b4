/** A response as JSON, which is all that reaches a skill. */
import type { IncomingMessage } from "node:http";
import type { JsonObject, JsonValue } from "../../../base/json.ts";

const TEXT_TYPE =
  /^(?:text\/|[^;]*\+(?:json|xml|yaml)\s*(?:;|$)|application\/(?:json|xml|javascript|ecmascript|x-javascript|x-ndjson|jsonl|json-seq|x-www-form-urlencoded|yaml|x-yaml|toml|graphql|sql|csv)\s*(?:;|$))/i;
const CHARSET = /;\s*charset\s*=\s*"?([^\s";]+)/i;
/** Cookies are the host's business: a skill has no jar and can not send them back. */
const WITHHELD = new Set(["set-cookie", "set-cookie2"]);

export function fetchReply(
  url: URL,
  response: Pick<IncomingMessage, "statusCode" | "statusMessage" | "rawHeaders">,
  body: Buffer,
): JsonObject {
  const { statusCode: status = 0, statusMessage = "" } = response;
  const headers = plainHeaders(response.rawHeaders);
  const content = textOf(body, headers["content-type"]);
  return {
    url: url.href,
    status,
    statusText: statusMessage,
    ok: status >= 200 && status < 300,
    headers,
    ...(content === undefined ? { bodyBase64: body.toString("base64") } : { body: content }),
  };
}

/** The reply an example writes down, with what it leaves out; anything but an object is as it is. */
export function exampleReply(url: string, written: JsonValue): JsonValue {
  if (typeof written !== "object" && written !== null) return written;
  if (Array.isArray(written)) return written as JsonValue;
  const said = (written ?? {}) as JsonObject;
  const status = said["status"] ?? 200;
  const ok = typeof status === "number" && status >= 200 && status < 300;
  const body: JsonObject = "bodyBase64" in said ? {} : { body: "" };
  return { url: new URL(url).href, status, statusText: "", ok, headers: {}, ...body, ...said };
}

/** By name in lower case; what is said several times is joined as RFC 9110, 5.3 allows. */
function plainHeaders(raw: readonly string[]): Readonly<Record<string, string>> {
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] as string).toLowerCase();
    const value = raw[index + 1] as string;
    // No object has a member of that name that is only data.
    if (WITHHELD.has(name) || name === "__proto__") continue;
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(headers);
}

/** The body as text where its type says that it is one, or says nothing and it is UTF-8. */
function textOf(body: Buffer, type: string | undefined): string | undefined {
  if (type === undefined || type.trim() === "") return utf8Text(body);
  const charset = CHARSET.exec(type)?.[1];
  if (charset === undefined && !TEXT_TYPE.test(type)) return body.length === 0 ? "" : undefined;
  return decoderOf(charset).decode(body);
}

function utf8Text(body: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    // Not UTF-8, so it is no text that could be told from other bytes.
    return undefined;
  }
}

function decoderOf(charset = "utf-8"): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(charset);
  } catch {
    // A charset nobody knows: the standard's fallback.
    return new TextDecoder();
  }
}
