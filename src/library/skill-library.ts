/** The facade: one method per thing a caller can do, each one line into the part that does it. */
import type { JsonValue } from "../base/json.ts";
import { loopTurn } from "../base/loop-turns.ts";
import type { CacheControl } from "../cache/cache-stats.ts";
import type { Lease, LockDriver } from "../lock/lock-driver.ts";
import type { FieldChange } from "../skill/definition-diff.ts";
import type { Execution } from "../skill/execution.ts";
import type { Skill, SkillStatus, SkillVersion } from "../skill/skill.ts";
import type { BackupOptions, BackupResult } from "../store/library-files.ts";
import type { RunFilter, RunRecord } from "../store/run-store.ts";
import type { Dependents, SkillFacets } from "../store/skill-store.ts";
import { addMany } from "./catalog/add-many.ts";
import { addSkill } from "./catalog/add-skill.ts";
import { removeSkill, rollBack, setStatus } from "./catalog/change-skill.ts";
import { executeMany } from "./execution/execute-many.ts";
import type { AddManyOptions, AddOutcome } from "./catalog/add-many.ts";
import type { ExecuteManyItem, ExecuteManyOptions } from "./execution/execute-many.ts";
import type {
  AddOptions,
  AddResult,
  ChangeOptions,
  ChangeResult,
  DependentsOptions,
  FacetOptions,
  GetOptions,
  ListedSkill,
  ListOptions,
  RollbackOptions,
  StatusOptions,
} from "./catalog/catalog-options.ts";
import type { ClaimOptions } from "./catalog/claims.ts";
import type { ComposeOptions } from "./workflows/composer.ts";
import { confusableSkills } from "./retrieval/confusable.ts";
import type { ConfusableOptions, ConfusableSkills } from "./retrieval/confusable.ts";
import type { ExecuteOptions } from "./execution/execute-options.ts";
import { backUp, checkLibrary, repairLibrary } from "./look-after.ts";
import type { CheckLibraryOptions, LibraryCheck, LibraryRepair } from "./look-after.ts";
import { learnedControl } from "./retrieval/learned-control.ts";
import type { LearnedControl } from "./retrieval/learned-control.ts";
import { closedError, LibraryGate } from "./library-gate.ts";
import type { LibraryParts } from "./library-parts.ts";
import type { LibraryStats } from "./library-stats.ts";
import { libraryStats } from "./library-stats.ts";
import type { LibraryView } from "./views/library-view.ts";
import { makeView } from "./views/make-view.ts";
import type { ToolInfo } from "./options.ts";
import { measureGrants } from "./execution/measure-grants.ts";
import type { MeasuredGrants, MeasureGrantsOptions } from "./execution/measure-grants.ts";
import type { Replay, ReplayOptions } from "./execution/replayer.ts";
import { listRuns, redactRun } from "./execution/recorded-runs.ts";
import type { SearchOptions, SearchResult } from "./retrieval/searcher.ts";
import type { SyncLibrary } from "./sync/sync-library.ts";
import { untilClosed } from "./until-closed.ts";
import { updateSkill } from "./catalog/update-skill.ts";
import type { ChangeDraft, UpdateOptions } from "./catalog/update-skill.ts";
import type { WorkflowInput, WorkflowRun } from "./workflows/workflow.ts";
import { saveWorkflow } from "./workflows/workflow-skill.ts";
import type { WorkflowDraft } from "./workflows/workflow-skill.ts";

/** A library of skills that many agents share. Open one with `openLibrary`. */
export class SkillLibrary implements AsyncDisposable {
  readonly #parts: LibraryParts;
  readonly #gate: LibraryGate;
  #closed: Promise<void> | undefined;

  /** @internal */
  constructor(parts: LibraryParts) {
    this.#parts = parts;
    this.#gate = new LibraryGate(parts);
  }

  /** Whether `close()` was called. */
  get isClosed(): boolean {
    return this.#gate.isClosed;
  }

  /** Watch the cache, or drop what is in it. */
  get cache(): CacheControl {
    return this.#parts.cache;
  }

