/** What a skill asks for, read from the `init` of `host.fetch(url, init)`. */
import { preview, utf8Bytes } from "../../../base/json.ts";
import { FetchFailure } from "./fetch-failure.ts";
import type { FetchSettings } from "./fetch-settings.ts";
import { skillHeaders } from "./request-headers.ts";
import type { HeaderMap } from "./request-headers.ts";

export interface FetchRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: HeaderMap;
  readonly body: Buffer | undefined;
  /** What becomes of a redirect: followed, an error, or the reply itself. */
  readonly redirect: "follow" | "error" | "manual";
}

const KNOWN = ["method", "headers", "body", "redirect"];
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** @throws {FetchFailure} when a field is unknown or wrong */
export function fetchRequest(url: URL, given: unknown, settings: FetchSettings): FetchRequest {
  const init = given ?? {};
  if (typeof init !== "object" || Array.isArray(init))
    throw invalid(
      `host.fetch expects { ${KNOWN.join(", ")} } as its second argument, got ${preview(given)}`,
    );
  const unknown = Object.keys(init).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined)
    throw invalid(`host.fetch has no option ${preview(unknown)}; it takes ${KNOWN.join(", ")}`);
  const { method, headers, body, redirect } = init as Readonly<Record<string, unknown>>;
  const verb = readMethod(method);
  checkMethod(verb, settings);
  const content = readBody(body, settings.maxRequestBytes);
  if (content !== undefined && (verb === "GET" || verb === "HEAD"))
    throw invalid(
      `A request with method ${verb} can have no body; use POST, or leave \`body\` out`,
    );
  const named = skillHeaders(headers ?? {});
  const typed =
    typeof body === "string" && !named.has("content-type")
      ? new Map([...named, ["content-type", "text/plain;charset=UTF-8"]])
      : named;
  return { url, method: verb, headers: typed, body: content, redirect: readRedirect(redirect) };
}

/** @throws {FetchFailure} when the host does not allow the method */
export function checkMethod(method: string, { methods }: FetchSettings): void {
  if (methods.has(method)) return;
  throw new FetchFailure(
    "FETCH_METHOD_DENIED",
    `Method ${method} is not granted; use one of ${[...methods].join(", ")}, or add it to \`policy.fetch.methods\` of the host`,
  );
}

function readMethod(method: unknown): string {
  if (method === undefined) return "GET";
  if (typeof method === "string" && /^[A-Za-z]{1,20}$/.test(method)) return method.toUpperCase();
  throw invalid(
    `Expected \`method\` of host.fetch to be the name of a method, got ${preview(method)}`,
  );
}

function readRedirect(redirect: unknown): FetchRequest["redirect"] {
  if (redirect === undefined) return "follow";
  if (redirect === "follow" || redirect === "error" || redirect === "manual") return redirect;
  throw invalid(
    `Expected \`redirect\` of host.fetch to be "follow", "error" or "manual", got ${preview(redirect)}`,
  );
}

function readBody(body: unknown, maxBytes: number): Buffer | undefined {
  if (body === undefined || body === null) return undefined;
  const text = typeof body === "string" ? body : base64Of(body);
  const bytes = typeof body === "string" ? utf8Bytes(text) : Math.floor((text.length * 3) / 4);
  // The padding of base64 makes the estimate at most two bytes too large.
  const content =
    bytes - 2 > maxBytes
      ? undefined
      : Buffer.from(text, typeof body === "string" ? "utf8" : "base64");
  if (content !== undefined && content.length <= maxBytes) return content;
  throw new FetchFailure(
    "FETCH_REQUEST_TOO_LARGE",
    `The body of a request has ${content?.length ?? bytes} bytes; at most ${maxBytes} are allowed by \`policy.fetch.maxRequestBytes\` of the host`,
  );
}

function base64Of(body: unknown): string {
  if (typeof body === "object" && body !== null && Object.keys(body).length === 1) {
    const { base64 } = body as { readonly base64?: unknown };
    if (typeof base64 === "string" && BASE64.test(base64)) return base64;
  }
  throw invalid(
    `Expected \`body\` of host.fetch to be a text, bytes, or { base64 }, got ${preview(body)}; JSON.stringify what is to be sent as JSON`,
  );
}

function invalid(message: string): FetchFailure {
  return new FetchFailure("FETCH_INVALID_REQUEST", message);
}
