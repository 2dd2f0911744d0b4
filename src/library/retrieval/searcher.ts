/** Hybrid search over the index, honest about how it found what it found. */
import { throwIfAborted } from "../../base/abort.ts";
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { Limits } from "../../base/limits.ts";
import type { SkillCache } from "../../cache/skill-cache.ts";
import type { Clock } from "../../base/clock.ts";
import { CONFIDENCE_HITS, isConfident } from "../../search/confidence.ts";
import type { IndexFilter, IndexHit } from "../../search/search-index.ts";
import { SKILL_STATUSES } from "../../skill/skill.ts";
import type { SkillClaim, SkillStatus, SkillSummary } from "../../skill/skill.ts";
import type { SkillEvidence } from "../../store/run-store.ts";
import type { Claims } from "../catalog/claims.ts";
import type { Coherence } from "../coherence.ts";
import {
  checkWithDependencies,
  dependenciesOf,
  dependencyBudget,
} from "../catalog/dependencies.ts";
import type { FindSkill, MatchDependencies, WithDependencies } from "../catalog/dependencies.ts";
import type { Evidence } from "../execution/evidence.ts";
import { beforeAbort } from "../execution/host-fetch/before-abort.ts";
import { findInSpace } from "./find-in-space.ts";
import type { Learning } from "./learning.ts";
import type { OrderedHit } from "./order-by-outcome.ts";
import { orderByOutcome } from "./order-by-outcome.ts";
import {
  checkBoolean,
  checkCaller,
  checkInteger,
  checkKnownOptions,
  checkOneOf,
  checkText,
  checkTexts,
} from "../check-options.ts";
import type { PinnedSearch } from "../views/pinned-search.ts";
import type { SearchSpaces } from "./search-spaces.ts";

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
  /** Whether each match comes with the skills it calls (default: false). */
  readonly withDependencies?: WithDependencies;
  /**
   * Who asks, 1 to 256 characters: what the same caller then runs with success is learned for the
   * query (default: nobody is named).
   */
  readonly caller?: string;
  /** Whether a cached answer will do; it is as fresh as any other (default: true). */
  readonly useCache?: boolean;
  readonly signal?: AbortSignal;
}

export interface ScoreParts {
  /** Relevance of the query's words, 0 to 1. */
  readonly keyword: number;
  /** Nearness in meaning, 0 to 1; the score is a weighted sum of both, and what follows is added. */
  readonly vector: number;
  /** Added because earlier queries like this one led callers to it, 0 to 0.3; by one caller at most 0.1. */
  readonly learned: number;
  /** Added for how the runs of this version ended, -0.05 to 0.05; 0 while they leave it open. */
  readonly outcome: number;
}

/** A skill that fits the query. */
export interface SkillMatch extends SkillSummary, Partial<MatchDependencies> {
  /** How well it fits, 0 to 1, relative to this query alone. */
  readonly score: number;
  /** What the score was made from. */
  readonly scoreParts: ScoreParts;
  /** Share of its runs that succeeded; `null` while it has none. */
  readonly successRate: number | null;
  readonly uses: number;
  /** Who has claimed the skill; absent when nobody has. */
  readonly claim?: SkillClaim;
}

export interface SearchResult {
  /** Best first. */
  readonly matches: readonly SkillMatch[];
  /** `hybrid`: keywords and vectors; `keyword`: keywords alone, for the reason given. */
  readonly mode: "hybrid" | "keyword";
  /** Why vectors were not compared, or not those of all skills or of the library's embedder. */
  readonly modeReason?: string;
  /** Id of the embedder whose vectors were compared; `null` in mode `keyword`. */
  readonly embedder: string | null;
  /** Library revision the answer is at least of; of a view, exactly. Others may have committed meanwhile. */
  readonly revision: number;
  /** False when nothing in the library fits the query well. */
  readonly confident: boolean;
}

interface Ranking extends Omit<SearchResult, "matches" | "confident"> {
  /** Some more than were asked for: the outcomes of their runs may change their order. */
  readonly hits: readonly IndexHit[];
}

/** Hits below the page that outcomes may bring onto it. */
const MORE_HITS = 10;

export interface SearcherParts {
  readonly spaces: SearchSpaces;
  readonly cache: SkillCache;
  readonly coherence: Coherence;
  readonly evidence: Evidence;
  readonly learning: Learning;
  readonly claims: Claims;
  readonly clock: Clock;
  readonly limits: Limits;
  /** The current version of a skill, from the cache where it can be. */
  readonly find: FindSkill;
  /** Searches the library as of a revision (default: as it is). */
  readonly pinned?: PinnedSearch;
}

export class Searcher {
  readonly #parts: SearcherParts;

  constructor(parts: SearcherParts) {
    this.#parts = parts;
  }

  async search(query: string, options: SearchOptions = {}): Promise<SearchResult> {
    const result = await this.answer(query, options);
    const shown = result.matches.map(({ id }) => id);
    this.#parts.learning.noteSearch(query, shown, options.caller);
    return result;
  }

