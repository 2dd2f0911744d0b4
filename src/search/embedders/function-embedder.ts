import { throwIfAborted } from "../../base/abort.ts";
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import { checkCount, checkDimensions, checkId } from "../check-embedder.ts";
import type { Embedder } from "../embedder.ts";
import { isArrayLike, unitVector } from "../unit-vector.ts";

export interface FunctionEmbedderOptions {
  /** Names the vector space; change it whenever the vectors change. */
  readonly id: string;
  /** Length of the vectors. */
  readonly dimensions: number;
  /** How many texts the function takes best at once (default: 64). */
  readonly batchSize?: number;
  /** One vector per text, in order; they need not be of unit length. */
  readonly embed: (
    texts: readonly string[],
    kind: "document" | "query",
    signal: AbortSignal | undefined,
  ) => Promise<readonly ArrayLike<number>[]> | readonly ArrayLike<number>[];
}

/**
 * An embedder out of a function. What the function gives is checked and brought to unit length.
 *
 * @throws {INVALID_INPUT} when the id is empty, or `dimensions` or `batchSize` is no positive integer
 */
export function functionEmbedder(options: FunctionEmbedderOptions): Embedder {
  const { id, dimensions, batchSize, embed } = options;
  checkId(id);
  checkDimensions(dimensions);
  if (batchSize !== undefined) checkCount("batchSize", batchSize);
  return {
    id,
    dimensions,
    ...(batchSize === undefined ? {} : { batchSize }),
    async embed(texts, kind, signal) {
      throwIfAborted(signal, "Embedding");
      if (texts.length === 0) return [];
      const vectors: unknown = await embed(texts, kind, signal);
      throwIfAborted(signal, "Embedding");
      if (!Array.isArray(vectors) || vectors.length !== texts.length) {
        const got = Array.isArray(vectors) ? `${vectors.length}` : preview(vectors);
        throw new RepertoireError(
          "EMBEDDER_UNAVAILABLE",
          `Expected the function of embedder ${id} to give ${texts.length} vectors, got ${got}`,
        );
      }
      return vectors.map((vector: unknown, at) =>
        unitVector(isArrayLike(vector) ? vector : [], dimensions, `text ${at}`),
      );
    },
  };
}
