/**
 * What a skill is.
 *
 * - draft: what a caller submits
 * - version: one immutable stored revision of a skill, counted 1, 2, 3 … per skill
 * - revision: the library-wide, monotone number of a committed change
 * - content hash: SHA-256 of the canonical JSON of what defines behaviour and retrieval
 * - skill: a version as a reader sees it: with its status and the evidence of its runs
 * - match: a skill's summary, never its code, with a score
 */
import type { Issue } from "../base/errors.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";
import type { RunLimits } from "../base/limits.ts";

/**
 * - `draft`: submitted as such, not offered yet
 * - `active`: offered by search and run by id
 * - `deprecated`: no longer offered; still run by id, with a warning
 * - `failed`: a check failed later on
 * - `quarantined`: stopped by policy or by a person
 */
export type SkillStatus = "draft" | "active" | "deprecated" | "failed" | "quarantined";

export const SKILL_STATUSES: readonly SkillStatus[] = [
  "draft",
  "active",
  "deprecated",
  "failed",
  "quarantined",
];

export type SkillLanguage = "javascript" | "typescript";

/** What a skill declares it needs; it is granted only what the host's policy allows as well. */
export interface Capabilities {
  /** Names of host tools, such as `browser.click`. */
  readonly tools: readonly string[];
  /** Ids of skills it calls. */
  readonly skills: readonly string[];
  /** Origins it fetches from, such as `https://api.example.com`. */
  readonly fetch: readonly string[];
}

/** One of {@link Capabilities}: a tool's name, a skill's id, or an origin. */
export interface Capability {
  readonly kind: "tool" | "skill" | "fetch";
  readonly name: string;
}

/** What a skill asks for in place of the host's defaults, up to the host's maxima. */
export type SkillLimits = Partial<RunLimits>;

/** One call an example's skill makes to its host, and what the host answers. */
export interface ExampleHostCall {
  /** Tool that must be called next; exactly one of `tool`, `skill` and `fetch` is given. */
  readonly tool?: string;
  /** Skill that must be called next. */
  readonly skill?: string;
  /** URL that must be fetched next. */
  readonly fetch?: string;
  /** Arguments the call must have; any when absent. */
  readonly args?: JsonValue;
  /** What the call answers (default: null); of a fetch, what its reply has besides `status: 200`. */
  readonly result?: JsonValue;
  /** Message of the error the call fails with, in place of a result. */
  readonly error?: string;
}

/**
 * A worked example; it documents the skill and is one of the checks of its admission.
 * Without `result` and `error`, the run only has to succeed.
 */
export interface SkillExample {
  readonly context: JsonValue;
  /** The result, compared as JSON. */
  readonly result?: JsonValue;
  /** Name of the error the run must end with, such as `TypeError`. */
  readonly error?: string;
  /** What the host answers, in order. Checks never touch real tools. */
  readonly hostCalls?: readonly ExampleHostCall[];
}

/** What a caller submits; see {@link SkillDefinition} for the defaults. */
export interface SkillDraft {
  /** `^[a-z0-9][a-z0-9_-]{0,63}$`, optionally after a namespace of the same form and a slash. */
  readonly id: string;
  /** 1–128 characters. */
  readonly name: string;
  /** What it does and when to use it, 1–1024 characters; search reads this first. */
  readonly description: string;
  /** A slug (default: "general"). */
  readonly category?: string;
  /** Up to 32 tags (default: none). */
  readonly tags?: readonly string[];
  /** (default: "javascript") */
  readonly language?: SkillLanguage;
  /** An ES module that imports nothing and default-exports `(context, host) => result`. */
  readonly code?: string;
  /** Markdown for a reader; at least one of `code` and `instructions` is required. */
  readonly instructions?: string;
  /** JSON Schema 2020-12 of the context. */
  readonly input?: JsonObject | boolean;
  /** JSON Schema 2020-12 of the result. */
  readonly output?: JsonObject | boolean;
  /** What it needs from its host (default: nothing). */
  readonly capabilities?: Partial<Capabilities>;
  readonly examples?: readonly SkillExample[];
  readonly limits?: SkillLimits;
  /** `draft` keeps the version from being offered; anything else is decided by its checks. */
  readonly status?: "draft" | "active";
  readonly author?: string;
  readonly license?: string;
  /** Free-form facts for other programs. */
  readonly metadata?: JsonObject;
}

