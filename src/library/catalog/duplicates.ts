/** Skills that are the same as a draft under another id, and the policy on them. */
import type { Clock } from "../../base/clock.ts";
import type { AlikeSkill, NewVersion, SkillStore } from "../../store/skill-store.ts";
import { ValidationFailedError } from "./admission.ts";

/** More than these say nothing new. */
export const MAX_DUPLICATES = 5;

/** Current versions with the content or the code of a version to be, under other ids. */
export async function duplicatesOf(
  store: SkillStore,
  { id, contentHash, codeFingerprint }: NewVersion,
): Promise<readonly AlikeSkill[]> {
  const wanted = {
    contentHash,
    ...(codeFingerprint === undefined ? {} : { codeFingerprint }),
  };
  const found = await store.findAlike(wanted, MAX_DUPLICATES + 1);
  return found.filter((alike) => alike.id !== id).slice(0, MAX_DUPLICATES);
}

/**
 * Refuses a version that repeats a skill. One that repeats a deprecated skill may be its new name.
 *
 * @throws {VALIDATION_FAILED} with the ids in `details.duplicates`
 */
export async function refuseDuplicate(
  { store, clock }: { readonly store: SkillStore; readonly clock: Clock },
  version: NewVersion,
): Promise<void> {
  const startedMs = clock.monotonicMs();
  const found = await duplicatesOf(store, version);
  const offending = found.filter(({ status }) => status !== "deprecated");
  if (offending.length > 0)
    throw duplicateError(version.id, offending, clock.monotonicMs() - startedMs);
}

/** The refusal of a version that repeats these skills. */
export function duplicateError(
  skillId: string,
  same: readonly Pick<AlikeSkill, "id" | "same">[],
  durationMs = 0,
): ValidationFailedError {
  const ids = same.map(({ id }) => id);
  const issue = {
    path: same.some((each) => each.same === "content") ? "" : "code",
    message: "this library's policy refuses duplicates",
    expected: "a skill that does something new, or a new version of the one there is",
    received: same.map(({ id, same: part }) => `the ${part} of "${id}"`).join(", "),
  };
  const check = { name: "duplicates", passed: false, durationMs, issue };
  return new ValidationFailedError(skillId, [check], ids);
}
