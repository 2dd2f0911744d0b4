import { discardIfUnused, lastUseOf } from "../../search/index-file.ts";
import type { Clock } from "../../base/clock.ts";
import type { Embedder } from "../../search/embedder.ts";
import type { SearchIndex } from "../../search/search-index.ts";
import type { SkillStore } from "../../store/skill-store.ts";
import { searchSpace } from "./search-space.ts";
import { SearchSpaces } from "./search-spaces.ts";
import type { FormerSpace } from "./search-spaces.ts";

/** A process that used an index so recently will soon do so again, and would have to build it anew. */
const IN_USE_MS = 10 * 60_000;

export interface OpenSpacesOptions {
  readonly store: SkillStore;
  readonly clock: Clock;
  readonly index: SearchIndex;
  readonly embedder: Embedder | undefined;
  /** Aborts when the library closes. */
  readonly closing: AbortSignal;
  /** The embedder that can always be had, with the file of its index. */
  readonly fallback?: { readonly embedder: Embedder; readonly path: string };
  /** Opens an index that is closed with the library. */
  readonly openIndex: (path: string, embedder: Embedder) => Promise<SearchIndex>;
}

/**
 * The spaces of a library. Where its embedder is new, the index that the bundled embedder has left
 * answers until all is embedded. That of any other embedder can not be asked without it, and is left
 * alone: its vectors may have cost time and money, and other processes may use them.
 */
export async function openSpaces(options: OpenSpacesOptions): Promise<SearchSpaces> {
  const { fallback, openIndex, ...parts } = options;
  let spaces: SearchSpaces | undefined;
  const wanted = searchSpace({ ...parts, onProgress: () => spaces?.check() });
  const former = fallback && (await formerSpace(options, fallback));
  spaces = new SearchSpaces(wanted, former);
  return spaces;
}

async function formerSpace(
  { store, clock, index, embedder, closing, openIndex }: OpenSpacesOptions,
  fallback: NonNullable<OpenSpacesOptions["fallback"]>,
): Promise<FormerSpace | undefined> {
  if (embedder === undefined || embedder.id === fallback.embedder.id) return undefined;
  // Before it is opened here, which is a use too.
  const lastUseMs = lastUseOf(fallback.path);
  if (lastUseMs === undefined) return undefined;
  const isOld = clock.now() - lastUseMs >= IN_USE_MS;
  if (await hasVectors(store, index)) {
    if (isOld) discardIfUnused(fallback.path);
    return undefined;
  }
  const formerIndex = await openIndex(fallback.path, fallback.embedder);
  return {
    space: searchSpace({
      store,
      clock,
      closing,
      index: formerIndex,
      embedder: fallback.embedder,
    }),
    async retire() {
      await formerIndex.close();
      if (isOld) discardIfUnused(fallback.path);
    },
  };
}

async function hasVectors(store: SkillStore, index: SearchIndex): Promise<boolean> {
  if ((await store.revision()) === 0) return true;
  const { vectors, pending } = await index.state();
  return vectors > 0 && pending === 0;
}
