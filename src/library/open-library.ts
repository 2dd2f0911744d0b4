/**
 * The one place where a library's drivers are chosen (the engine of the sandbox by
 * `choose-sandbox.ts`): every socket the caller left empty gets its
 * embedded driver, and what is opened here is closed here, in reverse.
 */
import { join } from "node:path";
import { systemClock } from "../base/clock.ts";
import { closers } from "../base/closers.ts";
import type { Closers } from "../base/closers.ts";
import { SkillCache } from "../cache/skill-cache.ts";
import { memoryLocks } from "../lock/memory-locks.ts";
import { sqliteLocks } from "../lock/sqlite/sqlite-locks.ts";
import type { Embedder } from "../search/embedder.ts";
import type { SearchIndex } from "../search/search-index.ts";
import { sqliteSearchIndex } from "../search/sqlite-index.ts";
import { staticEmbedder } from "../search/static-embedder.ts";
import {
  beingRestored,
  finishRestoration,
  isRestorationOpen,
} from "../store/sqlite/maintenance/finish-restoration.ts";
import { sqliteLibraryFiles } from "../store/sqlite/maintenance/library-files.ts";
import { sqliteRunStore } from "../store/sqlite/sqlite-run-store.ts";
import { sqliteSkillStore } from "../store/sqlite/sqlite-skill-store.ts";
import { Admission } from "./catalog/admission.ts";
import { Catalog } from "./catalog/catalog.ts";
import { Claims } from "./catalog/claims.ts";
import { isSandbox, openSandbox } from "./execution/choose-sandbox.ts";
import { checkLibraryOptions } from "./check-library-options.ts";
import { Coherence } from "./coherence.ts";
import { Composer } from "./workflows/composer.ts";
import { draftChecker } from "./catalog/draft-check/draft-checker.ts";
import { DraftPreparer } from "./catalog/draft-preparer.ts";
import { Evidence } from "./execution/evidence.ts";
import { Executor } from "./execution/executor.ts";
import type { ExecutorParts } from "./execution/executor.ts";
import { fetchSettings } from "./execution/host-fetch/fetch-settings.ts";
import { hostFetch } from "./execution/host-fetch/host-fetch.ts";
import { JournalKeeper } from "./execution/journal-keeper.ts";
import { indexName } from "./index-name.ts";
import { Learning } from "./retrieval/learning.ts";
import { defaultLibraryPath, prepareDirectory } from "./library-path.ts";
import type { ViewSources } from "./views/make-view.ts";
import { Neighbours } from "./retrieval/neighbours.ts";
import { openSpaces } from "./retrieval/open-spaces.ts";
import { offerTools } from "./execution/offered-tools.ts";
import type { LibraryOptions } from "./options.ts";
import { policyRules } from "./execution/policy.ts";
import { Replayer } from "./execution/replayer.ts";
import { runQueue } from "./execution/run-queue.ts";
import { runQuotas } from "./execution/run-quotas.ts";
import { resolveLimits } from "./resolve-limits.ts";
import { Searcher } from "./retrieval/searcher.ts";
import type { SearcherParts } from "./retrieval/searcher.ts";
import { SkillLibrary } from "./skill-library.ts";
import { SyncLibrary } from "./sync/sync-library.ts";
import { writeLimit } from "./catalog/write-limit.ts";

/** Runs let into a sandbox that does not say how many it can have under way. */
const UNKNOWN_CAPACITY = 32;

/**
 * Opens a library, creating it when there is none.
 *
 * @param where its directory, or all options
 * @throws {INVALID_INPUT} for an option that is wrong, or a path that is a file
 * @throws {STORE_UNAVAILABLE} when the directory or a file in it is out of reach
 * @throws {STORE_CORRUPT} when a file is damaged or is not a library's
 */
export async function openLibrary(where: string | LibraryOptions = {}): Promise<SkillLibrary> {
  const options = typeof where === "string" ? { path: where } : checkLibraryOptions(where);
  const opened = closers();
  try {
    return await assemble(options, opened);
  } catch (error) {
    await opened.closeAll();
    throw error;
  }
}

