import { VersionConflictError } from "../base/errors.ts";
import type { AppendOutcome, NewVersion } from "./skill-store.ts";

/** The error for a version that was not appended. */
export function conflictOf(
  { id, expectedStatus }: Pick<NewVersion, "id" | "expectedStatus">,
  { expected, actual, actualHash, actualStatus }: AppendOutcome & { readonly ok: false },
): VersionConflictError {
  if (actualStatus === undefined || expectedStatus === undefined)
    return new VersionConflictError(id, expected, actual, actualHash);
  return new VersionConflictError(id, expected, actual, actualHash, {
    expectedStatus,
    actualStatus,
  });
}
