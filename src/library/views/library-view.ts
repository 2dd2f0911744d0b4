/**
 * The library as it was at one revision, whatever is written meanwhile. It only reads; what it runs is
 * recorded like any run. Nothing is held open for it: a view costs what changed since its revision.
 */
import type { JsonValue } from "../../base/json.ts";
import type { Limits } from "../../base/limits.ts";
import { diffDefinitions } from "../../skill/definition-diff.ts";
import type { FieldChange } from "../../skill/definition-diff.ts";
import type { Execution } from "../../skill/execution.ts";
import type { Skill, SkillVersion } from "../../skill/skill.ts";
import type { SkillStore, StoredVersion } from "../../store/skill-store.ts";
import { executeMany } from "../execution/execute-many.ts";
import type { ExecuteManyItem, ExecuteManyOptions } from "../execution/execute-many.ts";
import { withoutProgram } from "../catalog/catalog.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { GetOptions, ListedSkill, ListOptions } from "../catalog/catalog-options.ts";
import type { ChangedSince } from "./changed-since.ts";
import type { Composer, ComposeOptions } from "../workflows/composer.ts";
import type { Evidence } from "../execution/evidence.ts";
import type { Clock } from "../../base/clock.ts";
import type { Executor } from "../execution/executor.ts";
import type { ExecuteOptions } from "../execution/execute-options.ts";
import { checkListOptions, listSkills } from "../catalog/list-skills.ts";
import { checkInteger, checkKnownOptions } from "../check-options.ts";
import type { LibraryGate } from "../library-gate.ts";
import { pinnedList } from "./pinned-list.ts";
import type { Searcher, SearchOptions, SearchResult } from "../retrieval/searcher.ts";
import { skillNotFound } from "../catalog/skill-not-found.ts";
import type { WorkflowInput, WorkflowRun } from "../workflows/workflow.ts";

/** What a view is made of, wired by `open-library.ts`. */
export interface ViewParts {
  readonly revision: number;
  readonly store: SkillStore;
  readonly changed: ChangedSince;
  readonly catalog: Catalog;
  readonly evidence: Evidence;
  readonly searcher: Searcher;
  readonly executor: Executor;
  readonly composer: Composer;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Holds the library open during a call. */
  readonly gate: LibraryGate;
}

/** The library as of one revision, for reading. Get one with `library.at`. */
export class LibraryView {
  readonly #parts: ViewParts;

  /** @internal */
  constructor(parts: ViewParts) {
    this.#parts = parts;
  }

  /** The revision that all of it is of. */
  get revision(): number {
    return this.#parts.revision;
  }

  /**
   * A skill as it was; `undefined` when there was none. Its metrics are those of now: what is known of
   * runs is no part of a revision.
   */
  get(id: string, options: Omit<GetOptions, "asOf"> = {}): Promise<Skill | undefined> {
    const { catalog, revision, gate } = this.#parts;
    return gate.during(() => {
      checkKnownOptions("get of a view", options, ["version", "useCache", "signal"]);
      return catalog.get(id, { ...options, asOf: revision });
    });
  }

  /** Summaries as they were, in order of id or as asked, a page at a time. */
  list(options: ListOptions = {}): Promise<readonly ListedSkill[]> {
    const { evidence, limits, gate } = this.#parts;
    return gate.during(() => {
      checkListOptions(options, limits);
      return listSkills({ store: this.#pinnedStore(), evidence }, options, limits);
    });
  }

  /**
   * Finds skills for a task put in words, among those there were. Which skills match, and what is
   * said of each, is of the revision; scores are near to what they were where skills changed since.
   */
  search(query: string, options?: SearchOptions): Promise<SearchResult> {
    const { searcher, gate } = this.#parts;
    return gate.during(() => searcher.search(query, options));
  }

  /**
   * Runs a skill as it was, and what it calls as that was. A version that has been quarantined since
   * is not run.
   */
  execute(id: string, context?: JsonValue, options?: ExecuteOptions): Promise<Execution> {
    const { executor, gate } = this.#parts;
    return gate.during(() => executor.execute(id, context, options));
  }

  /** Runs many as they were; executions are in the order of the items. */
  executeMany(
    items: readonly ExecuteManyItem[],
    options?: ExecuteManyOptions,
  ): Promise<readonly Execution[]> {
    return this.#parts.gate.during(() => executeMany(this.#parts, items, options));
  }

  /** Runs a workflow over skills as they were. */
  compose(
    steps: WorkflowInput,
    context?: { readonly [key: string]: JsonValue },
    options?: ComposeOptions,
  ): Promise<WorkflowRun> {
    const { composer, gate } = this.#parts;
    return gate.during(() => composer.compose(steps, context, options));
  }

  /** The record of the version that was current; @throws {SKILL_NOT_FOUND} */
  getVersion(id: string): Promise<SkillVersion> {
    return this.#parts.gate.during(async () => withoutProgram(await this.#versionOf(id)));
  }

  /** Every version there was, oldest first, also of a skill that was removed; @throws {SKILL_NOT_FOUND} */
  getVersionHistory(id: string): Promise<readonly SkillVersion[]> {
    return this.#parts.gate.during(() => this.#historyOf(id));
  }

  /** What changed from one version to another, field by field; @throws {SKILL_NOT_FOUND} */
  diff(id: string, from: number, to: number): Promise<readonly FieldChange[]> {
    return this.#parts.gate.during(async () =>
      diffDefinitions(await this.#versionOf(id, from), await this.#versionOf(id, to)),
    );
  }

  async #historyOf(id: string): Promise<readonly SkillVersion[]> {
    const { store, revision } = this.#parts;
    const history = (await store.history(id)).filter((version) => version.revision <= revision);
    const newest = history.pop();
    if (newest === undefined) throw skillNotFound(id);
    // The status of a version is settled once there is a next one.
    const last = await store.find(id, { version: newest.version, asOf: revision });
    return [...history, last ?? newest].map(withoutProgram);
  }

  async #versionOf(id: string, version?: number): Promise<StoredVersion> {
    checkInteger("version", version, 1, Number.MAX_SAFE_INTEGER);
    const found = await this.#parts.catalog.find(id, version, this.#parts.revision);
    if (found === undefined) throw skillNotFound(id, version);
    return found;
  }

  #pinnedStore(): Pick<SkillStore, "list"> {
    const { store, changed } = this.#parts;
    return { list: (filter) => pinnedList(store, changed, filter) };
  }
}
