/**
 * The socket for skills: immutable versions, one compare-and-set pointer per skill, and one
 * library-wide revision that grows by one with every committed change. It is the truth; search
 * indexes and caches are derived from it.
 *
 * Every method rejects with `STORE_UNAVAILABLE` when the store stays out of reach (busy, full, gone,
 * read-only) until its deadline, with `STORE_CORRUPT` when the data is damaged, and with `CLOSED`
 * after `close()`. A write that rejects has written nothing. A write whose guard does not hold
 * rejects with `LEASE_LOST`, or with `LOCK_TIMEOUT` where somebody else has the exclusive key.
 */
import type { Fence } from "../base/fence.ts";
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

/** What a write depends on besides the version; checked in the transaction that writes. */
export interface WriteGuard {
  /** A lease for writing that must still be held. */
  readonly lease?: Fence;
  /** A key that nobody may hold for writing but who brings its lease. */
  readonly exclusiveKey?: string;
}

export interface AppendOptions {
  /** Ends the wait for other writers; what has begun to be written is finished. */
  readonly signal?: AbortSignal | undefined;
}

export interface NewVersion {
  readonly id: string;
  readonly definition: SkillDefinition;
  readonly contentHash: string;
  /** JavaScript to run: the code with its types stripped. Absent for a skill without code. */
  readonly program?: string;
  /** Tells programs that do the same apart from others, whatever their names and layout. */
  readonly codeFingerprint?: string;
  readonly status: SkillStatus;
  readonly checks: readonly Check[];
  readonly author?: string;
  readonly message?: string;
  readonly expectedVersion: ExpectedVersion;
  /** Status the current version must have; anything else is a conflict (default: any will do). */
  readonly expectedStatus?: SkillStatus;
  readonly guard?: WriteGuard;
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
      /** Present where the version is as expected, and its status is not. */
      readonly actualStatus?: SkillStatus;
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
  /** Status the current version must have; anything else is a conflict (default: any will do). */
  readonly expectedStatus?: SkillStatus;
  readonly guard?: WriteGuard;
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

/** Which skills a reader asks for. */
export interface SkillFilter {
  readonly category?: string;
  /** Skills that have every one of these tags. */
  readonly tags?: readonly string[];
  readonly status?: SkillStatus;
}

export interface ListFilter extends SkillFilter {
  /** Only these ids. */
  readonly ids?: readonly string[];
  /**
   * `name` without regard to the case of ASCII letters, `recent` by the time of the current version,
   * latest first; ties in order of id (default: "id").
   */
  readonly orderBy?: "id" | "name" | "recent";
  /** Only what comes after this id; in another order than by id, after it and `afterKey`. */
  readonly after?: string;
  /** The name, or the time, of the place to go on from; needed with `after` in those orders. */
  readonly afterKey?: string;
  readonly limit: number;
}

/** One value of a facet, and how many skills have it. */
export interface FacetCount {
  readonly value: string;
  readonly count: number;
}

/** What there is among some skills; each facet most frequent first, ties in order of value. */
export interface SkillFacets {
  /** Skills counted. */
  readonly skills: number;
  readonly categories: readonly FacetCount[];
  readonly tags: readonly FacetCount[];
  readonly statuses: readonly FacetCount[];
  /** How many different ones there are, also beyond the limit. */
  readonly totals: { readonly categories: number; readonly tags: number };
}

/** A skill whose current version has the same content, or else the same code, as asked for. */
export interface AlikeSkill {
  readonly id: string;
  readonly status: SkillStatus;
  readonly same: "content" | "code";
}

/** Skills that declare that they call a skill. */
export interface Dependents {
  /** In order of id; the first of them where there are many. */
  readonly ids: readonly string[];
  /** How many there are. */
  readonly count: number;
}

export interface SkillStore {
  /** Whether it checks guards of writes; the library gives it none otherwise (default: false). */
  readonly checksGuards?: boolean;

  /**
   * Appends a version if `expectedVersion` holds, in one durable transaction. Content identical to
   * the current version is no conflict, whatever was expected: that version is returned with
   * `created: false`. After a removal the skill does not exist (0), and its count goes on.
   *
   * @throws {VERSION_CONFLICT} when the expectation fails
   * @throws {CANCELLED} when the signal ends the wait for other writers; nothing is stored then
   */
  append(version: NewVersion, options?: AppendOptions): Promise<Appended>;

  /** Appends each in order within one transaction; a conflict fails its item alone. */
  appendMany(
    versions: readonly NewVersion[],
    options?: AppendOptions,
  ): Promise<readonly AppendOutcome[]>;

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
    guard?: WriteGuard,
  ): Promise<{ readonly version: number; readonly revision: number }>;

  /** Summaries, in order. */
  list(filter: ListFilter): Promise<readonly SkillSummary[]>;

  /** Counts over the skills that pass the filter; at most `limit` values of a facet. */
  facets(filter: SkillFilter & { readonly limit: number }): Promise<SkillFacets>;

  /**
   * Skills that are the same: those of the same content first, then in order of id. Where there are
   * more than `limit` of the same code, which of them is the store's choice.
   */
  findAlike(
    wanted: { readonly contentHash: string; readonly codeFingerprint?: string },
    limit: number,
  ): Promise<readonly AlikeSkill[]>;

  /** Skills whose current version declares that it calls this one, which need not exist. */
  dependents(id: string, limit: number): Promise<Dependents>;

  /** Current versions of these skills, in no order; unknown and removed ids are left out. */
  findMany(ids: readonly string[]): Promise<readonly StoredVersion[]>;

  /** Number of skills by status, removed ones left out. */
  counts(): Promise<Readonly<Record<SkillStatus, number>> & { readonly versions: number }>;

  /**
   * The newest committed revision, at least as new as any commit acknowledged, by any process,
   * before the call. Returns without a promise where that is cheap.
   */
  revision(): number | Promise<number>;

  /**
   * Changes whenever another connection has committed anything, and is read anew by `revision()`
   * alone, so that it costs nothing. Absent where there is no such number.
   */
  readonly commitsSeen?: number;

  /** Changes with a greater revision, in order, at most `limit`. */
  changesSince(revision: number, limit: number): Promise<readonly Change[]>;

  close(): Promise<void>;
}
