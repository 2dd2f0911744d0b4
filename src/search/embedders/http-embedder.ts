/**
 * Vectors from any endpoint that speaks OpenAI's `/v1/embeddings`: texts are sent in batches, a few
 * at a time; what fails in passing is tried again after a pause that doubles; what comes back is
 * checked, put in order and brought to unit length. No error and no log ever holds the key.
 */
import { createHash } from "node:crypto";
import { sleep, throwIfAborted } from "../../base/abort.ts";
import { systemClock } from "../../base/clock.ts";
import type { Embedder } from "../embedder.ts";
import { embeddingsAnswer } from "./embeddings-answer.ts";
import { checkHttpOptions, endpointOf } from "./http-options.ts";
import type { HttpEmbedderOptions } from "./http-options.ts";
import { postEmbeddings } from "./post-embeddings.ts";
import { requestGate } from "./request-gate.ts";

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;
/** Somebody waits for a query: it is tried twice, and no long pause is sat out. */
const QUERY_RETRIES = 1;
const MAX_QUERY_PAUSE_MS = 1000;

/**
 * An embedder behind HTTP. Without `dimensions` it asks the endpoint for one vector, to learn them.
 *
 * @throws {INVALID_INPUT} for an option that is wrong
 * @throws {EMBEDDER_UNAVAILABLE} when `dimensions` is not given and the endpoint does not answer
 */
export async function httpEmbedder(options: HttpEmbedderOptions): Promise<Embedder> {
  checkHttpOptions(options);
  const {
    model,
    apiKey,
    headers = {},
    batchSize = 64,
    maxConcurrent = 2,
    timeoutMs = 30_000,
    retries = 4,
    requestsPerMinute,
    maxTextCharacters = 8192,
    queryPrefix = "",
    documentPrefix = "",
    encodingFormat = "float",
    shortens = false,
  } = options;
  const url = endpointOf(options.url);
  const gate = requestGate({ maxConcurrent, requestsPerMinute, clock: systemClock });
  const secrets = [apiKey ?? "", ...Object.values(headers)].filter((secret) => secret.length > 3);
  const redact = (text: string): string =>
    secrets.reduce((redacted, secret) => redacted.replaceAll(secret, "[redacted]"), text);
  const request = {
    url,
    redact,
    timeoutMs,
    headers: {
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      ...headers,
    },
  };

  let lastFailure: string | undefined;

  async function askFor(
    texts: readonly string[],
    kind: "document" | "query",
    dimensions: number | undefined,
    signal: AbortSignal,
  ): Promise<readonly Float32Array[]> {
    const isQuery = kind === "query";
    const body = JSON.stringify({
      model,
      input: texts,
      encoding_format: encodingFormat,
      ...(shortens ? { dimensions } : {}),
    });
    for (let attempt = 0; ; attempt++) {
      const posted = await gate.pass(isQuery, signal, () =>
        postEmbeddings({ ...request, body, signal }),
      );
      const failed = posted.ok ? readAnswer(posted.text) : posted;
      lastFailure = "vectors" in failed ? undefined : messageOf(failed.error);
      if ("vectors" in failed) return failed.vectors;
      const pauseMs = Math.max(failed.retryAfterMs ?? 0, backOffMs(attempt));
      const most = isQuery ? MAX_QUERY_PAUSE_MS : MAX_PAUSE_MS;
      const isLast = attempt >= (isQuery ? Math.min(QUERY_RETRIES, retries) : retries);
      if (failed.retryAfterMs !== undefined) gate.pause(Math.min(pauseMs, MAX_PAUSE_MS));
      if (isLast || !failed.isPassing || pauseMs > most) throw failed.error;
      await sleep(pauseMs, signal);
    }

    function readAnswer(
      text: string,
    ):
      | { readonly vectors: readonly Float32Array[] }
      | { readonly error: unknown; readonly isPassing: boolean; readonly retryAfterMs?: number } {
      try {
        return { vectors: embeddingsAnswer(text, texts.length, dimensions) };
      } catch (error) {
        // An answer cut short is whole the next time; one that stays wrong ends with this error.
        return { error, isPassing: true };
      }
    }
  }

  async function embedAll(
    texts: readonly string[],
    kind: "document" | "query",
    dimensions: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<readonly Float32Array[]> {
    const prefix = kind === "query" ? queryPrefix : documentPrefix;
    const vectors: Float32Array[] = texts.map(() => new Float32Array(dimensions ?? 0));
    // Endpoints refuse texts that are empty, and these have no meaning to compare.
    const places = texts.flatMap((text, at) => (text.trim() === "" ? [] : [at]));
    const failed = new AbortController();
    const any = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
    const batches = Array.from({ length: Math.ceil(places.length / batchSize) }, (_, n) =>
      places.slice(n * batchSize, (n + 1) * batchSize),
    );
    try {
      await Promise.all(
        batches.map(async (batch) => {
          const inputs = batch.map((at) => prefix + shortened(texts[at]!, maxTextCharacters));
          const answer = await askFor(inputs, kind, dimensions, any);
          for (const [n, at] of batch.entries()) vectors[at] = answer[n]!;
        }),
      );
    } catch (error) {
      // The other batches would be thrown away.
      failed.abort(error);
      throwIfAborted(signal, "Embedding");
      throw error;
    }
    return vectors;
  }

  const dimensions =
    options.dimensions ??
    (await embedAll(["dimensions"], "document", undefined, undefined))[0]!.length;
  return {
    id: options.id ?? spaceId(url, options, dimensions),
    dimensions,
    batchSize: batchSize * maxConcurrent,
    get lastFailure() {
      return lastFailure;
    },
    async embed(texts, kind, signal) {
      throwIfAborted(signal, "Embedding");
      return embedAll(texts, kind, dimensions, signal);
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function backOffMs(attempt: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** attempt, MAX_PAUSE_MS) * (0.5 + Math.random() / 2);
}

function shortened(text: string, maxCharacters: number): string {
  // A cut through a surrogate pair is no text.
  return text.slice(0, maxCharacters).toWellFormed();
}

/** Whatever changes the vectors changes the id. */
function spaceId(url: string, options: HttpEmbedderOptions, dimensions: number): string {
  const { model, queryPrefix = "", documentPrefix = "" } = options;
  const plain = `${new URL(url).host}/${model}@${dimensions}`;
  if (queryPrefix === "" && documentPrefix === "") return plain;
  const prefixes = JSON.stringify([queryPrefix, documentPrefix]);
  return `${plain}+${createHash("sha256").update(prefixes).digest("hex").slice(0, 8)}`;
}