async function assemble(options: LibraryOptions, opened: Closers): Promise<SkillLibrary> {
  const limits = resolveLimits(options.limits);
  const { clock = systemClock, durability = "full" } = options;
  // These check what they are given, so before anything is created.
  const cache = new SkillCache({
    maxEntries: limits.cacheEntries,
    ttlMs: limits.cacheTtlMs,
    ...options.cache,
    clock,
  });
  const policy = options.policy ?? {};
  const tools = offerTools(options.tools, limits.maxTimeoutMs);
  const host = { tools, policy, rules: policyRules(policy) };
  const fetcher = opened.own(hostFetch(fetchSettings(policy.fetch)));
  const isEmbedded = options.store === undefined;
  const needsPath = isEmbedded || options.runs === undefined || options.index === undefined;
  const path = needsPath
    ? prepareDirectory(options.path === undefined ? defaultLibraryPath() : options.path)
    : undefined;
  const file = (name: string): string => join(path as string, name);
  const { own } = opened;
  const busyMs = limits.storeBusyMs;
  if (path !== undefined) await finishRestoration(path, { busyMs, clock });

  const store =
    options.store ??
    own(await sqliteSkillStore({ path: file("library.sqlite"), durability, busyMs, clock }));
  const runs =
    options.runs ??
    own(
      await sqliteRunStore({
        path: file("runs.sqlite"),
        busyMs,
        clock,
        maxRecords: limits.runRecords,
        maxJournalBytes: limits.journalsBytes,
      }),
    );
  // Begun meanwhile: what is open may be the files of two libraries.
  if (path !== undefined && isRestorationOpen(path)) throw beingRestored(path);
  const isOwn = isEmbedded && options.runs === undefined;
  const files = isOwn
    ? sqliteLibraryFiles({ skills: file("library.sqlite"), runs: file("runs.sqlite") })
    : undefined;
  const embedder =
    options.embedder === false ? undefined : (options.embedder ?? (await staticEmbedder()));
  const openIndex = async (path: string, space: Embedder | undefined): Promise<SearchIndex> =>
    own(await sqliteSearchIndex({ path, busyMs, clock, ...spaceOf(space) }));
  const index = options.index ?? (await openIndex(file(indexName(embedder)), embedder));
  const bundled = await staticEmbedder();
  const closing = new AbortController();
  const spaces = await openSpaces({
    store,
    clock,
    closing: closing.signal,
    index,
    embedder,
    openIndex,
    ...(options.index === undefined
      ? { fallback: { embedder: bundled, path: file(indexName(bundled)) } }
      : {}),
  });
  const sandbox = isSandbox(options.sandbox)
    ? options.sandbox
    : await openSandbox(options.sandbox ?? {}, own);
  // After the store, whose file they are in: it makes sure that it is a library's.
  const locks =
    options.locks ??
    own(
      isEmbedded
        ? await sqliteLocks({ path: file("library.sqlite"), busyMs, clock })
        : memoryLocks({ clock }),
    );
  const claims = new Claims({
    store,
    locks,
    clock,
    limits,
    shareFile: isEmbedded && options.locks === undefined,
    areExclusive: policy.claims === "exclusive",
  });

  const coherence = new Coherence({ store, cache });
  const evidence = own(new Evidence({ runs, clock }));
  const learning = own(
    new Learning({
      runs,
      embedder: () => spaces.current.embedder,
      clock,
      isEnabled: options.learning ?? true,
    }),
  );
  const admission: Admission = new Admission({
    checker: own(draftChecker()),
    sandbox,
    limits,
    clock,
    closing: closing.signal,
    runSkill: (id, call) => executor.runForCheck(id, call),
  });
  const neighbours = new Neighbours({
    store,
    spaces,
    clock,
    search: (query, searched) => searcher.answer(query, searched),
    queriesOf: (id, limit) => learning.queriesOf(id, limit),
    limits,
  });
  const catalog = new Catalog({
    store,
    cache,
    coherence,
    evidence,
    claims,
    limits,
  });
  const duplicates = policy.duplicates ?? "warn";
  const preparer = new DraftPreparer({
    store,
    catalog,
    admission,
    claims,
    duplicates,
    limits,
    clock,
  });
  const find: Catalog["find"] = (id, version) => catalog.find(id, version);
  const queue = runQueue({
    quotas: runQuotas(policy.quotas, clock),
    capacity: sandbox.capacity ?? UNKNOWN_CAPACITY,
    maxWaiting: limits.queuedRuns,
    clock,
  });
  const executorParts: ExecutorParts = {
    find,
    sandbox,
    queue,
    evidence,
    learning,
    journals: new JournalKeeper(options.journals ?? "full", limits),
    host,
    hostFetch: fetcher,
    limits,
    clock,
    closing: closing.signal,
  };
  const executor: Executor = new Executor(executorParts);
  const searcherParts: SearcherParts = {
    spaces,
    cache,
    coherence,
    evidence,
    learning,
    claims,
    clock,
    limits,
    find,
  };
  const searcher: Searcher = new Searcher(searcherParts);
  const viewSources: ViewSources = {
    store,
    catalog,
    evidence,
    limits,
    executor: executorParts,
    searcher: searcherParts,
  };
  const composer = new Composer({ executor, find, limits, clock });
  const replayer = new Replayer({
    catalog,
    evidence,
    sandbox,
    limits,
    clock,
    closing: closing.signal,
  });
  const sync = own(
    new SyncLibrary({
      options: path === undefined ? options : { ...options, path },
      evidence,
    }),
  );
  own({ close: () => spaces.settle() });
  spaces.resume();

  return new SkillLibrary({
    path,
    store,
    files,
    sandbox,
    locks,
    tools,
    cache,
    evidence,
    learning,
    spaces,
    catalog,
    preparer,
    claims,
    neighbours,
    duplicates,
    searcher,
    executor,
    composer,
    replayer,
    viewSources,
    queue,
    writes: writeLimit(limits.queuedWrites, clock),
    sync,
    limits,
    clock,
    closing,
    close: () => opened.closeAll(),
  });
}

function spaceOf(embedder: Embedder | undefined): { embedderId?: string; dimensions?: number } {
  return embedder === undefined ? {} : { embedderId: embedder.id, dimensions: embedder.dimensions };
}
