/**
 * Read, change, add, and again from the newest version when somebody else was faster. Holds nothing
 * while the change is made, however long that takes: it is the add that finds out.
 */
import { sleep, throwIfAborted } from "../../base/abort.ts";
import { RepertoireError, VersionConflictError } from "../../base/errors.ts";
import { deepFreeze, preview } from "../../base/json.ts";
import { draftOf } from "../../skill/definition-of.ts";
import { isSkillId } from "../../skill/skill-id.ts";
import type { Skill, SkillDraft } from "../../skill/skill.ts";
import type { AddOptions, AddResult, GetOptions } from "./catalog-options.ts";
import { checkInteger, checkIsText, checkKnownOptions } from "../check-options.ts";
import { skillNotFound } from "./skill-not-found.ts";

const DEFAULT_RETRIES = 30;
const MAX_RETRIES = 1_000_000;
/** The first pause is at most this; each is up to twice the one before. */
const FIRST_PAUSE_MS = 4;
const LONGEST_PAUSE_MS = 500;

/**
 * Makes the next draft of a skill. Called again with the newest version on every conflict, so it
 * should depend on what it is given alone. Both are frozen: return a new draft.
 *
 * @param draft content of the skill as it is now, with `status: "draft"` where it is one
 * @param skill the same with its version, status and evidence
 * @returns the new draft, or nothing to leave the skill as it is
 */
export type ChangeDraft = (
  draft: SkillDraft,
  skill: Skill,
) => SkillDraft | undefined | Promise<SkillDraft | undefined>;

export interface UpdateOptions extends Omit<AddOptions, "expectedVersion" | "expectedStatus"> {
  /** How often to begin again when another writer was faster, 0 to 1,000,000 (default: 30). */
  readonly retries?: number;
  /** What to add where there is no such skill; without it that is `SKILL_NOT_FOUND`. */
  readonly orAdd?: SkillDraft;
}

/** The two methods of a library that an update is made of. */
export interface ReadsAndAdds {
  get(id: string, options?: GetOptions): Promise<Skill | undefined>;
  add(draft: unknown, options?: AddOptions): Promise<AddResult>;
}

export async function updateSkill(
  library: ReadsAndAdds,
  id: string,
  change: ChangeDraft,
  options: UpdateOptions = {},
): Promise<AddResult> {
  check(id, change, options);
  const { retries = DEFAULT_RETRIES, orAdd, ...addOptions } = options;
  const { signal } = options;
  for (let retry = 0; ; retry++) {
    throwIfAborted(signal, "Updating a skill");
    try {
      return await attempt(library, { id, change, orAdd, addOptions });
    } catch (error) {
      if (!(error instanceof VersionConflictError) || retry >= retries) throw error;
    }
    const longestMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(retry, 20));
    await sleep(Math.random() * longestMs, signal);
  }
}

interface Update {
  readonly id: string;
  readonly change: ChangeDraft;
  readonly orAdd: SkillDraft | undefined;
  readonly addOptions: AddOptions;
}

async function attempt(
  library: ReadsAndAdds,
  { id, change, orAdd, addOptions }: Update,
): Promise<AddResult> {
  const { signal } = addOptions;
  const skill = await library.get(id, signal === undefined ? {} : { signal });
  if (skill === undefined) {
    if (orAdd === undefined) throw skillNotFound(id);
    const added = await library.add(orAdd, { ...addOptions, expectedVersion: 0 });
    return added.created ? added : overtaken(0, added);
  }
  const next = await change(draftToChange(skill), skill);
  if (next === undefined) return unchanged(skill);
  checkNext(next, skill);
  const { version: expectedVersion, status: expectedStatus } = skill;
  const added = await library.add(next, { ...addOptions, expectedVersion, expectedStatus });
  return added.created || added.version === expectedVersion
    ? added
    : overtaken(expectedVersion, added);
}

/**
 * Somebody else wrote the very same meanwhile, which is no conflict to `add`. But two who both raise
 * a counter from 4 to 5 have to reach 6.
 */
function overtaken(expected: number, { id, version, contentHash }: AddResult): never {
  const facts = { reason: expected === 0 ? "exists" : "changed", changes: [] } as const;
  throw new VersionConflictError(id, expected, version, contentHash, facts);
}

/** Adding makes a version active unless its draft says otherwise, and a change must not by accident. */
function draftToChange(skill: Skill): SkillDraft {
  const draft = draftOf(skill);
  return deepFreeze(skill.status === "draft" ? { ...draft, status: "draft" } : draft);
}

function checkNext(next: unknown, { id, status, version }: Skill): void {
  if (typeof next !== "object" || next === null)
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected the change of skill "${id}" to return a draft, or nothing to leave it as it is, got ${preview(next)}`,
      { details: { skillId: id } },
    );
  const draft = next as Partial<SkillDraft>;
  if (draft.id !== id)
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected the change of skill "${id}" to return a draft of the same id, got ${preview(draft.id)}`,
      { details: { skillId: id, returned: draft.id } },
    );
  if (status === "active" || status === "draft" || draft.status !== undefined) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Skill "${id}" is ${status}, and a new version of it would be offered again; return a draft with \`status: "active"\` to have that, or with \`status: "draft"\``,
    { details: { skillId: id, version, status } },
  );
}

function unchanged(skill: Skill): AddResult {
  const { id, version, revision, contentHash, status, checks } = skill;
  return { id, version, revision, contentHash, status, created: false, checks, warnings: [] };
}

function check(id: unknown, change: unknown, options: UpdateOptions): void {
  checkIsText("id", id);
  if (typeof change !== "function")
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected the change of skill ${preview(id)} to be a function of its draft, got ${preview(change)}`,
    );
  checkKnownOptions("update", options, [
    "retries",
    "orAdd",
    "validate",
    "author",
    "message",
    "lease",
    "signal",
  ]);
  checkInteger("retries", options.retries, 0, MAX_RETRIES);
  const { orAdd } = options;
  if (orAdd === undefined) return;
  const added: unknown = (orAdd as Partial<SkillDraft> | null)?.id;
  if (added !== id || !isSkillId(added))
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`orAdd\` to be a draft of skill ${preview(id)}, got one of ${preview(added)}`,
      { details: { option: "orAdd" } },
    );
}
