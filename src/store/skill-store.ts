/**
 * The socket for skills: immutable versions, one compare-and-set pointer per skill, and one
 * library-wide revision that grows by one with every committed change. It is the truth; search
 * indexes and caches are derived from it.
 *
 * Every method rejects with `STORE_UNAVAILABLE` when the store stays out of reach (busy, full, gone,
 * read-only) until its deadline, with `STORE_CORRUPT` when the data is damaged, and with `CLOSED`
 * after `close()`. A write that rejects has written nothing.
 */
import type {
  Check,
  SkillDefinition,
  SkillStatus,
  SkillSummary,
  SkillVersion,
} from "../skill/skill.ts";

/**
 * What a writer expects to find: 0, the skill must not exist; a number, it must be at that version;
 * `"any"`, append after whatever is current.
 */
export type ExpectedVersion = number | "any";

export interface NewVersion {
  readonly id: string;
  readonly definition: SkillDefinition;
  readonly contentHash: string;
  /** JavaScript to run: the code with its types stripped. Absent for a skill without code. */
  readonly program?: string;
  readonly status: SkillStatus;
  readonly checks: readonly Check[];
  readonly author?: string;
  readonly message?: string;
  readonly expectedVersion: ExpectedVersion;
}

export interface Appended {
  readonly id: string;
  readonly version: number;
  readonly revision: number;
  readonly contentHash: string;
  readonly status: SkillStatus;
  /** False when the content is identical to the current version's, which is then what is returned. */
  readonly created: boolean;
  /** ISO-8601 UTC. */
  readonly createdAt: string;
}

/** The outcome of one item of {@link SkillStore.appendMany}. */
export type AppendOutcome =
  | { readonly ok: true; readonly appended: Appended }
  | {
      readonly ok: false;
      readonly expected: number;
      readonly actual: number;
      readonly actualHash: string | undefined;
    };

/** A stored version with the program to run. */
export interface StoredVersion extends SkillVersion {
  readonly program?: string;
}

export interface StatusChange {
  readonly status: SkillStatus;
  readonly reason?: string;
  readonly replacement?: string;
  readonly expectedVersion: ExpectedVersion;
}

/** One committed change, in revision order. */
export interface Change {
  readonly revision: number;
  readonly skillId: string;
  /** Version current after the change. */
  readonly version: number;
  readonly kind: "version" | "status" | "removal";
  readonly status: SkillStatus;
  /** ISO-8601 UTC. */
  readonly at: string;
}

export interface ListFilter {
  readonly category?: string;
  /** Skills that have every one of these tags. */
  readonly tags?: readonly string[];
  readonly status?: SkillStatus;
  /** Only ids that sort after this one. */
  readonly after?: string;
  readonly limit: number;
}

export interface SkillStore {
  /**
   * Appends a version if `expectedVersion` holds, in one durable transaction. Content identical to
   * the current version is no conflict, whatever was expected: that version is returned with
   * `created: false`. After a removal the skill does not exist (0), and its count goes on.
   *
   * @throws {VERSION_CONFLICT} when the expectation fails
   */
  append(version: NewVersion): Promise<Appended>;

  /** Appends each in order within one transaction; a conflict fails its item alone. */
  appendMany(versions: readonly NewVersion[]): Promise<readonly AppendOutcome[]>;

  /**
   * A version: the current one, the one numbered `version` (also of a removed skill), or the one
   * that was current at library revision `asOf`, with the status it had then.
   *
   * @returns `undefined` when there is none, or the skill is (or was then) removed
   */
  find(
    id: string,
    at?: { readonly version?: number; readonly asOf?: number },
  ): Promise<StoredVersion | undefined>;

  /** All versions, oldest first, also of a removed skill; empty when the id was never used. */
  history(id: string): Promise<readonly StoredVersion[]>;

  /**
   * Changes the status of the current version; no new version. A status it already has, with the
   * same reason and replacement, is no change: there is no new revision, and what is returned is
   * the revision of the change that set it.
   *
   * @throws {SKILL_NOT_FOUND} when there is no such skill
   * @throws {VERSION_CONFLICT} when the expectation fails
   */
  setStatus(
    id: string,
    change: StatusChange,
  ): Promise<{ readonly version: number; readonly revision: number }>;

  /**
   * Removes the skill from reads, lists and search; its history stays.
   *
   * @throws {SKILL_NOT_FOUND} when there is no such skill
   * @throws {VERSION_CONFLICT} when the expectation fails
   */
  remove(
    id: string,
    expectedVersion: ExpectedVersion,
  ): Promise<{ readonly version: number; readonly revision: number }>;

  /** Summaries in order of id. */
  list(filter: ListFilter): Promise<readonly SkillSummary[]>;

  /** Current versions of these skills, in no order; unknown and removed ids are left out. */
  findMany(ids: readonly string[]): Promise<readonly StoredVersion[]>;

  /** Number of skills by status, removed ones left out. */
  counts(): Promise<Readonly<Record<SkillStatus, number>> & { readonly versions: number }>;

  /**
   * The newest committed revision, at least as new as any commit acknowledged, by any process,
   * before the call. Returns without a promise where that is cheap.
   */
  revision(): number | Promise<number>;

  /** Changes with a greater revision, in order, at most `limit`. */
  changesSince(revision: number, limit: number): Promise<readonly Change[]>;

  close(): Promise<void>;
}
