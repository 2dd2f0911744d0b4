import type { CacheStats } from "../cache/cache-stats.ts";
import type { LockStats } from "../lock/lock-driver.ts";
import type { SandboxStats } from "../sandbox/sandbox.ts";
import type { IndexActivity } from "../search/search-index.ts";
import type { SkillStatus } from "../skill/skill.ts";
import type { RunTotals } from "../store/run-store.ts";
import { CLAIM_PREFIX } from "./catalog/claims.ts";
import type { LearningStats } from "./retrieval/learning.ts";
import type { LibraryParts } from "./library-parts.ts";
import type { RunQueueStats } from "./execution/run-queue.ts";
import type { SpaceProgress } from "./retrieval/search-spaces.ts";
import type { WriteLimitStats } from "./catalog/write-limit.ts";

/** Counts, and how the parts are doing. */
export interface LibraryStats {
  /** Directory of the embedded library, when there is one. */
  readonly path: string | undefined;
  /** Newest committed revision. */
  readonly revision: number;
  readonly skills: {
    readonly total: number;
    readonly byStatus: Readonly<Record<SkillStatus, number>>;
  };
  /** Stored versions, of removed skills too. */
  readonly versions: number;
  readonly runs: RunTotals & {
    /** Runs of this process that are not yet written. */
    readonly pending: number;
    /** Runs lost because the store stayed out of reach for too long. */
    readonly dropped: number;
    readonly lastError?: string;
  };
  readonly search: {
    /** Revision the index stands at. */
    readonly revision: number;
    readonly skills: number;
    readonly vectors: number;
    /** Skills that wait for their vector, and until then are found by keyword. */
    readonly pending: number;
    /** Id of the embedder whose vectors are compared; `null` without one. */
    readonly embedder: string | null;
    /** Why the last skills could not be embedded. */
    readonly embedderError?: string;
    /** While the embedder was changed: the one that will be used, once it is done with all skills. */
    readonly next?: SpaceProgress;
    /** What the index has done in this process. */
    readonly activity: IndexActivity;
  };
  readonly learning: LearningStats;
  readonly cache: CacheStats;
  /** Of this process, but for `heldByAll`. */
  readonly locks: LockStats & {
    /** Leases held now in any process, and how many of them are claims of skills. */
    readonly heldByAll: { readonly leases: number; readonly claims: number };
  };
  readonly sandbox: SandboxStats;
  /** Runs that callers asked for, in front of the sandbox. */
  readonly queue: RunQueueStats;
  readonly writes: WriteLimitStats;
}

export async function libraryStats(parts: LibraryParts): Promise<LibraryStats> {
  const { store, spaces, evidence, learning, cache, locks, sandbox } = parts;
  const { versions, ...byStatus } = await store.counts();
  const totals = await evidence.totals();
  await learning.refresh();
  const { index, embedder, indexer } = spaces.current;
  const { revision: indexed, skills, vectors, pending } = await index.state();
  const embedderError = indexer.embedderError ?? spaces.next?.indexer.embedderError;
  const next = await spaces.progress();
  const holders = await locks.holders("");
  // What stands around programs is known only from a start; that it fails is told by the first run.
  await sandbox.prepare?.().catch(() => undefined);
  return {
    path: parts.path,
    revision: await store.revision(),
    skills: { total: Object.values(byStatus).reduce((sum, count) => sum + count, 0), byStatus },
    versions,
    runs: { ...totals, ...evidence.recording },
    search: {
      revision: indexed,
      skills,
      vectors,
      pending,
      embedder: embedder?.id ?? null,
      ...(embedderError === undefined ? {} : { embedderError }),
      ...(next === undefined ? {} : { next }),
      activity: index.activity(),
    },
    learning: learning.stats,
    cache: cache.stats,
    locks: {
      ...locks.stats(),
      heldByAll: {
        leases: holders.length,
        claims: holders.filter(({ key }) => key.startsWith(CLAIM_PREFIX)).length,
      },
    },
    sandbox: sandbox.stats(),
    queue: parts.queue.stats(),
    writes: parts.writes.stats(),
  };
}
