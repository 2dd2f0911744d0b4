/**
 * Which skills a new one is easily taken for: told when it is added, as a warning. Duplicates are
 * found in the store and are exact; near ones come from the search index, which may lag, so finding
 * them never takes longer than a bound and never fails an add.
 */
import type { Clock } from "../../base/clock.ts";
import type { Limits } from "../../base/limits.ts";
import type { IndexNeighbour } from "../../search/search-index.ts";
import { isNear } from "../../search/similarity.ts";
import type { AlikeSkill, NewVersion, SkillStore } from "../../store/skill-store.ts";
import type { AddResult } from "../catalog/catalog-options.ts";
import { mapBounded } from "../bounded.ts";
import { duplicatesOf } from "../catalog/duplicates.ts";
import type { SearchSpaces } from "./search-spaces.ts";
import type { SearchOptions, SearchResult } from "./searcher.ts";

/** A skill that another one is easily taken for. */
export interface SimilarSkill {
  readonly id: string;
  /** The whole content is the same, or what its code does, or search can hardly tell the two apart. */
  readonly kind: "same-content" | "same-code" | "near";
  /** 1 for what is the same; of `near`, the cosine of their meanings, or the share of common words. */
  readonly similarity: number;
  /** What the two have in common word for word, where it is one of these. */
  readonly field?: "name" | "description";
  /** A search for this skill's own name and description now finds the new one first. */
  readonly outranked?: true;
  /** Queries that led to this skill and now find the new one first; absent when there are none. */
  readonly queries?: readonly string[];
}

/** Similar skills told of one that is added. */
const MAX_SIMILAR = 5;

/** New skills that similar ones are looked for at once. */
const LOOKED_FOR_AT_ONCE = 8;

/** The nearest of them, whose own words are searched for: each costs a whole search. */
const MAX_RIVALS = 3;
/** Learned queries of each of them that are searched for. */
const MAX_QUERIES = 2;
/** Searches for the drafts of one chunk of a batch, together. */
const MAX_SEARCHES = 10;

/** A new version and what came of adding it. */
export interface AddedVersion {
  readonly version: NewVersion;
  readonly result: AddResult;
}

export interface NeighboursParts {
  readonly store: SkillStore;
  readonly spaces: Pick<SearchSpaces, "use">;
  readonly clock: Clock;
  readonly search: (query: string, options: SearchOptions) => Promise<SearchResult>;
  /** Queries that led to a skill, at most so many. */
  readonly queriesOf: (skillId: string, limit: number) => readonly string[];
  readonly limits: Pick<Limits, "queryLength" | "similarMs">;
}

export class Neighbours {
  readonly #parts: NeighboursParts;

  constructor(parts: NeighboursParts) {
    this.#parts = parts;
  }

  /** The results with their similar skills, and a warning for each kind of likeness. */
  async annotate(added: readonly AddedVersion[]): Promise<readonly AddResult[]> {
    const near = await this.#nearOf(added);
    const annotated: AddResult[] = [];
    for (const [at, { version, result }] of added.entries()) {
      const same = await duplicatesOf(this.#parts.store, version);
      annotated.push(withSimilar(version, result, same, near[at]));
    }
    return annotated;
  }

  /** Near skills of each, as far as there was time; `undefined` for those it was not enough for. */
  async #nearOf(
    added: readonly AddedVersion[],
  ): Promise<readonly (readonly SimilarSkill[] | string | undefined)[]> {
    const found: (readonly SimilarSkill[] | string | undefined)[] = [];
    if (added.length === 0) return found;
    const timeout = new AbortController();
    const elapsed = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      timeout.abort();
      elapsed.resolve();
    }, this.#parts.limits.similarMs);
    const looking = this.#look(added, found, timeout.signal);
    await Promise.race([looking, elapsed.promise]);
    clearTimeout(timer);
    // What is found from here on comes too late.
    return [...found];
  }

  async #look(
    added: readonly AddedVersion[],
    found: (readonly SimilarSkill[] | string | undefined)[],
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, spaces, limits } = this.#parts;
    const deadlineMs = clock.monotonicMs() + limits.similarMs;
    // The signal alone would not do: a timer gets no turn between answers that are there at once.
    const isLate = (): boolean => signal.aborted || clock.monotonicMs() > deadlineMs;
    let searches = 0;
    const maySearch = (): boolean => !isLate() && searches++ < MAX_SEARCHES;
    const caughtUp = spaces.use(({ indexer }) => indexer.catchUp());
    // Several at once: an index on a thread of its own is sent some questions ahead.
    await mapBounded(added, LOOKED_FOR_AT_ONCE, async ({ version }, at) => {
      try {
        await caughtUp;
        if (!isLate()) found[at] = await this.#nearTo(version, maySearch);
      } catch (error) {
        // Whatever is wrong with the index, the skill is stored; the result says so.
        found[at] = error instanceof Error ? error.message : String(error);
      }
    });
  }

  async #nearTo(
    { id, definition }: NewVersion,
    maySearch: () => boolean,
  ): Promise<readonly SimilarSkill[] | undefined> {
    const neighbours = await this.#parts.spaces.use(({ index }) =>
      index.neighbours(id, MAX_SIMILAR),
    );
    const near: SimilarSkill[] = [];
    for (const neighbour of neighbours?.filter(isNear) ?? []) {
      const { summary } = neighbour;
      const field = (["name", "description"] as const).find(
        (each) => summary[each] === definition[each],
      );
      near.push({
        id: summary.id,
        kind: "near",
        similarity: rounded(neighbour.cosine ?? neighbour.overlap),
        ...(field === undefined ? {} : { field }),
        ...(near.length < MAX_RIVALS ? await this.#takenFrom(neighbour, id, maySearch) : {}),
      });
    }
    return neighbours === undefined ? undefined : near;
  }

  /** What used to find the neighbour and now finds this skill first. */
  async #takenFrom(
    { summary }: IndexNeighbour,
    id: string,
    maySearch: () => boolean,
  ): Promise<Pick<SimilarSkill, "outranked" | "queries">> {
    const { search, queriesOf, limits } = this.#parts;
    const isTaken = async (query: string): Promise<boolean> => {
      if (!maySearch()) return false;
      const asked = query.slice(0, limits.queryLength);
      const { matches } = await search(asked, { limit: MAX_SIMILAR, useCache: false });
      return matches.find((match) => match.id === id || match.id === summary.id)?.id === id;
    };
    const outranked = await isTaken(`${summary.name}. ${summary.description}`);
    const queries: string[] = [];
    for (const query of queriesOf(summary.id, MAX_QUERIES))
      if (await isTaken(query)) queries.push(query);
    return { ...(outranked ? { outranked } : {}), ...(queries.length === 0 ? {} : { queries }) };
  }
}

