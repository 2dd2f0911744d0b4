import { RepertoireError } from "../base/errors.ts";
import type { Embedder } from "../search/embedder.ts";

/**
 * The vectors of the texts, in order.
 *
 * @throws whatever the embedder throws, and {INVALID_INPUT} when what it gives is not one vector of
 * its own length per text: an index would refuse those, and with them the whole update or query
 */
export async function embedTexts(
  embedder: Embedder,
  texts: readonly string[],
  kind: "document" | "query",
  signal?: AbortSignal,
): Promise<readonly Float32Array[]> {
  const vectors = await embedder.embed(texts, kind, signal);
  const { dimensions } = embedder;
  const isSound =
    Array.isArray(vectors) &&
    vectors.length === texts.length &&
    vectors.every(
      (vector: unknown) =>
        vector instanceof Float32Array &&
        vector.length === dimensions &&
        vector.every(Number.isFinite),
    );
  if (isSound) return vectors;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected ${texts.length} vectors of ${dimensions} finite components, and got something else`,
  );
}
