/** Groups of active skills that a search, and who reads its answer, can hardly tell apart. */
import { nextRound } from "../../base/loop-turns.ts";
import { throwIfAborted } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import { compareIds } from "../../search/fusion.ts";
import { isNear } from "../../search/similarity.ts";
import type { SkillStore } from "../../store/skill-store.ts";
import { checkInteger, checkKnownOptions } from "../check-options.ts";
import type { SearchSpaces } from "./search-spaces.ts";

export interface ConfusableOptions {
  /** Groups to return (default: 20). */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** Skills each of which is near another one of the group. */
export interface ConfusableGroup {
  /** In order of id, at most 100. */
  readonly ids: readonly string[];
  /** How many there are. */
  readonly count: number;
  /** That of the two most alike, 0 to 1. */
  readonly similarity: number;
}

export interface ConfusableSkills {
  /** Most alike first. */
  readonly groups: readonly ConfusableGroup[];
  /** Groups found, also beyond the limit. */
  readonly total: number;
  /** Active skills compared with all others. */
  readonly compared: number;
  /** False when there was no time to compare every active skill. */
  readonly complete: boolean;
}

export interface ConfusableParts {
  readonly store: SkillStore;
  readonly spaces: Pick<SearchSpaces, "use">;
  readonly clock: Clock;
}

const DEFAULT_GROUPS = 20;
const MAX_GROUPS = 1000;
const MAX_IDS = 100;
const PAGE = 200;
/** Of skills this alike, the nearest few are enough to hang them together. */
const NEAREST = 10;
/** The work grows with the square of the library: 10,000 skills take some seconds. */
const WITHIN_MS = 30_000;

export async function confusableSkills(
  { store, spaces, clock }: ConfusableParts,
  options: ConfusableOptions = {},
): Promise<ConfusableSkills> {
  checkKnownOptions("confusable", options, ["limit", "signal"]);
  checkInteger("limit", options.limit, 1, MAX_GROUPS);
  await spaces.use(({ indexer }) => indexer.catchUp());
  const deadlineMs = clock.monotonicMs() + WITHIN_MS;
  const groups = disjointSets();
  let compared = 0;
  let complete = false;
  for (let after: string | undefined; !complete && clock.monotonicMs() < deadlineMs;) {
    const page = await store.list({
      status: "active",
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    // A page at a time: whoever waits to build the index anew need not wait for all of them.
    await spaces.use(async ({ index }) => {
      for (const { id } of page) {
        throwIfAborted(options.signal, "Comparing skills");
        if (clock.monotonicMs() >= deadlineMs) break;
        for (const near of (await index.neighbours(id, NEAREST)) ?? [])
          if (isNear(near)) groups.join(id, near.summary.id, near.cosine ?? near.overlap);
        compared += 1;
        after = id;
      }
    });
    complete = page.length < PAGE && (page.length === 0 || after === page.at(-1)?.id);
    // Each comparison is synchronous work; others get their turn.
    await nextRound();
  }
  const found = groups.all();
  const shown = found.slice(0, options.limit ?? DEFAULT_GROUPS);
  return { groups: shown, total: found.length, compared, complete };
}

/** Sets that grow together when two of their members are joined (union–find, with halved paths). */
function disjointSets(): {
  join(a: string, b: string, similarity: number): void;
  all(): readonly ConfusableGroup[];
} {
  const parents = new Map<string, string>();
  const best = new Map<string, number>();

  function rootOf(id: string): string {
    let at = id;
    for (let parent = parents.get(at); parent !== undefined; parent = parents.get(at)) {
      const above = parents.get(parent);
      if (above !== undefined) parents.set(at, above);
      at = parent;
    }
    return at;
  }

  return {
    join(a, b, similarity) {
      const [into, from] = [rootOf(a), rootOf(b)];
      best.set(into, Math.max(similarity, best.get(into) ?? 0, best.get(from) ?? 0));
      if (into !== from) parents.set(from, into);
    },
    all() {
      const members = new Map<string, string[]>();
      for (const id of new Set([...best.keys(), ...parents.keys()])) {
        const root = rootOf(id);
        const ids = members.get(root) ?? [];
        ids.push(id);
        members.set(root, ids);
      }
      return [...members]
        .map(([root, ids]) => ({
          ids: ids.toSorted(compareIds).slice(0, MAX_IDS),
          count: ids.length,
          similarity: Math.round((best.get(root) ?? 0) * 1000) / 1000,
        }))
        .toSorted(
          (a, b) =>
            b.similarity - a.similarity ||
            b.count - a.count ||
            compareIds(a.ids[0] ?? "", b.ids[0] ?? ""),
        );
    },
  };
}
