/**
 * Searches as of a revision. Which skills there are and what is said of each is exact: what changed
 * since is left out of the index's answer, and those skills are searched as they were then.
 *
 * Their scores are an estimate: the index knows how rare words are among the skills of today, and how
 * relevant a former text is follows from documents scored on both sides. While nothing has changed
 * since, the answer is the index's own.
 */
import { systemClock } from "../../base/clock.ts";
import type { Clock } from "../../base/clock.ts";
import { embeddingText } from "../../search/document-text.ts";
import { mergeHits } from "../../search/merge-hits.ts";
import type { OutsideDocument } from "../../search/merge-hits.ts";
import type { IndexAnswer, IndexHit, IndexQuery, IndexState } from "../../search/search-index.ts";
import { textScorer } from "../../search/text-scorer.ts";
import type { TextScorer } from "../../search/text-scorer.ts";
import type { SkillSummary } from "../../skill/skill.ts";
import type { SkillStore } from "../../store/skill-store.ts";
import type { ChangedSince } from "./changed-since.ts";
import { documentOf } from "../retrieval/indexer.ts";
import { passesFilter } from "./pinned-list.ts";
import { PromptEmbedding } from "../retrieval/prompt-embedding.ts";
import type { SearchSpace } from "../retrieval/search-space.ts";

/** Hits that tell how the scores of both sides compare. */
const ANCHORS = 5;
/** Other skills that tell how rare words are. */
const BACKGROUND = 300;
/** How often a search is repeated because what it found has changed meanwhile. */
const REPEATS = 3;

export interface PinnedSearch {
  readonly revision: number;
  search(
    space: SearchSpace,
    query: IndexQuery,
  ): Promise<{
    readonly hits: readonly IndexHit[];
    readonly state: IndexState;
    readonly gap?: string;
  }>;
}

export interface PinnedSearchParts {
  readonly revision: number;
  readonly store: SkillStore;
  readonly changed: ChangedSince;
  readonly clock?: Clock;
}

export function pinnedSearch(parts: PinnedSearchParts): PinnedSearch {
  const { revision, store, changed, clock = systemClock } = parts;
  /** What has changed, which only ever grows; a set of its own for the index, which may keep it. */
  let except: ReadonlySet<string> = new Set();
  let scorer: Promise<TextScorer> | undefined;
  /** By embedder, because a search may use another one than the search before. */
  const vectors = new Map<string, Map<string, Float32Array>>();

  /** Skills from the present, which have not changed since, with what else tells words apart. */
  async function withBackground(): Promise<TextScorer> {
    const made = textScorer();
    const some = await store.list({ limit: BACKGROUND, orderBy: "recent" });
    for (const version of await store.findMany(some.map(({ id }) => id)))
      if (!changed.has(version.id)) made.add(documentOf(version));
    return made;
  }

  async function addAnchors(
    texts: TextScorer,
    hits: readonly IndexHit[],
  ): Promise<readonly string[]> {
    const ids = hits
      .filter(({ keywordScore }) => keywordScore > 0)
      .toSorted((a, b) => b.keywordScore - a.keywordScore)
      .slice(0, ANCHORS)
      .map(({ summary }) => summary.id);
    const missing = ids.filter((id) => !texts.has(id));
    if (missing.length > 0)
      for (const version of await store.findMany(missing)) texts.add(documentOf(version));
    return ids;
  }

  /** Indexes former versions, and embeds them where the query has a vector. */
  async function addFormer(
    texts: TextScorer,
    former: readonly SkillSummary[],
    { embedder }: SearchSpace,
    hasVector: boolean,
  ): Promise<{ readonly known: ReadonlyMap<string, Float32Array>; readonly gap?: string }> {
    const known = knownVectors(hasVector ? embedder?.id : undefined);
    const toEmbed: { readonly id: string; readonly text: string }[] = [];
    for (const { id } of former) {
      const needsVector = hasVector && embedder !== undefined && !known.has(id);
      if (texts.has(id) && !needsVector) continue;
      const version = await changed.find(id);
      if (version === undefined) continue;
      const document = documentOf(version);
      texts.add(document);
      if (needsVector) toEmbed.push({ id, text: embeddingText(document) });
    }
    if (embedder === undefined || toEmbed.length === 0) return { known };
    const embedding = new PromptEmbedding(embedder, clock);
    const { vectors: found, error } = await embedding.embed(toEmbed.map(({ text }) => text));
    for (const [at, vector] of found.entries())
      if (vector !== undefined) known.set(toEmbed[at]!.id, vector);
    const missing = found.filter((vector) => vector === undefined).length;
    if (missing === 0) return { known };
    const failed = error === undefined ? "" : `; the embedder failed: ${error}`;
    return {
      known,
      gap: `${missing} skills as of revision ${revision} have no vector yet, and are found by keyword${failed}`,
    };
  }

  function knownVectors(embedder: string | undefined): Map<string, Float32Array> {
    if (embedder === undefined) return new Map();
    const known = vectors.get(embedder) ?? new Map<string, Float32Array>();
    vectors.set(embedder, known);
    return known;
  }

  /** The index's hits among what has not changed since. */
  async function searchUnchanged({ index }: SearchSpace, query: IndexQuery): Promise<IndexAnswer> {
    await changed.refresh();
    for (let repeat = 0; ; repeat++) {
      if (except.size !== changed.size) except = new Set(changed.ids());
      const { hits, state } = await index.search(
        except.size === 0 ? query : { ...query, filter: { ...query.filter, except } },
      );
      // The index may have been ahead of what was known to have changed.
      await changed.refresh();
      const kept = hits.filter(({ summary }) => !changed.has(summary.id));
      if (kept.length === hits.length || repeat === REPEATS) return { hits: kept, state };
    }
  }

  return {
    revision,

    async search(space, query) {
      const { hits: unchanged, state } = await searchUnchanged(space, query);
      const { filter, text, vector, limit, learned = new Map() } = query;
      const former = [...changed.summaries()].filter(
        (summary) => passesFilter(summary, filter) && (filter.only?.has(summary.id) ?? true),
      );
      if (former.length === 0) return { hits: unchanged, state };
      const texts = await (scorer ??= withBackground());
      const anchors = await addAnchors(texts, unchanged);
      const { known, gap } = await addFormer(texts, former, space, vector !== undefined);
      const relevances = texts.score(text);
      const outside = former.map((summary): OutsideDocument => {
        const own = known.get(summary.id);
        return {
          summary,
          relevance: relevances.get(summary.id) ?? 0,
          ...(own === undefined || vector === undefined ? {} : { cosine: cosineOf(own, vector) }),
        };
      });
      const hits = mergeHits(unchanged, outside, {
        text,
        limit,
        learned,
        anchors: new Map(anchors.map((id) => [id, relevances.get(id) ?? 0])),
      });
      return gap === undefined ? { hits, state } : { hits, state, gap };
    },
  };
}

/** Of two vectors of unit length. */
function cosineOf(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}
