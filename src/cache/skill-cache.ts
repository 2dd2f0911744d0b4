/**
 * The process's own cache: bounded, least recently used out first, with a time to live.
 *
 * What it guarantees beyond a map:
 * - A hit is answered synchronously; a promise for it would cost more than the lookup.
 * - Any number of simultaneous misses of one key run one load.
 * - A load that an invalidation (or a `set`) of its key overtakes never fills the cache, and no
 *   lookup begun after the invalidation joins it: once `invalidate` has returned, nothing loaded
 *   earlier is handed to a new caller. Callers already waiting get the overtaken value; they asked
 *   before the change.
 * - Values are frozen all the way down, so that no caller can change another's.
 *
 * It knows nothing of other processes; whoever reads the store's changes calls `invalidate`.
 */
import { LRUCache } from "lru-cache";
import { type Clock, systemClock } from "../base/clock.ts";
import { RepertoireError } from "../base/errors.ts";
import { deepFreeze, preview } from "../base/json.ts";
import { LIMITS } from "../base/limits.ts";
import type { CacheControl, CacheStats } from "./cache-stats.ts";
import { checkGlob, matchesGlob } from "./glob.ts";

export interface SkillCacheOptions {
  /** Entries held at most (default: 100). */
  readonly maxEntries?: number;
  /** How long an entry is used after it was filled, in milliseconds (default: 3,600,000). */
  readonly ttlMs?: number;
  /** Measures the time to live (default: the system's clock). */
  readonly clock?: Clock;
}

/** Stands in the cache for a key that was looked up and does not exist. */
const ABSENT = Object.freeze({});

/** A load whose result still belongs in the cache is in `#loads`; one that was overtaken is not. */
interface Load {
  readonly promise: Promise<unknown>;
}

/** The room lru-cache reserves grows with its bound at once, whatever it holds. */
const MOST_ENTRIES = 2 ** 24;

export class SkillCache implements CacheControl {
  readonly #entries: LRUCache<string, object>;
  readonly #loads = new Map<string, Load>();
  #hits = 0;
  #misses = 0;
  #loadsStarted = 0;
  #loadFailures = 0;
  #fenced = 0;
  #evictions = 0;
  #expirations = 0;
  #invalidations = 0;

