/** What an add answers, from what was written or was there already. */
import type { ParsedDraft } from "../../skill/parse-draft.ts";
import type { Appended, NewVersion, StoredVersion } from "../../store/skill-store.ts";
import type { AddResult } from "./catalog-options.ts";

export function addResult(
  appended: Appended,
  prepared: { readonly version: NewVersion; readonly warnings: readonly string[] },
): AddResult {
  const { createdAt: _, ...result } = appended;
  return { ...result, checks: prepared.version.checks, warnings: prepared.warnings };
}

export function alreadyStored(current: StoredVersion, draft: ParsedDraft): AddResult {
  const { id, version, revision, contentHash: hash, status, checks } = current;
  const warning = `its content is that of version ${version}, which is ${status}; change that with setStatus`;
  const warnings = status === draft.status ? [] : [warning];
  return { id, version, revision, contentHash: hash, status, created: false, checks, warnings };
}
