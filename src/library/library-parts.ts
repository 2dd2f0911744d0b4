import type { Clock } from "../base/clock.ts";
import type { Limits } from "../base/limits.ts";
import type { SkillCache } from "../cache/skill-cache.ts";
import type { LockDriver } from "../lock/lock-driver.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { LibraryFiles } from "../store/library-files.ts";
import type { SkillStore } from "../store/skill-store.ts";
import type { Claims } from "./catalog/claims.ts";
import type { Catalog } from "./catalog/catalog.ts";
import type { DraftPreparer } from "./catalog/draft-preparer.ts";
import type { Composer } from "./workflows/composer.ts";
import type { Evidence } from "./execution/evidence.ts";
import type { Executor } from "./execution/executor.ts";
import type { Learning } from "./retrieval/learning.ts";
import type { ViewSources } from "./views/make-view.ts";
import type { Neighbours } from "./retrieval/neighbours.ts";
import type { Replayer } from "./execution/replayer.ts";
import type { OfferedTool } from "./execution/offered-tools.ts";
import type { RunQueue } from "./execution/run-queue.ts";
import type { SearchSpaces } from "./retrieval/search-spaces.ts";
import type { Searcher } from "./retrieval/searcher.ts";
import type { SyncLibrary } from "./sync/sync-library.ts";
import type { WriteLimit } from "./catalog/write-limit.ts";

/** Everything a library is made of, wired by `open-library.ts` and nowhere else. */
export interface LibraryParts {
  /** Directory of the embedded library, when there is one. */
  readonly path: string | undefined;
  readonly store: SkillStore;
  /** The files of skills and runs, where both are the library's own. */
  readonly files: LibraryFiles | undefined;
  readonly sandbox: Sandbox;
  readonly locks: LockDriver;
  /** What skills may be lent, by name. */
  readonly tools: ReadonlyMap<string, OfferedTool>;
  readonly cache: SkillCache;
  readonly evidence: Evidence;
  readonly learning: Learning;
  readonly spaces: SearchSpaces;
  readonly catalog: Catalog;
  readonly preparer: DraftPreparer;
  readonly claims: Claims;
  readonly neighbours: Neighbours;
  /** The library's policy on drafts that repeat a skill. */
  readonly duplicates: "warn" | "refuse";
  readonly searcher: Searcher;
  readonly executor: Executor;
  readonly composer: Composer;
  readonly replayer: Replayer;
  readonly viewSources: ViewSources;
  readonly queue: RunQueue;
  readonly writes: WriteLimit;
  readonly sync: SyncLibrary;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Aborted when the library closes. */
  readonly closing: AbortController;
  /** Closes what the library opened itself, after everything under way has ended. */
  readonly close: () => Promise<void>;
}
