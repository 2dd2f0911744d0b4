import type { Embedder } from "../../src/search/embedder.ts";
import { hashedWords } from "../../src/search/embedders/testing-fixtures/hashed-words.ts";

export interface SwitchedEmbedder extends Embedder {
  /** Texts of documents it was given, whatever came of them. */
  readonly given: string[];
  /** What happens to documents: they are embedded, fail, or wait until this is changed. */
  documents: "work" | "fail" | "hang";
  /** Texts with this word fail. */
  poison: string | undefined;
}

/** An embedder whose behaviour a test can change at any time; queries always work. */
export function switchedEmbedder(id = "switched"): SwitchedEmbedder {
  const dimensions = 16;
  const embedder: SwitchedEmbedder = {
    id,
    dimensions,
    given: [],
    documents: "work",
    poison: undefined,
    async embed(texts, kind, signal) {
      if (kind === "document") {
        embedder.given.push(...texts);
        while (embedder.documents === "hang") {
          await new Promise((resolve) => setTimeout(resolve, 5));
          signal?.throwIfAborted();
        }
        const { poison } = embedder;
        const isPoisoned = poison !== undefined && texts.some((text) => text.includes(poison));
        if (embedder.documents === "fail" || isPoisoned) throw new Error("quota is used up");
      }
      return texts.map((text) => {
        const vector = Float32Array.from(hashedWords(text, dimensions));
        const length = Math.hypot(...vector);
        return length === 0 ? vector : vector.map((component) => component / length);
      });
    },
  };
  return embedder;
}
