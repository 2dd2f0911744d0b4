/**
 * Says of a conflict what changed. The store decides in its transaction that a write is a conflict,
 * and between which versions; versions are immutable, so what is read of them afterwards is exact,
 * whatever was written meanwhile.
 */
import { conflictField } from "../../base/conflict-field.ts";
import { VersionConflictError } from "../../base/errors.ts";
import type { ConflictReason } from "../../base/errors.ts";
import { compareContents } from "../../skill/compare-drafts.ts";
import { contentHash } from "../../skill/content-hash.ts";
import type { SkillDefinition } from "../../skill/skill.ts";
import type { SkillStore, StoredVersion } from "../../store/skill-store.ts";

/**
 * Tells of a conflict what changed.
 *
 * @param yours what was to be written, where that is content
 */
export type ExplainConflict = (
  conflict: VersionConflictError,
  yours: SkillDefinition | undefined,
) => Promise<VersionConflictError>;

/** @param atMost how many conflicts are compared; later ones are passed on as they are (default: all) */
export function conflictExplainer(
  store: SkillStore,
  atMost = Number.POSITIVE_INFINITY,
): ExplainConflict {
  let begun = 0;
  return async (conflict, yours) => {
    begun += 1;
    if (begun > atMost) return conflict;
    // What can not be compared is a conflict all the same.
    return explained(store, conflict, yours).catch(() => conflict);
  };
}

/** Runs a write; a conflict it ends in is told with what changed. */
export async function explaining<T>(
  explain: ExplainConflict,
  yours: SkillDefinition | undefined,
  write: () => Promise<T>,
): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw error instanceof VersionConflictError ? await explain(error, yours) : error;
  }
}

async function explained(
  store: SkillStore,
  conflict: VersionConflictError,
  yours: SkillDefinition | undefined,
): Promise<VersionConflictError> {
  const { skillId, expected, actual, actualHash, details } = conflict;
  const base = await versionOf(store, skillId, expected);
  const theirs = expected === actual ? base : await versionOf(store, skillId, actual);
  return new VersionConflictError(skillId, expected, actual, actualHash, {
    reason: reasonOf(conflict, base),
    ...(base === undefined ? {} : { expectedHash: base.contentHash }),
    ...(yours === undefined ? {} : { yourHash: contentHash(yours) }),
    ...("actualStatus" in details
      ? {
          expectedStatus: details["expectedStatus"] as string,
          actualStatus: details["actualStatus"] as string,
        }
      : {}),
    changes: compareContents(base, theirs, yours).map(conflictField),
  });
}

function reasonOf(
  { expected, actual }: VersionConflictError,
  base: StoredVersion | undefined,
): ConflictReason {
  if (expected === 0) return "exists";
  if (base === undefined) return "unknown-version";
  if (expected === actual) return "status";
  return actual === 0 ? "removed" : "changed";
}

async function versionOf(
  store: SkillStore,
  id: string,
  version: number,
): Promise<StoredVersion | undefined> {
  return version === 0 ? undefined : store.find(id, { version });
}
