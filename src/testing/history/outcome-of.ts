import { RepertoireError, VersionConflictError } from "../../base/errors.ts";
import type { ErrorCode } from "../../base/errors.ts";
import type { SkillAnswer } from "../linearizability/skill-model.ts";
import type { Unanswered } from "./history-file.ts";

/** A write that rejects with one of these promises that it has written nothing. */
const WITHOUT_EFFECT: ReadonlySet<ErrorCode> = new Set([
  "INVALID_DRAFT",
  "INVALID_INPUT",
  "VALIDATION_FAILED",
  "NOT_EXECUTABLE",
  "LOCK_TIMEOUT",
  "LEASE_LOST",
  "STORE_UNAVAILABLE",
  "LIMIT_EXCEEDED",
  "SANDBOX_UNAVAILABLE",
  "CLOSED",
]);

/** What a rejected call tells of the skill. */
export function outcomeOf(error: unknown): SkillAnswer | Unanswered {
  if (error instanceof VersionConflictError) return { kind: "conflict", actual: error.actual };
  if (!(error instanceof RepertoireError))
    return { effect: "unknown", error: error instanceof Error ? error.name : typeof error };
  // A colleague's class of the same code is as good as ours.
  const { code, details } = error;
  if (code === "SKILL_NOT_FOUND") return { kind: "absent" };
  if (code === "VERSION_CONFLICT" && typeof details["actual"] === "number")
    return { kind: "conflict", actual: details["actual"] };
  return { effect: WITHOUT_EFFECT.has(code) ? "none" : "unknown", error: code };
}