function withSimilar(
  { status }: NewVersion,
  result: AddResult,
  same: readonly AlikeSkill[],
  near: readonly SimilarSkill[] | string | undefined,
): AddResult {
  const exact = same.map(({ id, same: part }): SimilarSkill => {
    const likeness = typeof near === "object" ? near.find((each) => each.id === id) : undefined;
    return {
      ...likeness,
      id,
      kind: part === "content" ? "same-content" : "same-code",
      similarity: 1,
    };
  });
  const others = typeof near === "object" ? near : [];
  const known = new Set(exact.map(({ id }) => id));
  const similar = [...exact, ...others.filter(({ id }) => !known.has(id))].slice(0, MAX_SIMILAR);
  const warnings = [
    ...warningsOf(similar, same),
    // A draft that is not offered yet is compared again by `confusable` once it is.
    ...(typeof near === "object" || status !== "active"
      ? []
      : [
          `it was not compared with the descriptions there are: ${near ?? "the search index is behind"}`,
        ]),
  ];
  if (similar.length === 0 && warnings.length === 0) return result;
  return {
    ...result,
    warnings: [...result.warnings, ...warnings],
    ...(similar.length === 0 ? {} : { similar }),
  };
}

function warningsOf(
  similar: readonly SimilarSkill[],
  same: readonly AlikeSkill[],
): readonly string[] {
  const listed = (kind: SimilarSkill["kind"]): string =>
    similar
      .filter((each) => each.kind === kind)
      .map(({ id, similarity }) => {
        const status = same.find((each) => each.id === id)?.status ?? "active";
        const shown = [
          ...(kind === "near" ? [similarity.toFixed(2)] : []),
          ...(status === "active" ? [] : [status]),
        ].join(", ");
        return shown === "" ? `"${id}"` : `"${id}" (${shown})`;
      })
      .join(", ");
  const outranked = similar.filter((each) => each.outranked).map(({ id }) => `"${id}"`);
  const taken = similar.flatMap(({ id, queries = [] }) =>
    queries.map((query) => `"${query}" (which led to "${id}")`),
  );
  const line = (list: string, text: (list: string) => string): readonly string[] =>
    list === "" ? [] : [text(list)];
  return [
    ...line(listed("same-content"), (list) => `its content is that of ${list}`),
    ...line(listed("same-code"), (list) => `its code does the same as that of ${list}`),
    ...line(
      listed("near"),
      (list) => `its description is much like that of ${list}; say when to use this one instead`,
    ),
    ...line(
      outranked.join(", "),
      (list) => `it would be found before ${list} for that skill's own name and description`,
    ),
    ...line(taken.join(", "), (list) => `it is now found first for ${list}`),
  ];
}

function rounded(similarity: number): number {
  return Math.round(similarity * 1000) / 1000;
}
