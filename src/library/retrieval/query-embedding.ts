import { throwIfAborted } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import type { Embedder } from "../../search/embedder.ts";
import { embedderFailure, embedWithin } from "./embed-texts.ts";

/** Somebody waits for the answer, and keywords alone give one. */
const WITHIN_MS = 3000;
/** A failure that took this long is not waited for again and again. */
const SLOW_MS = 500;
const REST_FACTOR = 10;

export type EmbeddedQuery =
  | { readonly vector: Float32Array }
  | { readonly vector?: never; readonly reason: string };

/** Turns queries into vectors; an embedder that hangs is asked again only after a rest. */
export class QueryEmbedding {
  readonly #embedder: Embedder;
  readonly #clock: Clock;
  #restsUntilMs = Number.NEGATIVE_INFINITY;
  #lastFailure = "";

  constructor(embedder: Embedder, clock: Clock) {
    this.#embedder = embedder;
    this.#clock = clock;
  }

  /**
   * The vector, or why there is none.
   *
   * @throws {CANCELLED} when the signal aborts
   */
  async embed(text: string, signal: AbortSignal | undefined): Promise<EmbeddedQuery> {
    const { id } = this.#embedder;
    const startedMs = this.#clock.monotonicMs();
    if (startedMs < this.#restsUntilMs) {
      const seconds = Math.ceil((this.#restsUntilMs - startedMs) / 1000);
      const again = `it is asked again in ${seconds} s`;
      return { reason: `the embedder ${id} failed: ${this.#lastFailure}; ${again}` };
    }
    try {
      const [vector] = await embedWithin(WITHIN_MS, signal, this.#embedder, [text], "query");
      if (vector!.some((value) => value !== 0)) return { vector: vector! };
      return { reason: `the embedder ${id} knows no word of the query` };
    } catch (error) {
      throwIfAborted(signal, "Searching");
      this.#lastFailure = embedderFailure(error);
      const nowMs = this.#clock.monotonicMs();
      const tookMs = nowMs - startedMs;
      if (tookMs >= SLOW_MS) this.#restsUntilMs = nowMs + REST_FACTOR * tookMs;
      return { reason: `the embedder ${id} failed: ${this.#lastFailure}` };
    }
  }
}
