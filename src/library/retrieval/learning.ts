/**
 * Learns which queries lead to which skills: when a caller searches and then runs one of the results
 * with success, that query is evidence for that skill, and queries like it find the skill better.
 *
 * Uses are written soon and with the next search at the latest, so a process's own searches see them;
 * those of other processes are seen with the next search after they are written. Texts are embedded
 * once per process, many of them beside the searches, which do not see them until then.
 */
import type { Clock } from "../../base/clock.ts";
import { isoTime } from "../../base/clock.ts";
import { mapInTurns, nextRound } from "../../base/loop-turns.ts";
import type { Embedder } from "../../search/embedder.ts";
import { learnedQueries } from "../../search/learned-queries.ts";
import type { LearnedQueries } from "../../search/learned-queries.ts";
import { normalizedQuery } from "../../search/normalized-query.ts";
import type { LearnedSignal } from "../../search/search-index.ts";
import type { LearnedUse, QueryUse, RunStore, UseFilter } from "../../store/run-store.ts";
import { embedderFailure, embedWithin } from "./embed-texts.ts";
import { RecentSearches } from "./recent-searches.ts";

const FLUSH_AFTER_MS = 200;
/** Uses held while the store is out of reach; beyond it the oldest are dropped. */
const MAX_PENDING = 1000;
/** Texts embedded in one go, and how long that may take. */
const BATCH_SIZE = 64;
const BATCH_WITHIN_MS = 30_000;
/** The search that begins it waits so long for the first of them; all else is done beside searches. */
const WAIT_MS = 500;
/** An embedder that failed on them is asked again after so long. */
const REST_MS = 30_000;
/** A use that is merely this much newer changes no ranking worth a cached answer. */
const RENEWED_AFTER_MS = 24 * 60 * 60 * 1000;

/** How learning is doing. */
export interface LearningStats {
  readonly enabled: boolean;
  /** Learned uses this process knows: distinct by query, skill and caller. */
  readonly uses: number;
  /** Uses that are not written yet. */
  readonly pending: number;
  /** Why the last one could not be written, read or embedded. */
  readonly lastError?: string;
}

export interface LearningParts {
  readonly runs: RunStore;
  /** The embedder whose vectors searches compare now; with another one all is embedded anew. */
  readonly embedder: () => Embedder | undefined;
  readonly clock: Clock;
  readonly isEnabled: boolean;
}

export class Learning {
  readonly #parts: LearningParts;
  readonly #recent: RecentSearches;
  readonly #closing = new AbortController();
  #embedder: Embedder | undefined;
  #queries: LearnedQueries;
  #pending: QueryUse[] = [];
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;
  #following: Promise<void> = Promise.resolve();
  #embedding: Promise<void> | undefined;
  #restsUntilMs = Number.NEGATIVE_INFINITY;
  #epoch: number | undefined;
  #position = 0;
  #lastAtMs = new Map<number, number>();
  #version = 0;
  #storeError: string | undefined;
  #embedderError: string | undefined;

  constructor(parts: LearningParts) {
    this.#parts = parts;
    this.#recent = new RecentSearches(parts.clock);
    this.#embedder = parts.embedder();
    this.#queries = learnedQueries(this.#embedder?.dimensions ?? 0);
  }

  /** Changes whenever the same query may be answered otherwise. */
  get version(): number {
    return this.#version;
  }

  get stats(): LearningStats {
    const { isEnabled: enabled } = this.#parts;
    const stats = { enabled, uses: this.#queries.size, pending: this.#pending.length };
    const lastError = this.#storeError ?? this.#embedderError;
    return lastError === undefined ? stats : { ...stats, lastError };
  }

  /** Remembers what a search has shown. */
  noteSearch(query: string, shown: readonly string[], caller: string | undefined): void {
    if (this.#parts.isEnabled && shown.length > 0) this.#recent.add(caller ?? "", query, shown);
  }

  /**
   * Takes in that a run has succeeded.
   *
   * @param query what the caller says led to it (default: its latest search that showed the skill)
   */
  noteSuccess(skillId: string, caller: string | undefined, query: string | undefined): void {
    if (!this.#parts.isEnabled) return;
    const found = query ?? this.#recent.queryFor(caller ?? "", skillId);
    const normalized = normalizedQuery(found ?? "");
    if (normalized === "") return;
    const at = isoTime(this.#parts.clock.now());
    this.#pending.push({ query: normalized, skillId, caller: caller ?? "", at });
    if (this.#pending.length > MAX_PENDING) this.#pending.shift();
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // What keeps it from being written is in `stats`, and the next search tries again.
      void this.flush().catch(() => undefined);
    }, FLUSH_AFTER_MS);
  }

  /** Takes over what was learned up to now, by any process. Whatever fails costs learning alone. */
  async refresh(): Promise<void> {
    if (!this.#parts.isEnabled) return;
    try {
      await this.flush();
      // After one that is under way, which may have read before what this caller must see.
      this.#following = this.#following.then(
        () => this.#follow(),
        () => this.#follow(),
      );
      await this.#following;
      this.#storeError = undefined;
    } catch (error) {
      this.#noteError(error);
    }
    await this.#embedNew();
  }

  /**
   * What earlier queries like this one say of skills, by id.
   *
   * @param embedder what the vector is of; of another one than searches use now, words are compared
   */
  signals(
    text: string,
    vector: Float32Array | undefined,
    embedder: Embedder | undefined,
  ): ReadonlyMap<string, LearnedSignal> {
    const nowMs = this.#parts.clock.now();
    const isComparable = vector !== undefined && embedder === this.#embedder;
    return this.#queries.signals({ text, nowMs, ...(isComparable ? { vector } : {}) });
  }

  /** Queries that led to the skill, as far as this process knows, those of most callers first. */
  queriesOf(skillId: string, limit: number): readonly string[] {
    return this.#queries.leadingTo(skillId, limit);
  }

  /** Uses that have all that the filter names, latest first. */
  async list(filter: UseFilter): Promise<readonly LearnedUse[]> {
    await this.flush();
    const wanted = Object.entries(normalizedFilter(filter));
    const { uses } = await this.#parts.runs.usesSince(0);
    return uses
      .filter((use) => wanted.every(([name, value]) => use[name as keyof UseFilter] === value))
      .toSorted((a, b) => (a.lastAt < b.lastAt ? 1 : a.lastAt > b.lastAt ? -1 : b.id - a.id));
  }

  /** Removes uses for good; how many. Runs to come are not traced to searches made before. */
  async forget(filter: UseFilter): Promise<number> {
    await this.flush();
    this.#recent.clear();
    return this.#parts.runs.forgetUses(normalizedFilter(filter));
  }

  /** Writes what is pending. */
  async flush(): Promise<void> {
    while (this.#pending.length > 0 || this.#flushing !== undefined) {
      this.#flushing ??= this.#writePending().finally(() => {
        this.#flushing = undefined;
      });
      await this.#flushing;
    }
  }

  /** @throws what keeps the store from taking the last uses, which are then lost */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#embedding;
    await this.flush();
  }

