import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import { checkCount, checkDimensions, checkId } from "../check-embedder.ts";

export interface HttpEmbedderOptions {
  /** The endpoint, such as `https://api.openai.com/v1`; `/embeddings` is added where it is missing. */
  readonly url: string;
  /** The model's name, as the endpoint knows it. */
  readonly model: string;
  /** Sent as a bearer token (default: none). */
  readonly apiKey?: string;
  /** Further headers, such as that of a gateway; their values are taken for secrets (default: none). */
  readonly headers?: Readonly<Record<string, string>>;
  /** Length of the vectors (default: asked of the endpoint, by one request). */
  readonly dimensions?: number;
  /** Whether the endpoint is asked to shorten its vectors to `dimensions` (default: false). */
  readonly shortens?: boolean;
  /** Names the vector space (default: host, model and dimensions); give one to keep a space when its host changes. */
  readonly id?: string;
  /** Texts in one request (default: 64). */
  readonly batchSize?: number;
  /** Requests at once (default: 2). */
  readonly maxConcurrent?: number;
  /** Requests a minute (default: no bound). */
  readonly requestsPerMinute?: number;
  /** How long one request may take, in milliseconds (default: 30,000). */
  readonly timeoutMs?: number;
  /** How often a request that failed in passing is tried again; that of a query at most once (default: 4). */
  readonly retries?: number;
  /** What is beyond is cut off (default: 8192). */
  readonly maxTextCharacters?: number;
  /** Put before every query, as some models want it (default: nothing). */
  readonly queryPrefix?: string;
  /** Put before every document, as some models want it (default: nothing). */
  readonly documentPrefix?: string;
  /** What is asked for; answers in either format are understood (default: "float"). */
  readonly encodingFormat?: "float" | "base64";
}

const COUNTS = [
  "batchSize",
  "maxConcurrent",
  "requestsPerMinute",
  "timeoutMs",
  "maxTextCharacters",
] as const;

/** @throws {INVALID_INPUT} */
export function checkHttpOptions(options: HttpEmbedderOptions): void {
  endpointOf(options.url);
  if (typeof options.model !== "string" || options.model === "")
    throw wrongOption("model", "a text that is not empty", preview(options.model));
  if (options.id !== undefined) checkId(options.id);
  for (const name of COUNTS) if (options[name] !== undefined) checkCount(name, options[name]);
  if (options.dimensions !== undefined) checkDimensions(options.dimensions);
  const { retries = 0, dimensions, shortens = false, encodingFormat = "float" } = options;
  if (!Number.isSafeInteger(retries) || retries < 0)
    throw wrongOption("retries", "an integer from 0", preview(retries));
  if (shortens && dimensions === undefined)
    throw wrongOption("dimensions", "given with `shortens`", "nothing");
  if (encodingFormat !== "float" && encodingFormat !== "base64")
    throw wrongOption("encodingFormat", '"float" or "base64"', preview(encodingFormat));
  // What fetch says of a header it refuses quotes its value.
  for (const [name, value] of [["apiKey", options.apiKey ?? ""], ...headersOf(options)] as const)
    if (typeof value !== "string" || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      throw wrongOption(name, "a text that fits into a header", "one that does not");
}

function headersOf({ headers = {} }: HttpEmbedderOptions): readonly (readonly [string, string])[] {
  return Object.entries(headers).map(([name, value]) => [`headers.${name}`, value]);
}

/**
 * The address that texts are posted to.
 *
 * @throws {INVALID_INPUT} when it is no address of http or https, or holds a password
 */
export function endpointOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw wrongOption("url", "an http or https address", "something else");
  if (url.username !== "" || url.password !== "")
    throw wrongOption("url", "without a user or password; use `apiKey` or `headers`", "one with");
  const path = url.pathname.replace(/\/+$/, "");
  if (!path.endsWith("/embeddings")) url.pathname = `${path === "" ? "/v1" : path}/embeddings`;
  return url.href;
}

function wrongOption(name: string, expected: string, found: string): RepertoireError {
  return new RepertoireError(
    "INVALID_INPUT",
    `Expected the embedder's \`${name}\` to be ${expected}, got ${found}`,
  );
}
