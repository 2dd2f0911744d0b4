import { throwIfAborted } from "../../base/abort.ts";
import type { SkillStore } from "../../store/skill-store.ts";
import { checkKnownOptions } from "../check-options.ts";
import type { Neighbours } from "../retrieval/neighbours.ts";
import { addResult } from "./add-result.ts";
import type { AddOptions, AddResult } from "./catalog-options.ts";
import type { DraftPreparer } from "./draft-preparer.ts";
import { conflictExplainer, explaining } from "./explain-conflict.ts";

export interface AddSkillParts {
  readonly store: SkillStore;
  readonly preparer: DraftPreparer;
  readonly neighbours: Neighbours;
}

/** Prepares a draft, stores it, and tells which skills it is easily taken for. */
export async function addSkill(
  { store, preparer, neighbours }: AddSkillParts,
  draft: unknown,
  options: AddOptions = {},
): Promise<AddResult> {
  checkKnownOptions("add", options, [
    "expectedVersion",
    "expectedStatus",
    "validate",
    "author",
    "message",
    "lease",
    "signal",
  ]);
  const explain = conflictExplainer(store);
  const prepared = await preparer.prepare(draft, options, explain);
  if (prepared.stored) return prepared.result;
  throwIfAborted(options.signal, "Adding a skill");
  const { version } = prepared;
  const appended = await explaining(explain, version.definition, () =>
    store.append(version, { signal: options.signal }),
  );
  const result = addResult(appended, prepared);
  if (!result.created) return result;
  const [annotated] = await neighbours.annotate([{ version, result }]);
  return annotated ?? result;
}
