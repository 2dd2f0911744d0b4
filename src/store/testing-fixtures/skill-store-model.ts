/**
 * The simplest thing a skill store could be: an array of changes and an array of versions, searched
 * from end to end. What it answers is what a store must answer.
 */
import { VersionConflictError, RepertoireError } from "../../base/errors.ts";
import type {
  Appended,
  Change,
  ExpectedVersion,
  NewVersion,
  StatusChange,
  StoredVersion,
} from "../skill-store.ts";

interface ModelChange extends Change {
  readonly reason?: string | undefined;
  readonly replacement?: string | undefined;
}

export class SkillStoreModel {
  readonly #at: string;
  readonly #changes: ModelChange[] = [];
  readonly #versions: { readonly item: NewVersion; readonly version: number; revision: number }[] =
    [];

  /** @param at The time of everything, ISO-8601 UTC */
  constructor(at: string) {
    this.#at = at;
  }

  get revision(): number {
    return this.#changes.length;
  }

  append(item: NewVersion): Appended {
    const current = this.find(item.id);
    if (current?.contentHash === item.contentHash) return this.#appended(current, false);
    this.#expect(item.id, item.expectedVersion, current);
    const version = this.history(item.id).length + 1;
    const revision = this.#change(item.id, version, "version", { status: item.status });
    this.#versions.push({ item, version, revision });
    return this.#appended(this.find(item.id) as StoredVersion, true);
  }

  setStatus(id: string, change: StatusChange): { version: number; revision: number } {
    const { version, status, statusReason, replacement } = this.#existing(
      id,
      change.expectedVersion,
    );
    const isSame =
      status === change.status &&
      statusReason === change.reason &&
      replacement === change.replacement;
    const last = this.#changes.findLast(({ skillId }) => skillId === id);
    if (isSame && last) return { version, revision: last.revision };
    return { version, revision: this.#change(id, version, "status", change) };
  }

  remove(id: string, expectedVersion: ExpectedVersion): { version: number; revision: number } {
    const found = this.#existing(id, expectedVersion);
    const { version, status, statusReason: reason, replacement } = found;
    const fields = { status, reason, replacement };
    return { version, revision: this.#change(id, version, "removal", fields) };
  }

  find(id: string, at: { version?: number; asOf?: number } = {}): StoredVersion | undefined {
    const upTo = at.asOf ?? this.revision;
    const last = this.#changes.findLast(
      (change) =>
        change.skillId === id &&
        change.revision <= upTo &&
        (at.version === undefined || change.version === at.version),
    );
    if (!last || (at.version === undefined && last.kind === "removal")) return undefined;
    return this.#stored(last);
  }

  history(id: string): StoredVersion[] {
    const versions = this.#versions.filter(({ item }) => item.id === id);
    return versions.map(({ version }) => this.find(id, { version }) as StoredVersion);
  }

  changesSince(revision: number): Change[] {
    return this.#changes
      .slice(revision)
      .map(({ reason: _reason, replacement: _replacement, ...change }) => change);
  }

  #stored(last: ModelChange): StoredVersion {
    const found = this.#versions.find(
      ({ item, version }) => item.id === last.skillId && version === last.version,
    );
    if (!found) throw new Error("the model has lost a version");
    const { item, version, revision } = found;
    return {
      id: item.id,
      version,
      revision,
      contentHash: item.contentHash,
      status: last.status,
      ...(last.reason === undefined ? {} : { statusReason: last.reason }),
      ...(last.replacement === undefined ? {} : { replacement: last.replacement }),
      checks: item.checks,
      ...(item.author === undefined ? {} : { author: item.author }),
      ...(item.message === undefined ? {} : { message: item.message }),
      createdAt: this.#at,
      ...item.definition,
      ...(item.program === undefined ? {} : { program: item.program }),
    };
  }

  #change(
    skillId: string,
    version: number,
    kind: Change["kind"],
    fields: Pick<ModelChange, "status" | "reason" | "replacement">,
  ): number {
    const { status, reason, replacement } = fields;
    const revision = this.revision + 1;
    this.#changes.push({
      revision,
      skillId,
      version,
      kind,
      status,
      at: this.#at,
      reason,
      replacement,
    });
    return revision;
  }

  #existing(id: string, expected: ExpectedVersion): StoredVersion {
    const current = this.find(id);
    if (!current)
      throw new RepertoireError(
        "SKILL_NOT_FOUND",
        `There is no skill "${id}"; list the skills to see their ids`,
      );
    this.#expect(id, expected, current);
    return current;
  }

  #expect(id: string, expected: ExpectedVersion, current: StoredVersion | undefined): void {
    const actual = current?.version ?? 0;
    if (expected !== "any" && expected !== actual)
      throw new VersionConflictError(id, expected, actual, current?.contentHash);
  }

  #appended(found: StoredVersion, created: boolean): Appended {
    const { id, version, revision, contentHash, status, createdAt } = found;
    return { id, version, revision, contentHash, status, created, createdAt };
  }
}
