import { cancelledError } from "../../base/abort.ts";
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { Embedder } from "../../search/embedder.ts";
import { isArrayLike, isUnitVector, unitVector } from "../../search/unit-vector.ts";

/**
 * The vectors of the texts, in order, of unit length whatever the embedder gives. Ends when the signal
 * aborts, even if the embedder does not.
 *
 * @throws whatever the embedder throws, {CANCELLED}, and {INVALID_INPUT} when what it gives is not one
 * vector of its own length per text: an index would refuse those, and with them the whole update or query
 */
async function embedTexts(
  embedder: Embedder,
  texts: readonly string[],
  kind: "document" | "query",
  signal: AbortSignal,
): Promise<readonly Float32Array[]> {
  const { dimensions } = embedder;
  const vectors: unknown = await orAborted(embedder.embed(texts, kind, signal), signal);
  if (!Array.isArray(vectors)) throw unsound(texts.length, dimensions, preview(vectors));
  if (vectors.length !== texts.length)
    throw unsound(texts.length, dimensions, `${vectors.length} vectors`);
  return vectors.map((vector: unknown, at) => {
    if (isUnitVector(vector, dimensions)) return vector;
    try {
      return unitVector(isArrayLike(vector) ? vector : [], dimensions, `text ${at}`);
    } catch (error) {
      throw unsound(
        texts.length,
        dimensions,
        isArrayLike(vector) ? "others" : preview(vector),
        error,
      );
    }
  });
}

function unsound(
  count: number,
  dimensions: number,
  found: string,
  cause?: unknown,
): RepertoireError {
  const detail = cause instanceof Error ? `: ${cause.message}` : "";
  return new RepertoireError(
    "INVALID_INPUT",
    `Expected ${count} vectors of ${dimensions} finite components, got ${found}${detail}`,
    { cause },
  );
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(cancelledError(signal, "Embedding"));
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/**
 * The same, within so long. The timer keeps the process alive: whoever waits must get an answer.
 *
 * @throws besides, an error that says how long it was given, and how its last attempt ended, if it did
 */
export async function embedWithin(
  limitMs: number,
  signal: AbortSignal | undefined,
  embedder: Embedder,
  texts: readonly string[],
  kind: "document" | "query",
): Promise<readonly Float32Array[]> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), limitMs);
  try {
    const either = signal ? AbortSignal.any([signal, controller.signal]) : controller.signal;
    return await embedTexts(embedder, texts, kind, either);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    // That it was given up on says less than what it was trying to get over.
    const { lastFailure } = embedder;
    const after = lastFailure === undefined ? "" : `; its last attempt failed: ${lastFailure}`;
    throw new Error(`no answer within ${Math.round(limitMs)} ms${after}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** What to say of an embedder's failure. */
export function embedderFailure(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
