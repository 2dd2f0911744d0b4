import type { Clock } from "../../base/clock.ts";
import type { Embedder } from "../../search/embedder.ts";
import type { SearchIndex } from "../../search/search-index.ts";
import type { SkillStore } from "../../store/skill-store.ts";
import { Indexer } from "./indexer.ts";
import { QueryEmbedding } from "./query-embedding.ts";

/** An index with the embedder of its vectors, and what keeps the two in step with the store. */
export interface SearchSpace {
  readonly index: SearchIndex;
  readonly embedder: Embedder | undefined;
  readonly indexer: Indexer;
  readonly queries: QueryEmbedding | undefined;
}

export function searchSpace(parts: {
  readonly store: SkillStore;
  readonly index: SearchIndex;
  readonly embedder: Embedder | undefined;
  readonly clock: Clock;
  readonly onProgress?: () => void;
  readonly closing?: AbortSignal;
}): SearchSpace {
  const { index, embedder, clock } = parts;
  return {
    index,
    embedder,
    indexer: new Indexer(parts),
    queries: embedder && new QueryEmbedding(embedder, clock),
  };
}