  async #writePending(): Promise<void> {
    const batch = this.#pending;
    this.#pending = [];
    try {
      await this.#parts.runs.recordUses(batch);
    } catch (error) {
      this.#pending = [...batch, ...this.#pending].slice(-MAX_PENDING);
      this.#noteError(error);
      throw error;
    }
  }

  async #follow(): Promise<void> {
    this.#adoptEmbedder();
    // The epoch first: what is recorded while the store answers is then looked for again.
    const epoch = await this.#parts.runs.epoch();
    if (epoch === this.#epoch) return;
    const { position, isWhole, uses, removed } = await this.#parts.runs.usesSince(this.#position);
    if (isWhole) {
      if (this.#queries.size > 0) this.#version += 1;
      this.#queries.clear();
      this.#lastAtMs.clear();
    }
    for (const id of removed) {
      this.#queries.remove(id);
      if (this.#lastAtMs.delete(id)) this.#version += 1;
    }
    await mapInTurns(uses, (use) => this.#take(use));
    this.#position = position;
    this.#epoch = epoch;
  }

  #take({ id, query, skillId, caller, lastAt }: LearnedUse): void {
    const lastAtMs = Date.parse(lastAt);
    if (lastAtMs - (this.#lastAtMs.get(id) ?? -Infinity) < RENEWED_AFTER_MS) return;
    this.#lastAtMs.set(id, lastAtMs);
    this.#queries.put({ id, query, skillId, caller, lastAtMs });
    this.#version += 1;
  }

  /** Vectors of different embedders are never compared: with another one all is read anew. */
  #adoptEmbedder(): void {
    const embedder = this.#parts.embedder();
    if (embedder === this.#embedder) return;
    this.#embedder = embedder;
    this.#queries = learnedQueries(embedder?.dimensions ?? 0);
    this.#lastAtMs.clear();
    this.#position = 0;
    this.#epoch = undefined;
    this.#restsUntilMs = Number.NEGATIVE_INFINITY;
    this.#version += 1;
  }

  /** Embeds what has no vector yet. Who begins it waits for the first texts, if that is quick. */
  async #embedNew(): Promise<void> {
    const { clock } = this.#parts;
    const [embedder, queries] = [this.#embedder, this.#queries];
    if (embedder === undefined || this.#embedding !== undefined) return;
    if (queries.withoutVector.length === 0 || this.#closing.signal.aborted) return;
    if (clock.monotonicMs() < this.#restsUntilMs) return;
    const waited = Promise.withResolvers<void>();
    this.#embedding = this.#embedAll(embedder, queries, waited.resolve)
      .then(
        () => {
          this.#embedderError = undefined;
        },
        (error: unknown) => {
          this.#embedderError = embedderFailure(error);
          this.#restsUntilMs = clock.monotonicMs() + REST_MS;
        },
      )
      .finally(() => {
        this.#embedding = undefined;
        waited.resolve();
      });
    const timer = setTimeout(waited.resolve, WAIT_MS);
    await waited.promise;
    clearTimeout(timer);
  }

  async #embedAll(embedder: Embedder, queries: LearnedQueries, onBatch: () => void): Promise<void> {
    while (!this.#closing.signal.aborted && queries === this.#queries) {
      const texts = queries.withoutVector.slice(0, BATCH_SIZE);
      if (texts.length === 0) return;
      const vectors = await embedWithin(
        BATCH_WITHIN_MS,
        this.#closing.signal,
        embedder,
        texts,
        "query",
      );
      for (const [at, text] of texts.entries()) queries.setVector(text, vectors[at]!);
      this.#version += 1;
      onBatch();
      await nextRound();
    }
  }

  #noteError(error: unknown): void {
    this.#storeError = error instanceof Error ? error.message : String(error);
  }
}

function normalizedFilter({ query, ...rest }: UseFilter): UseFilter {
  return query === undefined ? rest : { ...rest, query: normalizedQuery(query) };
}
