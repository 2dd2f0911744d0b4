import { VersionConflictError } from "../../base/errors.ts";
import type { SkillStatus } from "../../skill/skill.ts";
import type { NewVersion, StoredVersion } from "../../store/skill-store.ts";

/** Examples take time; a conflict that is already certain should not wait for them. */
export function failEarly(
  wanted: Pick<NewVersion, "id" | "expectedVersion"> & { expectedStatus: SkillStatus | undefined },
  current: StoredVersion | undefined,
): void {
  const { id, expectedVersion: expected, expectedStatus } = wanted;
  const actual = current?.version ?? 0;
  if (expected !== "any" && expected !== actual)
    throw new VersionConflictError(id, expected, actual, current?.contentHash);
  const actualStatus = current?.status;
  if (expectedStatus === undefined || actualStatus === undefined) return;
  if (actualStatus !== expectedStatus)
    throw new VersionConflictError(id, actual, actual, current?.contentHash, {
      expectedStatus,
      actualStatus,
    });
}
