/**
 * The skills that changed since a revision, each as it was then. Everything else is as it was, so a
 * reader of the present who leaves these out, and takes them from here, reads the past.
 */
import { RepertoireError } from "../../base/errors.ts";
import type { SkillSummary } from "../../skill/skill.ts";
import type { SkillStore, StoredVersion } from "../../store/skill-store.ts";
import { summaryOf } from "../retrieval/indexer.ts";

/** Changes read at once. */
const PAGE = 1000;

export interface ChangedSinceParts {
  readonly store: SkillStore;
  readonly revision: number;
  /** Most skills that are remembered. */
  readonly maxSkills: number;
}

export class ChangedSince {
  readonly #parts: ChangedSinceParts;
  /** `undefined` for a skill that was not there. */
  readonly #then = new Map<string, SkillSummary | undefined>();
  #seen: number;
  #refreshing: Promise<void> | undefined;

  constructor(parts: ChangedSinceParts) {
    this.#parts = parts;
    this.#seen = parts.revision;
  }

  /** Skills that have changed, up to the last refresh. */
  get size(): number {
    return this.#then.size;
  }

  has(id: string): boolean {
    return this.#then.has(id);
  }

  ids(): Iterable<string> {
    return this.#then.keys();
  }

  /** Those that were there, as they were. */
  *summaries(): Generator<SkillSummary> {
    for (const summary of this.#then.values()) if (summary !== undefined) yield summary;
  }

  /** A skill as it was; `undefined` when it was not there. */
  find(id: string): Promise<StoredVersion | undefined> {
    return this.#parts.store.find(id, { asOf: this.#parts.revision });
  }

  /**
   * Takes in every change committed before the call.
   *
   * @throws {LIMIT_EXCEEDED} when more skills changed than are remembered
   * @throws {STORE_UNAVAILABLE} when the library has another history now, as after a restore
   */
  async refresh(): Promise<void> {
    const target = await this.#parts.store.revision();
    if (target < this.#parts.revision) throw otherHistory(this.#parts.revision, target);
    while (this.#seen < target) {
      this.#refreshing ??= this.#readPage().finally(() => {
        this.#refreshing = undefined;
      });
      await this.#refreshing;
    }
  }

  async #readPage(): Promise<void> {
    const { store, revision, maxSkills } = this.#parts;
    const changes = await store.changesSince(this.#seen, PAGE);
    const last = changes.at(-1);
    if (last === undefined) throw otherHistory(this.#seen, await store.revision());
    for (const { skillId } of changes) {
      if (this.#then.has(skillId)) continue;
      if (this.#then.size >= maxSkills)
        throw new RepertoireError(
          "LIMIT_EXCEEDED",
          `More than ${maxSkills} skills have changed since revision ${revision}, too many to list or search as of then; take a view of a newer revision, read skills by id, or raise limits.viewChanges`,
          { details: { limit: "viewChanges", max: maxSkills, revision } },
        );
      const found = await this.find(skillId);
      this.#then.set(skillId, found && summaryOf(found));
    }
    this.#seen = last.revision;
  }
}

function otherHistory(revision: number, found: number): RepertoireError {
  return new RepertoireError(
    "STORE_UNAVAILABLE",
    `The library is at revision ${found}, before the ${revision} of this view: it has another history since, as after a restore; take a new view`,
    { details: { revision, found } },
  );
}
