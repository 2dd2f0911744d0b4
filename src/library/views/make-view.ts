/** The parts of a library once more, for one revision of it. */
import type { Limits } from "../../base/limits.ts";
import type { SkillStore, StoredVersion } from "../../store/skill-store.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { ChangedSince } from "./changed-since.ts";
import { Composer } from "../workflows/composer.ts";
import type { Evidence } from "../execution/evidence.ts";
import { Executor } from "../execution/executor.ts";
import type { ExecutorParts } from "../execution/executor.ts";
import { checkRevision } from "./as-of.ts";
import type { LibraryGate } from "../library-gate.ts";
import { LibraryView } from "./library-view.ts";
import { pinnedSearch } from "./pinned-search.ts";
import { Searcher } from "../retrieval/searcher.ts";
import type { SearcherParts } from "../retrieval/searcher.ts";

export interface ViewSources {
  readonly store: SkillStore;
  readonly catalog: Catalog;
  readonly evidence: Evidence;
  readonly limits: Limits;
  /** Of the library itself, which finds what is current. */
  readonly executor: ExecutorParts;
  /** Of the library itself, which finds what is current. */
  readonly searcher: SearcherParts;
}

/** @param revision one that is there; @throws {INVALID_INPUT} when it is not */
export async function makeView(
  sources: ViewSources,
  gate: LibraryGate,
  asked: number | undefined,
): Promise<LibraryView> {
  const { store, catalog, evidence, limits } = sources;
  if (asked !== undefined) await checkRevision(store, "revision", asked);
  const revision = asked ?? (await store.revision());
  const { clock } = sources.executor;
  const changed = new ChangedSince({ store, revision, maxSkills: limits.viewChanges });
  const find = (id: string, version?: number) => catalog.find(id, version, revision);
  const findRunnable = (id: string, version?: number) => runnable(catalog, find, id, version);
  const executor = new Executor({ ...sources.executor, find: findRunnable });
  const composer = new Composer({ executor, find: findRunnable, limits, clock });
  const searcher = new Searcher({
    ...sources.searcher,
    find,
    pinned: pinnedSearch({ revision, store, changed, clock }),
  });
  return new LibraryView({
    revision,
    store,
    changed,
    catalog,
    evidence,
    searcher,
    executor,
    composer,
    limits,
    clock,
    gate,
  });
}

/**
 * The version of then. One that was quarantined since is found so: a person or policy that stops a
 * skill must not have to wait for every view to be done with it.
 */
async function runnable(
  catalog: Catalog,
  find: ExecutorParts["find"],
  id: string,
  version: number | undefined,
): Promise<StoredVersion | undefined> {
  const then = await find(id, version);
  if (then === undefined || version !== undefined) return then;
  const now = await catalog.find(id, then.version);
  return now?.status === "quarantined" ? now : then;
}
