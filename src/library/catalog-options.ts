/** What the catalog is asked, and what it answers. */
import type { Check, SkillStatus } from "../skill/skill.ts";
import type { SimilarSkill } from "./neighbours.ts";
import type { Appended, ExpectedVersion } from "../store/skill-store.ts";

export interface AddOptions {
  /** 0 (default): must not exist; a number: must be at that version; "any": append after whatever is current. */
  readonly expectedVersion?: ExpectedVersion;
  /** Whether to run the examples (default: true). Structural checks always run. */
  readonly validate?: boolean;
  /** Who adds it (default: the draft's author). */
  readonly author?: string;
  /** Why this version is made. */
  readonly message?: string;
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

export interface ListOptions {
  readonly category?: string;
  /** Skills that have every one of these tags. */
  readonly tags?: readonly string[];
  readonly status?: SkillStatus;
  /** Start after this id: the last of the page before. */
  readonly after?: string;
  /** (default: 100) */
  readonly limit?: number;
}

export interface ChangeOptions {
  /** The version the skill must be at (default: "any"). */
  readonly expectedVersion?: ExpectedVersion;
}

export interface RollbackOptions extends ChangeOptions {
  readonly author?: string;
  /** (default: "Roll back to version N") */
  readonly message?: string;
}

export interface StatusOptions extends ChangeOptions {
  readonly reason?: string;
  /** Id of the skill to use instead. */
  readonly replacement?: string;
}

export interface ChangeResult {
  readonly id: string;
  readonly version: number;
  readonly revision: number;
}
