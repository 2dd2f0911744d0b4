/** Hybrid search over the index, honest about how it found what it found. */
import { throwIfAborted } from "../base/abort.ts";
import { RepertoireError } from "../base/errors.ts";
import { preview } from "../base/json.ts";
import type { Limits } from "../base/limits.ts";
import type { SkillCache } from "../cache/skill-cache.ts";
import type { Embedder } from "../search/embedder.ts";
import { isConfident } from "../search/confidence.ts";
import type { IndexFilter, IndexHit, SearchIndex } from "../search/search-index.ts";
import { SKILL_STATUSES } from "../skill/skill.ts";
import type { SkillStatus, SkillSummary } from "../skill/skill.ts";
import type { SkillEvidence } from "../store/run-store.ts";
import type { Coherence } from "./coherence.ts";
import { embedTexts } from "./embed-texts.ts";
import type { Evidence } from "./evidence.ts";
import type { Indexer } from "./indexer.ts";
import {
  checkBoolean,
  checkInteger,
  checkKnownOptions,
  checkOneOf,
  checkText,
  checkTexts,
} from "./options.ts";

export interface SearchOptions {
  readonly category?: string;
  /** Skills that have every one of these tags. */
  readonly tags?: readonly string[];
  /** (default: "active") */
  readonly status?: SkillStatus;
  /** Skills whose success rate is at least this, 0 to 1; a skill without runs has none and is left out. */
  readonly minSuccessRate?: number;
  /** (default: 10) */
  readonly limit?: number;
  /** Whether a cached answer will do; it is as fresh as any other (default: true). */
  readonly useCache?: boolean;
  readonly signal?: AbortSignal;
}

/** A skill that fits the query. */
export interface SkillMatch extends SkillSummary {
  /** How well it fits, 0 to 1, relative to this query alone. */
  readonly score: number;
  /** What the score was made from, each 0 to 1. */
  readonly scoreParts: { readonly keyword: number; readonly vector: number };
  /** Share of its runs that succeeded; `null` while it has none. */
  readonly successRate: number | null;
  readonly uses: number;
}

export interface SearchResult {
  /** Best first. */
  readonly matches: readonly SkillMatch[];
  /** `hybrid`: keywords and vectors; `keyword`: keywords alone, for the reason given. */
  readonly mode: "hybrid" | "keyword";
  readonly modeReason?: string;
  /** Id of the embedder whose vectors were compared; `null` in mode `keyword`. */
  readonly embedder: string | null;
  /** Library revision the answer is of. */
  readonly revision: number;
  /** False when nothing in the library fits the query well. */
  readonly confident: boolean;
}

interface Ranking extends Omit<SearchResult, "matches"> {
  readonly hits: readonly IndexHit[];
}

type EmbeddedQuery =
  | { readonly vector: Float32Array }
  | { readonly vector?: never; readonly reason: string };

interface Found {
  readonly hits: readonly IndexHit[];
  readonly embedded: EmbeddedQuery;
}

export interface SearcherParts {
  readonly index: SearchIndex;
  readonly indexer: Indexer;
  readonly embedder: Embedder | undefined;
  readonly cache: SkillCache;
  readonly coherence: Coherence;
  readonly evidence: Evidence;
  readonly limits: Limits;
  /** Every id in the library, for filters on evidence. */
  readonly listIds: () => Promise<readonly string[]>;
}

export class Searcher {
  readonly #parts: SearcherParts;

  constructor(parts: SearcherParts) {
    this.#parts = parts;
  }

  async search(query: string, options: SearchOptions = {}): Promise<SearchResult> {
    this.#check(query, options);
    throwIfAborted(options.signal, "Searching");
    const ranking = await this.#rank(query, options);
    throwIfAborted(options.signal, "Searching");
    const { hits, ...result } = ranking;
    const evidence = await this.#parts.evidence.ofMany(hits.map((hit) => hit.summary.id));
    return { matches: hits.map((hit) => matchOf(hit, evidence.get(hit.summary.id))), ...result };
  }

  #check(query: unknown, options: SearchOptions): void {
    checkKnownOptions("search", options, [
      "category",
      "tags",
      "status",
      "minSuccessRate",
      "limit",
      "useCache",
      "signal",
    ]);
    const { queryLength, pageSize } = this.#parts.limits;
    if (typeof query !== "string" || query.trim() === "") {
      throw new RepertoireError(
        "INVALID_INPUT",
        `Expected the query to be a text that is not empty, got ${preview(query)}`,
      );
    }
    if (query.length > queryLength) {
      throw new RepertoireError(
        "LIMIT_EXCEEDED",
        `The query has ${query.length} characters; at most ${queryLength} are allowed`,
        {
          details: { limit: "queryLength", max: queryLength, actual: query.length },
        },
      );
    }
    checkInteger("limit", options.limit, 1, pageSize);
    checkText("category", options.category, this.#parts.limits.categoryLength);
    checkTexts("tags", options.tags);
    checkBoolean("useCache", options.useCache);
    checkOneOf("status", options.status, SKILL_STATUSES);
    const rate = options.minSuccessRate;
    if (rate !== undefined && !(typeof rate === "number" && rate >= 0 && rate <= 1)) {
      throw new RepertoireError(
        "INVALID_INPUT",
        `Expected \`minSuccessRate\` to be a number from 0 to 1, got ${preview(rate)}`,
      );
    }
  }

