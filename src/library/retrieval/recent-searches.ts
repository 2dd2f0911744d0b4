/**
 * Who was shown which skills lately, so that a run can be traced to the query that led to it. Kept
 * per caller, so that nobody's searches push out anybody else's, in this process's memory alone.
 */
import type { Clock } from "../../base/clock.ts";

/** How long after a search a run may follow from it. */
const MAX_AGE_MS = 10 * 60 * 1000;
const MAX_SEARCHES_OF_CALLER = 32;
const MAX_CALLERS = 1000;
/** Skills one search may lead to: a task can need several, and whoever runs them all tells nothing. */
const MAX_LED_TO = 5;

interface Search {
  readonly query: string;
  readonly shown: ReadonlySet<string>;
  readonly ledTo: Set<string>;
  readonly atMs: number;
}

export class RecentSearches {
  readonly #clock: Clock;
  /** In order of use, latest last; searches oldest first. */
  readonly #byCaller = new Map<string, Search[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(caller: string, query: string, shown: readonly string[]): void {
    const searches = this.#byCaller.get(caller) ?? [];
    searches.push({
      query,
      shown: new Set(shown),
      ledTo: new Set(),
      atMs: this.#clock.monotonicMs(),
    });
    if (searches.length > MAX_SEARCHES_OF_CALLER) searches.shift();
    this.#byCaller.delete(caller);
    this.#byCaller.set(caller, searches);
    if (this.#byCaller.size > MAX_CALLERS)
      this.#byCaller.delete(this.#byCaller.keys().next().value as string);
  }

  /** The latest query that showed this caller the skill, while that is recent. */
  queryFor(caller: string, skillId: string): string | undefined {
    const since = this.#clock.monotonicMs() - MAX_AGE_MS;
    const search = this.#byCaller
      .get(caller)
      ?.findLast(({ atMs, shown }) => atMs >= since && shown.has(skillId));
    if (search === undefined) return undefined;
    if (search.ledTo.size >= MAX_LED_TO && !search.ledTo.has(skillId)) return undefined;
    search.ledTo.add(skillId);
    return search.query;
  }

  clear(): void {
    this.#byCaller.clear();
  }
}
