/** What the catalog is asked, and what it answers. */
import type { Fence } from "../../base/fence.ts";
import type { Check, SkillClaim, SkillStatus, SkillSummary } from "../../skill/skill.ts";
import type { SimilarSkill } from "../retrieval/neighbours.ts";
import type { Appended, Dependents, ExpectedVersion } from "../../store/skill-store.ts";

export interface AddOptions {
  /** 0 (default): must not exist; a number: must be at that version; "any": append after whatever is current. */
  readonly expectedVersion?: ExpectedVersion;
  /** Status the current version must have, where there is one (default: any will do). */
  readonly expectedStatus?: SkillStatus;
  /** Whether to run the examples (default: true). Structural checks always run. */
  readonly validate?: boolean;
  /** Who adds it (default: the draft's author). */
  readonly author?: string;
  /** Why this version is made. */
  readonly message?: string;
  /** The write is refused with `LEASE_LOST` unless this lease is still held when it is made. */
  readonly lease?: Fence;
  readonly signal?: AbortSignal;
}

/** What came of adding a draft. */
export interface AddResult extends Omit<Appended, "createdAt"> {
  /** The checks it passed; empty when they were skipped. */
  readonly checks: readonly Check[];
  /** Things worth knowing that did not stop it. */
  readonly warnings: readonly string[];
  /** Skills it is easily taken for, duplicates first, at most 5; absent when there are none. */
  readonly similar?: readonly SimilarSkill[];
}

export interface GetOptions {
  /** Version to read (default: the current one). */
  readonly version?: number;
  /** Read as of this library revision. */
  readonly asOf?: number;
  /** Whether a cached answer will do; it is as fresh as any other (default: true). */
  readonly useCache?: boolean;
  readonly signal?: AbortSignal;
}

/** What a list can be in the order of; ties are in order of id. */
export type ListOrder = "id" | "name" | "recent" | "uses" | "success";

export interface ListOptions {
  readonly category?: string;
  /** Skills that have every one of these tags. */
  readonly tags?: readonly string[];
  readonly status?: SkillStatus;
  /**
   * `name` from A to Z, `recent` by the time of the current version, `uses` and `success` by evidence,
   * best first and skills without any last (default: "id").
   */
  readonly orderBy?: ListOrder;
  /**
   * Start after this: the `cursor` of the last entry of the page before, or, in the order of ids, its
   * id. A cursor keeps its place although the skill there changes or is removed.
   */
  readonly after?: string;
  /** (default: 100) */
  readonly limit?: number;
}

/** An entry of a list. */
export interface ListedSkill extends SkillSummary {
  /** Who has claimed the skill; absent when nobody has. */
  readonly claim?: SkillClaim;
  /** Where the next page goes on from; absent in the order of ids, where the id says it. */
  readonly cursor?: string;
  /** In the orders by evidence: how often it was run. */
  readonly uses?: number;
  /** In the orders by evidence: share of its runs that succeeded, `null` while it has none. */
  readonly successRate?: number | null;
}

export interface FacetOptions {
  readonly category?: string;
  /** Skills that have every one of these tags. */
  readonly tags?: readonly string[];
  readonly status?: SkillStatus;
  /** Most values of each facet (default: 50). */
  readonly limit?: number;
}

export interface ChangeOptions {
  /** The version the skill must be at (default: "any"). */
  readonly expectedVersion?: ExpectedVersion;
  /** The write is refused with `LEASE_LOST` unless this lease is still held when it is made. */
  readonly lease?: Fence;
}

export interface RollbackOptions extends ChangeOptions {
  readonly author?: string;
  /** (default: "Roll back to version N") */
  readonly message?: string;
}

export interface StatusOptions extends ChangeOptions {
  /** Status it must have until now (default: any will do). */
  readonly expectedStatus?: SkillStatus;
  readonly reason?: string;
  /** Id of the skill to use instead. */
  readonly replacement?: string;
}

export interface ChangeResult {
  readonly id: string;
  readonly version: number;
  readonly revision: number;
  /**
   * Skills that called it just before it was removed, or given a status in which it is not offered:
   * the first 100, and how many there are. Absent when there are none.
   */
  readonly dependents?: Dependents;
}

export interface DependentsOptions {
  /** Ids to return; the count is of all (default: 100). */
  readonly limit?: number;
}
