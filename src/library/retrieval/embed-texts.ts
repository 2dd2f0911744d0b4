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
export async function embedTexts(
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
 * Runs the work with a signal that aborts after so long, or when the other signal does. The timer
 * keeps the process alive: whoever waits for the work must get an answer.
 */
export async function within<T>(
  limitMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const tooLate = new Error(`no answer within ${Math.round(limitMs)} ms`);
  const timer = setTimeout(() => controller.abort(tooLate), limitMs);
  try {
    return await work(signal ? AbortSignal.any([signal, controller.signal]) : controller.signal);
  } catch (error) {
    // The reason says more than that something was cancelled.
    throw controller.signal.aborted ? tooLate : error;
  } finally {
    clearTimeout(timer);
  }
}

/** What to say of an embedder's failure. */
export function embedderFailure(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