  /** Rankings that depend on evidence are never cached: evidence moves without a revision. */
  async #rank(query: string, options: SearchOptions): Promise<Ranking> {
    const { coherence, cache } = this.#parts;
    await coherence.check();
    if (options.useCache === false || options.minSuccessRate !== undefined)
      return this.#searchIndex(query, options);
    // The answer is shared with whoever asks the same meanwhile: no single caller's signal may end it.
    const { signal: _, ...shared } = options;
    const { category, tags, status, limit } = options;
    const key = `search:${JSON.stringify([query, category ?? null, tags ?? [], status ?? "active", limit ?? null])}`;
    const ranking = await cache.getOrLoad(key, () => this.#searchIndex(query, shared));
    return ranking as Ranking;
  }

  async #searchIndex(text: string, options: SearchOptions): Promise<Ranking> {
    const { index, indexer, embedder, limits } = this.#parts;
    await using _ = await indexer.lock.acquire("read");
    const filter = await this.#filterOf(options);
    const limit = options.limit ?? limits.searchResults;
    const { hits, revision, embedded } = await this.#caughtUp(async () => {
      // Not before: whether the skills have vectors to compare is known once they are indexed.
      const embedded = await this.#embedQuery(text, options.signal);
      const { vector } = embedded;
      const query = { text, filter, limit, ...(vector === undefined ? {} : { vector }) };
      return { embedded, hits: await index.search(query) };
    });
    const confident = isConfident(hits, text);
    return embedded.vector === undefined
      ? { hits, mode: "keyword", modeReason: embedded.reason, embedder: null, revision, confident }
      : { hits, mode: "hybrid", embedder: embedder?.id ?? null, revision, confident };
  }

  /** An index that finds itself damaged empties itself; it is derived, so it is filled again, once. */
  async #caughtUp(search: () => Promise<Found>): Promise<Found & { readonly revision: number }> {
    try {
      return await this.#searchUpToDate(search);
    } catch (error) {
      if (!(error instanceof RepertoireError && error.code === "STORE_CORRUPT")) throw error;
      return this.#searchUpToDate(search);
    }
  }

  async #searchUpToDate(
    search: () => Promise<Found>,
  ): Promise<Found & { readonly revision: number }> {
    const { index, indexer } = this.#parts;
    for (;;) {
      const revision = await indexer.catchUp();
      const found = await search();
      // Another process may have emptied the index, or taken its file away, just before the search.
      if ((await index.revision()) >= revision) return { ...found, revision };
    }
  }

  async #embedQuery(text: string, signal: AbortSignal | undefined): Promise<EmbeddedQuery> {
    const { embedder, indexer } = this.#parts;
    if (embedder === undefined) return { reason: "this library has no embedder" };
    try {
      const [vector] = await embedTexts(embedder, [text], "query", signal);
      if (vector === undefined || !vector.some((value) => value !== 0))
        return { reason: `the embedder ${embedder.id} knows no word of the query` };
      if (indexer.embedderError !== undefined && (await this.#parts.index.counts()).vectors === 0) {
        return {
          reason: `the embedder ${embedder.id} failed on the skills: ${indexer.embedderError}`,
        };
      }
      return { vector };
    } catch (error) {
      throwIfAborted(signal, "Searching");
      return {
        reason: `the embedder ${embedder.id} failed: ${error instanceof Error ? error.message : String(error)}`,
      };
    }
  }

  async #filterOf(options: SearchOptions): Promise<IndexFilter> {
    const { category, tags, status = "active", minSuccessRate } = options;
    return {
      status,
      ...(category === undefined ? {} : { category }),
      ...(tags === undefined ? {} : { tags }),
      ...(minSuccessRate === undefined ? {} : { accepts: await this.#reliable(minSuccessRate) }),
    };
  }

  async #reliable(minSuccessRate: number): Promise<(id: string) => boolean> {
    const evidence = await this.#parts.evidence.ofMany(await this.#parts.listIds());
    return (id) => (evidence.get(id)?.skill.successRate ?? -1) >= minSuccessRate;
  }
}

function matchOf(hit: IndexHit, evidence: SkillEvidence | undefined): SkillMatch {
  return {
    ...hit.summary,
    score: hit.score,
    scoreParts: { keyword: hit.keywordScore, vector: hit.vectorScore },
    successRate: evidence?.skill.successRate ?? null,
    uses: evidence?.skill.uses ?? 0,
  };
}