  /** The same for the library's own questions: what is run next is not learned for them. */
  async answer(query: string, options: SearchOptions = {}): Promise<SearchResult> {
    this.#check(query, options);
    throwIfAborted(options.signal, "Searching");
    const ranking = await this.#rankInTime(query, options);
    throwIfAborted(options.signal, "Searching");
    const { evidence, clock, limits } = this.#parts;
    const { hits, ...result } = ranking;
    const known = await evidence.ofMany(hits.map((hit) => hit.summary.id));
    const ordered = orderByOutcome(hits, known, await evidence.libraryRate(), clock.now());
    const matches = ordered
      .slice(0, options.limit ?? limits.searchResults)
      .map((each) => matchOf(each, known.get(each.hit.summary.id)));
    return {
      matches: await this.#withDependencies(await this.#parts.claims.mark(matches), options),
      ...result,
      confident: isConfident(
        ordered.map(({ hit }) => hit),
        query,
      ),
    };
  }

  /** Not part of a cached ranking: what it calls may have changed although the match has not. */
  async #withDependencies(
    matches: readonly SkillMatch[],
    { withDependencies, signal }: SearchOptions,
  ): Promise<readonly SkillMatch[]> {
    const maxSkills = dependencyBudget(withDependencies);
    if (maxSkills === 0) return matches;
    const complete: SkillMatch[] = [];
    for (const match of matches) {
      throwIfAborted(signal, "Searching");
      complete.push({ ...match, ...(await dependenciesOf(match.id, maxSkills, this.#parts.find)) });
    }
    return complete;
  }

  #check(query: unknown, options: SearchOptions): void {
    checkKnownOptions("search", options, [
      "category",
      "tags",
      "status",
      "minSuccessRate",
      "limit",
      "withDependencies",
      "useCache",
      "caller",
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
    checkWithDependencies(options.withDependencies);
    checkCaller(options.caller);
    checkOneOf("status", options.status, SKILL_STATUSES);
    const rate = options.minSuccessRate;
    if (rate !== undefined && !(typeof rate === "number" && rate >= 0 && rate <= 1)) {
      throw new RepertoireError(
        "INVALID_INPUT",
        `Expected \`minSuccessRate\` to be a number from 0 to 1, got ${preview(rate)}`,
      );
    }
  }

  /** The search goes on for others that wait for it; who has no more time gets it no more. */
  async #rankInTime(query: string, options: SearchOptions): Promise<Ranking> {
    const { signal } = options;
    const ranking = this.#rank(query, options);
    if (signal === undefined) return ranking;
    return beforeAbort(signal, () => ranking).catch((error: unknown) => {
      throwIfAborted(signal, "Searching");
      throw error;
    });
  }

  /** Rankings that depend on evidence are never cached: evidence moves without a revision. */
  async #rank(query: string, options: SearchOptions): Promise<Ranking> {
    const { coherence, cache, learning } = this.#parts;
    await coherence.check();
    await learning.refresh();
    if (options.useCache === false || options.minSuccessRate !== undefined)
      return this.#searchIndex(query, options);
    // The answer is shared with whoever asks the same meanwhile: no single caller's signal may end it.
    const { signal: _, ...shared } = options;
    const { category, tags, status, limit } = options;
    const space = this.#parts.spaces.current.embedder?.id ?? null;
    const revision = this.#parts.pinned?.revision ?? null;
    const key = `search:${JSON.stringify([query, space, category ?? null, tags ?? [], status ?? "active", limit ?? null, learning.version, revision])}`;
    const ranking = (await cache.getOrLoad(key, () => this.#searchIndex(query, shared))) as Ranking;
    // Better can be had later, without any skill changing: not for ever where something was missing.
    if (ranking.modeReason !== undefined && space !== null) cache.invalidate(key);
    return ranking;
  }

  async #searchIndex(text: string, options: SearchOptions): Promise<Ranking> {
    const { spaces, learning, limits, pinned } = this.#parts;
    const filter = await this.#filterOf(options);
    const asked = options.limit ?? limits.searchResults;
    const limit = Math.max(asked + MORE_HITS, CONFIDENCE_HITS);
    const { signal } = options;
    spaces.nudgeNext();
    return spaces.use(async (space) => {
      const next = spaces.current === space ? spaces.next : undefined;
      const query = { text, filter, limit, ...(signal === undefined ? {} : { signal }) };
      const parts = { space, next, learning, ...(pinned === undefined ? {} : { pinned }) };
      const { hits, state, reason, gap } = await findInSpace(parts, query);
      const revision = pinned?.revision ?? state.revision;
      if (reason !== undefined)
        return { hits, mode: "keyword", modeReason: reason, embedder: null, revision };
      const ranking = {
        hits,
        mode: "hybrid",
        embedder: space.embedder?.id ?? null,
        revision,
      } as const;
      return gap === undefined ? ranking : { ...ranking, modeReason: gap };
    });
  }

  async #filterOf(options: SearchOptions): Promise<IndexFilter> {
    const { category, tags, status = "active", minSuccessRate } = options;
    return {
      status,
      ...(category === undefined ? {} : { category }),
      ...(tags === undefined ? {} : { tags }),
      ...(minSuccessRate === undefined
        ? {}
        : { only: await this.#parts.evidence.reliable(minSuccessRate) }),
    };
  }
}

function matchOf(
  { hit, score, outcome }: OrderedHit,
  evidence: SkillEvidence | undefined,
): SkillMatch {
  const { keywordScore: keyword, vectorScore: vector, learnedScore: learned } = hit;
  return {
    ...hit.summary,
    score: Math.min(1, Math.max(0, score)),
    scoreParts: { keyword, vector, learned, outcome },
    successRate: evidence?.skill.successRate ?? null,
    uses: evidence?.skill.uses ?? 0,
  };
}