  /** @throws {INVALID_INPUT} when a bound is not a positive integer */
  constructor(options: SkillCacheOptions = {}) {
    const { maxEntries = LIMITS.cacheEntries, ttlMs = LIMITS.cacheTtlMs } = options;
    const { clock = systemClock } = options;
    checkCount("maxEntries", maxEntries, MOST_ENTRIES);
    checkCount("ttlMs", ttlMs, Number.MAX_SAFE_INTEGER);
    // lru-cache reads an entry filled at 0 as one that never expires, so its time begins at 1.
    const originMs = clock.monotonicMs() - 1;
    this.#entries = new LRUCache({
      max: maxEntries,
      ttl: ttlMs,
      perf: { now: () => clock.monotonicMs() - originMs },
      // Reading the system's clock costs more than the lookup, so one reading serves a millisecond.
      // That millisecond is a real timer's, which an injected clock does not obey.
      ttlResolution: clock === systemClock ? 1 : 0,
      dispose: (_value, _key, reason) => {
        if (reason === "evict") this.#evictions += 1;
        else if (reason === "expire") this.#expirations += 1;
      },
    });
  }

  /**
   * The value held for a key. A key known to be absent and one never seen both give `undefined`.
   * An entry outlives its time to live by a turn of the event loop at most.
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names what it stored
  get<T>(key: string): T | undefined {
    const found = this.#entries.get(key);
    if (found === undefined) {
      this.#misses += 1;
      return undefined;
    }
    this.#hits += 1;
    return found === ABSENT ? undefined : (found as T);
  }

  /**
   * The value held for a key, at once; or, when there is none, a promise of what `load` gives.
   * `undefined` means that there is no such thing, and is remembered like a value.
   *
   * A load serves everybody who asks meanwhile: it must not end with one caller's signal, and must
   * not ask the cache for its own key, which would wait for itself.
   * A load that rejects rejects everybody who waits for it and leaves nothing behind.
   *
   * @param load reads the value from the source of truth, plain data that may be frozen
   */
  getOrLoad<T>(
    key: string,
    load: () => Promise<T | undefined>,
  ): T | undefined | Promise<T | undefined> {
    const found = this.#entries.get(key);
    if (found !== undefined) {
      this.#hits += 1;
      return found === ABSENT ? undefined : (found as T);
    }
    this.#misses += 1;
    const running = this.#loads.get(key);
    if (running !== undefined) return running.promise as Promise<T | undefined>;
    return this.#startLoad(key, load);
  }

  /**
   * Holds a value the caller knows to be current, such as one it has just committed; a load of the
   * key still running is overtaken. `undefined` holds that there is no such thing.
   */
  set(key: string, value: unknown): void {
    this.#overtake(key);
    this.#fill(key, deepFreeze(value));
  }

  invalidate(key: string): boolean {
    // An entry that has expired is gone already, whether or not anybody noticed.
    const held = this.#entries.has(key);
    this.#entries.delete(key);
    const dropped = this.#overtake(key) || held;
    if (dropped) this.#invalidations += 1;
    return dropped;
  }

  invalidatePattern(glob: string): number {
    checkGlob(glob);
    const keys = [...this.#entries.keys(), ...this.#loads.keys()];
    let dropped = 0;
    for (const key of keys) if (matchesGlob(glob, key) && this.invalidate(key)) dropped += 1;
    return dropped;
  }

  clear(): number {
    this.#entries.purgeStale();
    const dropped = this.#entries.size + this.#loads.size;
    this.#entries.clear();
    this.#fenced += this.#loads.size;
    this.#loads.clear();
    this.#invalidations += dropped;
    return dropped;
  }

  get stats(): CacheStats {
    const lookups = this.#hits + this.#misses;
    return {
      hits: this.#hits,
      misses: this.#misses,
      loads: this.#loadsStarted,
      loadFailures: this.#loadFailures,
      fenced: this.#fenced,
      evictions: this.#evictions,
      expirations: this.#expirations,
      invalidations: this.#invalidations,
      entries: this.#entries.size,
      hitRate: lookups === 0 ? 0 : this.#hits / lookups,
    };
  }

  #startLoad<T>(key: string, load: () => Promise<T | undefined>): Promise<T | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
    const own: Load = { promise };
    // Registered before it runs, so that an invalidation made while it starts finds it too.
    this.#loads.set(key, own);
    this.#loadsStarted += 1;
    this.#runLoad(key, own, load).then(resolve, reject);
    return promise;
  }

  async #runLoad<T>(
    key: string,
    own: Load,
    load: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    try {
      const value = deepFreeze(await load());
      if (this.#loads.get(key) === own) this.#fill(key, value);
      return value;
    } catch (error) {
      this.#loadFailures += 1;
      throw error;
    } finally {
      if (this.#loads.get(key) === own) this.#loads.delete(key);
    }
  }

  #fill(key: string, value: unknown): void {
    // lru-cache takes any value but `undefined`, more than its types say.
    this.#entries.set(key, value === undefined ? ABSENT : (value as object));
  }

  /** Takes a running load's place away from it. */
  #overtake(key: string): boolean {
    const running = this.#loads.delete(key);
    if (running) this.#fenced += 1;
    return running;
  }
}

function checkCount(option: string, value: number, most: number): void {
  if (Number.isSafeInteger(value) && value > 0 && value <= most) return;
  const bound = most < Number.MAX_SAFE_INTEGER ? ` of at most ${most}` : "";
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${option}\` to be a positive integer${bound}, got ${preview(value)}`,
    { details: { option } },
  );
}