  /** What searches have learned from use, to look at and to remove. */
  get learned(): LearnedControl {
    return learnedControl(this.#parts, () => this.#gate.enter());
  }

  /**
   * Locks for callers' own critical sections, by key; in an embedded library between all processes
   * that have it open. Keys that begin with `skill:` are those of claims.
   */
  get locks(): Omit<LockDriver, "close"> {
    return this.#parts.locks;
  }

  /** What the tools say of themselves that skills of this library may be granted. */
  get tools(): readonly ToolInfo[] {
    return [...this.#parts.tools.values()].map(({ about }) => about);
  }

  /** `add`, `get`, `search` and `execute`, synchronous; `SYNC_UNSUPPORTED` unless the library is embedded. */
  get sync(): SyncLibrary {
    return this.#parts.sync;
  }

  /**
   * Checks a draft and stores it as a new version.
   *
   * @throws {INVALID_DRAFT} with every issue when the draft can not be a skill
   * @throws {VALIDATION_FAILED} with every check when an example does not hold
   * @throws {VERSION_CONFLICT} when `expectedVersion` does not hold; nothing is stored
   */
  add(draft: unknown, options?: AddOptions): Promise<AddResult> {
    return this.#write(() => addSkill(this.#parts, draft, options));
  }

  /**
   * Changes a skill: reads it, lets `change` make the next draft of it, and adds that on the condition
   * that nobody else was faster; otherwise begins again with the newest version.
   *
   * @param change called once more for every retry; returns nothing to leave the skill as it is
   * @throws {SKILL_NOT_FOUND} when there is no such skill, and no `orAdd`
   * @throws {VERSION_CONFLICT} of the last attempt, after all retries
   * @throws what `add` throws, and whatever `change` throws
   */
  update(id: string, change: ChangeDraft, options?: UpdateOptions): Promise<AddResult> {
    return updateSkill(this, id, change, options);
  }

  /** Adds many drafts; one bad draft never spoils the rest. One outcome per draft, in order. */
  addMany(drafts: readonly unknown[], options?: AddManyOptions): Promise<readonly AddOutcome[]> {
    return this.#write(() => addMany(this.#parts, drafts, options));
  }

  /** A skill as it is now, at a version, or as of a library revision; `undefined` when there is none. */
  get(id: string, options?: GetOptions): Promise<Skill | undefined> {
    if (this.#gate.isClosed) return Promise.reject(closedError());
    const turn = loopTurn();
    if (turn !== undefined) return turn.then(() => this.get(id, options));
    return this.#parts.catalog.get(id, options);
  }

  /** Summaries in order of id or as asked, a page at a time. */
  list(options?: ListOptions): Promise<readonly ListedSkill[]> {
    return this.#gate.during(() => this.#parts.catalog.list(options));
  }

  /** Counts of the categories, tags and statuses among all skills, or those that pass a filter. */
  facets(options?: FacetOptions): Promise<SkillFacets> {
    return this.#gate.during(() => this.#parts.catalog.facets(options));
  }

  /** Finds skills for a task put in words. */
  search(query: string, options?: SearchOptions): Promise<SearchResult> {
    return this.#gate.during(() => this.#parts.searcher.search(query, options));
  }

  /**
   * Runs a skill in the sandbox. How the skill fails is in the execution and never thrown.
   *
   * @param context JSON given to the skill (default: `{}`)
   * @throws {NOT_EXECUTABLE} when the skill has no code, or its status does not allow running it by id
   */
  execute(id: string, context?: JsonValue, options?: ExecuteOptions): Promise<Execution> {
    return this.#gate.during(() => this.#parts.executor.execute(id, context, options));
  }

  /** Runs many; executions are in the order of the items. */
  executeMany(
    items: readonly ExecuteManyItem[],
    options?: ExecuteManyOptions,
  ): Promise<readonly Execution[]> {
    return this.#gate.during(() => executeMany(this.#parts, items, options));
  }

  /**
   * Runs a workflow: skills in sequence, or in parallel where `needs` allows it.
   *
   * @throws {INVALID_INPUT} for malformed steps, unknown needs or a cycle, before anything runs
   * @throws {SKILL_NOT_FOUND} when a step's skill is not in the library, before anything runs
   */
  compose(
    steps: WorkflowInput,
    context?: { readonly [key: string]: JsonValue },
    options?: ComposeOptions,
  ): Promise<WorkflowRun> {
    return this.#gate.during(() => this.#parts.composer.compose(steps, context, options));
  }

  /** Saves a workflow as a skill that is run, versioned and composed like any other. */
  saveWorkflow(draft: WorkflowDraft, options?: AddOptions): Promise<AddResult> {
    return this.#write(() => saveWorkflow(this.#parts, draft, options));
  }

  /**
   * What a skill needs to be granted, found by running it with nothing granted and no effects.
   *
   * @throws {SKILL_NOT_FOUND} when there is no such skill or version
   * @throws {NOT_EXECUTABLE} when it has no code
   */
  measureGrants(id: string, options?: MeasureGrantsOptions): Promise<MeasuredGrants> {
    return this.#gate.during(() => measureGrants(this.#parts, id, options));
  }

  /** The record of a skill's current version; @throws {SKILL_NOT_FOUND} */
  getVersion(id: string): Promise<SkillVersion> {
    return this.#gate.during(() => this.#parts.catalog.getVersion(id));
  }

  /** Every version, oldest first, also of a removed skill; @throws {SKILL_NOT_FOUND} when the id was never used */
  getVersionHistory(id: string): Promise<readonly SkillVersion[]> {
    return this.#gate.during(() => this.#parts.catalog.getVersionHistory(id));
  }

  /** What changed from one version to another, field by field; @throws {SKILL_NOT_FOUND} */
  diff(id: string, from: number, to: number): Promise<readonly FieldChange[]> {
    return this.#gate.during(() => this.#parts.catalog.diff(id, from, to));
  }

  /** Makes a new version with the content of an old one; @throws {SKILL_NOT_FOUND} {VERSION_CONFLICT} */
  rollback(id: string, version: number, options?: RollbackOptions): Promise<AddResult> {
    return this.#write(() => rollBack(this.#parts, id, version, options));
  }

  /** Changes the status of a skill; no new version; @throws {SKILL_NOT_FOUND} {VERSION_CONFLICT} */
  setStatus(
    id: string,
    status: SkillStatus,
    options?: StatusOptions,
  ): Promise<ChangeResult & { readonly status: SkillStatus }> {
    return this.#write(() => setStatus(this.#parts, id, status, options));
  }

  /** Takes a skill out of the library; its history stays; @throws {SKILL_NOT_FOUND} {VERSION_CONFLICT} */
  remove(id: string, options?: ChangeOptions): Promise<ChangeResult> {
    return this.#write(() => removeSkill(this.#parts, id, options));
  }

  /**
   * Says that the caller is at work on a skill, which need not exist yet; others see it in what they
   * read, and can not claim it meanwhile. Given as the `lease` of a write, it has the write refused
   * when the claim is over.
   *
   * @throws {LOCK_TIMEOUT} when somebody else has claimed it; it tells who, and until when
   * @throws {LEASE_LOST} when it is given a `token` whose claim is over
   */
  claim(id: string, options?: ClaimOptions): Promise<Lease> {
    // Without the gate: closing ends the wait for a claim, and need not wait for it.
    if (this.#gate.isClosed) return Promise.reject(closedError());
    return this.#parts.claims.claim(id, options);
  }

  /** Ends the claim of a skill, whoever has it; whether there was one. */
  endClaim(id: string): Promise<boolean> {
    return this.#gate.during(() => this.#parts.claims.end(id));
  }

  /** Skills whose current version declares that it calls this one, in order of id. */
  dependents(id: string, options?: DependentsOptions): Promise<Dependents> {
    return this.#gate.during(() => this.#parts.catalog.dependents(id, options));
  }

  /**
   * Groups of active skills that search can hardly tell apart, most alike first. It compares every
   * skill with every other: seconds for 10,000, and never longer than half a minute.
   */
  confusable(options?: ConfusableOptions): Promise<ConfusableSkills> {
    return this.#gate.during(() =>
      untilClosed(this.#parts, options?.signal, (signal) =>
        confusableSkills(this.#parts, { ...options, signal }),
      ),
    );
  }

  /** Recorded runs, newest first. */
  listRuns(filter?: Partial<RunFilter>): Promise<readonly RunRecord[]> {
    return this.#gate.during(() => listRuns(this.#parts, filter));
  }

  /**
   * One recorded run, without its value; `undefined` when it is unknown or was pruned. Its `journal`
   * says whether it can be replayed.
   */
  getRun(runId: string): Promise<RunRecord | undefined> {
    return this.#gate.during(() => this.#parts.evidence.find(runId));
  }

  /**
   * Repeats a recorded run from its journal, without the host: no tool, skill or network is asked,
   * and nothing is recorded. Against another version it tells where that one does something else.
   *
   * @throws {RUN_NOT_FOUND} when the run is unknown or was pruned
   * @throws {NOT_EXECUTABLE} when it has no journal, and why
   * @throws {SKILL_NOT_FOUND} when there is no such version
   * @throws {CANCELLED} when its signal aborts
   */
  replay(runId: string, options?: ReplayOptions): Promise<Replay> {
    return this.#gate.during(() => this.#parts.replayer.replay(runId, options));
  }

  /**
   * Removes for good what a run may have been told: its journal, logs, warnings and the text of its
   * error. That it ran, when and how it ended stays known. Runs that it called or was called by
   * have records of their own.
   *
   * @returns the record as it is now
   * @throws {RUN_NOT_FOUND} when the run is unknown or was pruned
   */
  redactRun(runId: string): Promise<RunRecord> {
    return this.#gate.during(() => redactRun(this.#parts, runId));
  }

  /**
   * The library as it is at one revision, whatever is written meanwhile: one consistent set of skills
   * for the whole run of an agent.
   *
   * @param revision one that is there; 0 is the empty library (default: the newest)
   * @throws {INVALID_INPUT} when it is none, or still to come
   */
  at(revision?: number): Promise<LibraryView> {
    return this.#gate.during(() => makeView(this.#parts.viewSources, this.#gate, revision));
  }

  /** Counts, and how the parts are doing. */
  stats(): Promise<LibraryStats> {
    return this.#gate.during(() => libraryStats(this.#parts));
  }

  /** Builds the search index anew from the store; resolves when all is embedded or the embedder fails. */
  reindex(): Promise<void> {
    return this.#gate.during(async () => {
      await this.#parts.spaces.rebuild();
    });
  }

  /**
   * Reads everything that is stored and tells what is wrong: damaged files, versions whose content is
   * not that of their hash, holes in histories, counters that do not add up, and an index that differs
   * from the skills. Beside whoever reads and writes, on threads of its own; seconds for 100,000 versions.
   */
  check(options?: CheckLibraryOptions): Promise<LibraryCheck> {
    return this.#gate.during(() => checkLibrary(this.#parts, options));
  }

  /** Makes anew what is derived from what is whole, and says what only a backup can bring back. */
  repair(options?: CheckLibraryOptions): Promise<LibraryRepair> {
    return this.#gate.during(() => repairLibrary(this.#parts, options));
  }

  /**
   * Writes a copy of the library as it is at one moment, while any process writes: every change that
   * was acknowledged before the call is in it. It is checked before it gets its name. `restoreLibrary`
   * makes a library of it; what is derived, such as the search index, is not in it.
   *
   * @param path a directory, or a file when it ends in `.tar`, `.tar.gz` or `.tgz`
   * @throws {INVALID_INPUT} when there is something at the path and `force` is not given, or it is no backup
   * @throws {STORE_CORRUPT} when the library is not whole; nothing is written
   * @throws {STORE_UNAVAILABLE} when the disk is full or the path is out of reach; nothing is left there
   * @throws {CANCELLED} when its signal aborts; nothing is left there
   */
  backup(path: string, options?: BackupOptions): Promise<BackupResult> {
    return this.#gate.during(() => backUp(this.#parts, path, options));
  }

  /**
   * Stops runs in flight (they end as `cancelled`), waits for every call under way, writes what is
   * pending, and closes what the library opened itself. Calls made later reject with `CLOSED`.
   */
  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(): Promise<void> {
    await this.#gate.close();
    await this.#parts.close();
  }

  /** What was written is indexed soon, without anyone waiting. */
  #write<T>(work: () => Promise<T>): Promise<T> {
    return this.#gate.duringWrite(async () => {
      const written = await work();
      this.#parts.spaces.nudge();
      return written;
    });
  }
}
