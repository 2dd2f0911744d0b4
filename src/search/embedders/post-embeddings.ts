/** One request to an embeddings endpoint, bounded in time and size, and what its failure means. */
import { RepertoireError } from "../../base/errors.ts";

/** 2048 vectors of 3072 numbers as JSON take less. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
const MAX_QUOTED_CHARACTERS = 300;

export interface PostOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Takes what is secret out of a text. */
  readonly redact: (text: string) => string;
}

export type Posted =
  | { readonly ok: true; readonly text: string }
  | {
      readonly ok: false;
      readonly error: RepertoireError;
      readonly isPassing: boolean;
      /** What the endpoint asked for, in milliseconds. */
      readonly retryAfterMs?: number;
    };

/** The answer's text, or why there is none. Rejects with the signal's reason when it aborts. */
export async function postEmbeddings(options: PostOptions): Promise<Posted> {
  const { url, headers, body, timeoutMs, signal } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
      // The key is for this endpoint alone.
      redirect: "error",
      signal: AbortSignal.any([signal, timeout]),
    });
    const text = await readBounded(response);
    return response.ok ? { ok: true, text } : refused(options, response, text);
  } catch (error) {
    signal.throwIfAborted();
    const why = timeout.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(error);
    return { ok: false, isPassing: true, error: failure(options, why, {}) };
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES)
      throw new Error(`the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function refused(options: PostOptions, response: Response, text: string): Posted {
  const { status, headers } = response;
  const said = text.replaceAll(/\s+/gu, " ").trim().slice(0, MAX_QUOTED_CHARACTERS);
  const error = failure(options, `HTTP ${status}${said === "" ? "" : `: ${said}`}`, { status });
  const isPassing = status === 408 || status === 425 || status === 429 || status >= 500;
  const retryAfterMs = isPassing ? parseRetryAfter(headers.get("retry-after")) : undefined;
  return retryAfterMs === undefined
    ? { ok: false, isPassing, error }
    : { ok: false, isPassing, error, retryAfterMs };
}

/** Seconds or a date (RFC 9110, 10.2.3) as milliseconds from now. */
function parseRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = Number(header);
  const delayMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(delayMs) ? Math.max(delayMs, 0) : undefined;
}

/** Texts that are refused are the caller's; everything else is the endpoint's. */
function failure(
  { url, redact }: PostOptions,
  why: string,
  details: { readonly status?: number },
): RepertoireError {
  const { origin, pathname } = new URL(url);
  const isAboutTexts = [400, 413, 422].includes(details.status ?? 0);
  // No cause: what fetch throws may quote what was sent.
  return new RepertoireError(
    isAboutTexts ? "INVALID_INPUT" : "EMBEDDER_UNAVAILABLE",
    redact(`The embeddings endpoint ${origin}${pathname} failed: ${why}`),
    { details },
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message !== "" ? cause.message : error.message;
}
