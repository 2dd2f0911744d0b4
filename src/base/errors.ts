import type { ConflictField } from "./conflict-field.ts";

/** Stable identifiers of every way the library itself can fail. */
export type ErrorCode =
  | "SKILL_NOT_FOUND"
  | "RUN_NOT_FOUND"
  | "VERSION_CONFLICT"
  | "INVALID_DRAFT"
  | "INVALID_INPUT"
  | "VALIDATION_FAILED"
  | "NOT_EXECUTABLE"
  | "SKILL_FAILED"
  | "LOCK_TIMEOUT"
  | "LEASE_LOST"
  | "STORE_UNAVAILABLE"
  | "STORE_CORRUPT"
  | "LIMIT_EXCEEDED"
  | "SYNC_UNSUPPORTED"
  | "SANDBOX_UNAVAILABLE"
  | "EMBEDDER_UNAVAILABLE"
  | "CANCELLED"
  | "CLOSED"
  | "INTERNAL";

/** Machine-readable facts about an error; JSON, so that it survives a process boundary. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** What every {@link RepertoireError} is made from. */
export interface RepertoireErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** Facts a program can act on. */
  readonly details?: ErrorDetails;
}

/** A failure of the library. A failure of a *skill* is never thrown: it is an `Execution`. */
export class RepertoireError extends Error {
  /** Stable identifier to branch on. */
  readonly code: ErrorCode;
  /** Facts a program can act on; empty when there are none. */
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: RepertoireErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RepertoireError";
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** One thing wrong with an input: where it is, what was found, and what was expected there. */
export interface Issue {
  /** Path of the offending value, such as `examples[0].context`; empty for the whole. */
  readonly path: string;
  /** What is wrong, in one sentence. */
  readonly message: string;
  /** What would have been right. */
  readonly expected: string;
  /** What was found, shortened for reading. */
  readonly received: string;
  /** 1-based line in the skill's code, when the issue is about code. */
  readonly line?: number;
  /** 1-based column in the skill's code, when the issue is about code. */
  readonly column?: number;
}

/** A draft that can not be a skill; every issue is listed, not only the first. */
export class InvalidDraftError extends RepertoireError {
  readonly issues: readonly Issue[];

  constructor(subject: string, issues: readonly Issue[]) {
    super("INVALID_DRAFT", `${subject} is not valid:\n${issues.map(formatIssue).join("\n")}`, {
      details: { subject, issues },
    });
    this.name = "InvalidDraftError";
    this.issues = issues;
  }
}

/**
 * - `exists`: it was not to exist yet, and does
 * - `changed`: it has a newer version than the one expected
 * - `removed`: it was at the version expected, and was removed since
 * - `unknown-version`: it never had the version expected
 * - `status`: it is at the version expected, whose status is another than expected
 */
export type ConflictReason = "exists" | "changed" | "removed" | "unknown-version" | "status";

/** What is known of a conflict beyond the versions. */
export interface ConflictFacts {
  readonly reason?: ConflictReason;
  /** Content hash of the version expected, where there was one: the base of both changes. */
  readonly expectedHash?: string;
  /** Content hash of what was to be written, where that was content. */
  readonly yourHash?: string;
  readonly expectedStatus?: string;
  readonly actualStatus?: string;
  /**
   * Every field that differs between the version expected (base), the version found (theirs) and
   * what was to be written (yours), about 100 KB at most. Absent beyond the first conflicts of a batch.
   */
  readonly changes?: readonly ConflictField[];
}

/** The skill changed since the caller read it; nothing was written. */
export class VersionConflictError extends RepertoireError {
  readonly skillId: string;
  /** The version the caller expected; 0 means that the skill must not exist. */
  readonly expected: number;
  /** The version found; 0 when there is no such skill. */
  readonly actual: number;
  /** Content hash of the version found, when there is one. */
  readonly actualHash: string | undefined;
  /** Why it is one; `undefined` in what a store throws, which compares no content. */
  readonly reason: ConflictReason | undefined;
  /** Content hash of the version expected, when there was one. */
  readonly expectedHash: string | undefined;
  /** Content hash of what was to be written, when that was content. */
  readonly yourHash: string | undefined;
  /** What changed on either side, field by field; see {@link ConflictFacts.changes}. */
  readonly changes: readonly ConflictField[] | undefined;

  constructor(
    skillId: string,
    expected: number,
    actual: number,
    actualHash: string | undefined,
    facts: ConflictFacts = {},
  ) {
    const parts = [
      situationOf(skillId, expected, actual, facts),
      changesText(facts.changes ?? []),
      `read it again, merge, and retry with expectedVersion ${actual}`,
    ];
    super("VERSION_CONFLICT", parts.filter((part) => part !== "").join("; "), {
      details: { skillId, expected, actual, actualHash, ...facts },
    });
    this.name = "VersionConflictError";
    this.skillId = skillId;
    this.expected = expected;
    this.actual = actual;
    this.actualHash = actualHash;
    this.reason = facts.reason;
    this.expectedHash = facts.expectedHash;
    this.yourHash = facts.yourHash;
    this.changes = facts.changes;
  }
}

function situationOf(
  skillId: string,
  expected: number,
  actual: number,
  { reason, expectedStatus, actualStatus }: ConflictFacts,
): string {
  if (actualStatus !== undefined && expected === actual)
    return `Expected skill "${skillId}" at version ${expected} to be ${expectedStatus}, but it is ${actualStatus}`;
  const found = actual === 0 ? "there is no such skill" : `it is at version ${actual}`;
  const wanted = expected === 0 ? "not to exist yet" : `at version ${expected}`;
  const what = reason === "removed" ? "it was removed" : found;
  const never = reason === "unknown-version" ? ", a version it never had" : "";
  return `Expected skill "${skillId}" ${wanted}${never}, but ${what}`;
}

const WHO: readonly (readonly [ConflictField["change"], string])[] = [
  ["conflict", "both changed"],
  ["merged", "both changed, in ways that go together,"],
  ["same", "both changed alike"],
  ["theirs", "they changed"],
  ["yours", "you changed"],
];

function changesText(changes: readonly ConflictField[]): string {
  return WHO.flatMap(([change, who]) => {
    const fields = changes.filter((each) => each.change === change).map(({ field }) => field);
    return fields.length === 0 ? [] : [`${who} ${fields.join(", ")}`];
  }).join("; ");
}

function formatIssue(issue: Issue): string {
  const place = issue.path === "" ? "" : `${issue.path}: `;
  const position = issue.line === undefined ? "" : ` (line ${issue.line}, column ${issue.column})`;
  return `  ${place}${issue.message}${position}; expected ${issue.expected}, got ${issue.received}`;
}
