/** One search in one space: by words, and by meaning where that can be had. */
import { RepertoireError } from "../../base/errors.ts";
import type { IndexHit, IndexQuery, IndexState } from "../../search/search-index.ts";
import type { PinnedSearch } from "../views/pinned-search.ts";
import type { Learning } from "./learning.ts";
import type { EmbeddedQuery } from "./query-embedding.ts";
import type { SearchSpace } from "./search-space.ts";

export interface FindInSpaceParts {
  readonly space: SearchSpace;
  /** The space that will take its place. */
  readonly next: SearchSpace | undefined;
  readonly learning: Learning;
  /** Searches the library as of a revision (default: as it is). */
  readonly pinned?: PinnedSearch;
}

export interface FoundInSpace {
  readonly hits: readonly IndexHit[];
  /** That of the index as it was searched: it has every commit acknowledged before the call. */
  readonly state: IndexState;
  /** Why no vectors were compared. */
  readonly reason?: string;
  /** What is missing though vectors were compared. */
  readonly gap?: string;
}

/** An index that finds itself damaged empties itself; it is derived, so it is filled again, once. */
export async function findInSpace(
  parts: FindInSpaceParts,
  query: Omit<IndexQuery, "vector" | "learned">,
): Promise<FoundInSpace> {
  try {
    return await findUpToDate(parts, query);
  } catch (error) {
    if (!(error instanceof RepertoireError && error.code === "STORE_CORRUPT")) throw error;
    return findUpToDate(parts, query);
  }
}

async function findUpToDate(
  parts: FindInSpaceParts,
  query: Omit<IndexQuery, "vector" | "learned">,
): Promise<FoundInSpace> {
  for (;;) {
    const state = await parts.space.indexer.catchUp();
    const found = await find(parts, query, state);
    // Another process may have emptied the index just before it was searched.
    if (found.state.revision >= state.revision) return found;
  }
}

async function find(
  { space, next, learning, pinned }: FindInSpaceParts,
  query: Omit<IndexQuery, "vector" | "learned">,
  before: IndexState,
): Promise<FoundInSpace> {
  const { text, signal } = query;
  const embedded = await embedQuery(space, before, text, signal);
  const { vector } = embedded;
  const whole = {
    ...query,
    learned: learning.signals(text, vector, space.embedder),
    ...(vector === undefined ? {} : { vector }),
  };
  const found: Omit<FoundInSpace, "reason"> =
    pinned === undefined ? await space.index.search(whole) : await pinned.search(space, whole);
  const { hits, state } = found;
  if ("reason" in embedded) return { hits, state, reason: embedded.reason };
  const gap = gapOf(space, next, state) ?? found.gap;
  return gap === undefined ? { hits, state } : { hits, state, gap };
}

async function embedQuery(
  { indexer, embedder, queries }: SearchSpace,
  { vectors, pending }: IndexState,
  text: string,
  signal: AbortSignal | undefined,
): Promise<EmbeddedQuery> {
  if (embedder === undefined || queries === undefined)
    return { reason: "this library has no embedder" };
  if (pending > 0) indexer.resume();
  // Not before it has come to them: whether it is within reach is not known either.
  if (pending === 0 || vectors > 0) return queries.embed(text, signal);
  const { embedderError } = indexer;
  return {
    reason:
      embedderError === undefined
        ? `the embedder ${embedder.id} has not come to the skills yet`
        : `the embedder ${embedder.id} failed on the skills: ${embedderError}`,
  };
}

function gapOf(
  { indexer }: SearchSpace,
  next: SearchSpace | undefined,
  { pending, skills }: IndexState,
): string | undefined {
  if (pending > 0) {
    const left = `${pending} of ${skills} skills have no vector yet, and are found by keyword`;
    return `${left}${failureSuffix(indexer.embedderError)}`;
  }
  if (next?.embedder === undefined) return undefined;
  const left = `the skills are still being embedded with ${next.embedder.id}`;
  return `${left}${failureSuffix(next.indexer.embedderError)}`;
}

function failureSuffix(embedderError: string | undefined): string {
  return embedderError === undefined ? "" : `; the embedder failed: ${embedderError}`;
}
