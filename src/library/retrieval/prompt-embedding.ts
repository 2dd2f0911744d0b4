/**
 * Embedding while somebody may be waiting: an embedder that is quick embeds everything at once, and
 * one that is slow or fails leaves the rest for the background, so that no search waits long for it.
 */
import type { Clock } from "../../base/clock.ts";
import type { Embedder } from "../../search/embedder.ts";
import { embedderFailure, embedWithin } from "./embed-texts.ts";

const FREE_MS = 2000;
/** What is given besides for every text: twenty times and more what the bundled embedder needs. */
const MS_PER_TEXT = 1;
const BATCH_SIZE = 64;

export interface PromptVectors {
  /** One per text; `undefined` for what is left. */
  readonly vectors: readonly (Float32Array | undefined)[];
  /** Why some are left, when the embedder failed. */
  readonly error?: string;
}

/** The time for one span of work, over any number of calls. */
export class PromptEmbedding {
  readonly #embedder: Embedder;
  readonly #clock: Clock;
  #leftMs = FREE_MS;

  constructor(embedder: Embedder, clock: Clock) {
    this.#embedder = embedder;
    this.#clock = clock;
  }

  /** Never rejects. */
  async embed(texts: readonly string[]): Promise<PromptVectors> {
    const vectors: (Float32Array | undefined)[] = texts.map(() => undefined);
    const size = this.#embedder.batchSize ?? BATCH_SIZE;
    for (let first = 0; first < texts.length && this.#leftMs > 0; first += size) {
      const batch = texts.slice(first, first + size);
      this.#leftMs += batch.length * MS_PER_TEXT;
      const startedMs = this.#clock.monotonicMs();
      try {
        const found = await embedWithin(this.#leftMs, undefined, this.#embedder, batch, "document");
        for (const [n, vector] of found.entries()) vectors[first + n] = vector;
      } catch (error) {
        this.#leftMs = 0;
        return { vectors, error: embedderFailure(error) };
      }
      this.#leftMs -= this.#clock.monotonicMs() - startedMs;
    }
    return { vectors };
  }
}
