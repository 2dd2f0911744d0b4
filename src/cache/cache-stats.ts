/** Counters of a cache since it was made; plain numbers, safe to serialise. */
export interface CacheStats {
  /** Lookups answered from the cache, known absences included. */
  readonly hits: number;
  /** Lookups that found nothing, those that joined a running load included. */
  readonly misses: number;
  /** Loads started. */
  readonly loads: number;
  /** Loads that rejected or threw. */
  readonly loadFailures: number;
  /** Loads overtaken by an invalidation or a `set` of their key; what they give is not kept. */
  readonly fenced: number;
  /** Entries dropped to make room. */
  readonly evictions: number;
  /** Entries found to be older than the time to live, and dropped. */
  readonly expirations: number;
  /** Entries and running loads dropped by an invalidation or a clear. */
  readonly invalidations: number;
  /** Entries held now; one that has expired counts until it is looked up or evicted. */
  readonly entries: number;
  /** `hits / (hits + misses)`, and 0 before the first lookup. */
  readonly hitRate: number;
}

/** What a user of the library may do with its cache: watch it and drop what is in it. */
export interface CacheControl {
  /**
   * Drops one key.
   *
   * @returns whether there was anything to drop: an entry, or a load still running
   */
  invalidate(key: string): boolean;
  /**
   * Drops every key a glob matches: `*` stands for any run of characters, `?` for exactly one,
   * everything else for itself.
   *
   * @returns the number of keys dropped
   * @throws {INVALID_INPUT} when the pattern is empty or longer than 512 characters
   */
  invalidatePattern(glob: string): number;
  /**
   * Drops everything.
   *
   * @returns the number of keys dropped
   */
  clear(): number;
  /** Counters up to now. */
  readonly stats: CacheStats;
}