/** What defines behaviour and retrieval: a draft with its defaults filled in. The content hash covers it. */
export interface SkillDefinition {
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly tags: readonly string[];
  readonly language: SkillLanguage;
  readonly code?: string;
  readonly instructions?: string;
  readonly input?: JsonObject | boolean;
  readonly output?: JsonObject | boolean;
  readonly capabilities: Capabilities;
  readonly examples: readonly SkillExample[];
  readonly limits: SkillLimits;
  readonly license?: string;
  readonly metadata: JsonObject;
}

/** The record of one check a version passed before it was admitted. */
export interface Check {
  /** `structure` (form, syntax, schemas), or `example:0`, `example:1` … */
  readonly name: string;
  readonly passed: boolean;
  /** Time the check took, in milliseconds. */
  readonly durationMs: number;
  /** What went wrong, when it did not pass. */
  readonly issue?: Issue;
}

/** One immutable stored revision of a skill. */
export interface SkillVersion extends SkillDefinition {
  readonly id: string;
  /** 1, 2, 3 … per skill. */
  readonly version: number;
  /** Library revision at which this version was committed. */
  readonly revision: number;
  /** SHA-256 (hex) of the canonical JSON of its {@link SkillDefinition}. */
  readonly contentHash: string;
  readonly status: SkillStatus;
  /** Why the status was set, when a person or policy said so. */
  readonly statusReason?: string;
  /** Id of the skill to use in place of a deprecated one. */
  readonly replacement?: string;
  /** Evidence recorded at admission; empty when checks were skipped. */
  readonly checks: readonly Check[];
  readonly author?: string;
  /** Why this version was made. */
  readonly message?: string;
  /** ISO-8601 UTC. */
  readonly createdAt: string;
}

/** A run that did not succeed, in brief. */
export interface FailureNote {
  readonly runId: string;
  readonly version: number;
  readonly status: string;
  readonly reason: string;
  /** ISO-8601 UTC. */
  readonly at: string;
}

/** Evidence from use. Counters cover all time; durations are in milliseconds. */
export interface SkillMetrics {
  /** Finished runs of every status. */
  readonly uses: number;
  readonly successes: number;
  /** Finished runs that did not succeed, by status, such as `{ timeout: 2 }`. */
  readonly failures: Readonly<Record<string, number>>;
  /**
   * successes / (successes + failures of the skill itself); absent while there are none of either.
   * Cancelled, denied and invalid-context runs say nothing about the skill and do not count.
   */
  readonly successRate?: number;
  readonly meanMs?: number;
  /** Median, within 5 %. */
  readonly p50Ms?: number;
  /** 95th percentile, within 5 %. */
  readonly p95Ms?: number;
  /** ISO-8601 UTC. */
  readonly lastUsedAt?: string;
  /** The latest failures, newest first, at most 5. */
  readonly lastFailures: readonly FailureNote[];
}

/** Who is at work on a skill, and until when. */
export interface SkillClaim {
  readonly by: string;
  readonly note?: string;
  /** ISO-8601 UTC. */
  readonly since: string;
  /** ISO-8601 UTC; it can be renewed. */
  readonly until: string;
  /** Fencing token of its lease, a decimal number. */
  readonly token: string;
}

/** A version as a reader sees it. */
export interface Skill extends SkillVersion {
  /** Who has claimed the skill; absent when nobody has, and in a read as of an earlier revision. */
  readonly claim?: SkillClaim;
  /** Runs of every version of the skill. */
  readonly metrics: SkillMetrics;
  /** Runs of this version alone. */
  readonly versionMetrics: SkillMetrics;
}

/** What lists and searches return: enough to choose a skill, never its code. */
export interface SkillSummary {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly tags: readonly string[];
  readonly status: SkillStatus;
  /** Whether it has code to run. */
  readonly executable: boolean;
  /** ISO-8601 UTC time of its current version. */
  readonly updatedAt: string;
}
