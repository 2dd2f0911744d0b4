/** What two changes of one skill did to its fields, and the draft that has both. */
import {
  compareField,
  mergeEntries,
  mergeMembers,
  mergeSets,
  outcomeOf,
} from "../base/three-way.ts";
import type { FieldComparison, MergeValues } from "../base/three-way.ts";
import type { JsonValue } from "../base/json.ts";
import { DEFINITION_FIELDS } from "./definition-of.ts";
import type { SkillDefinition, SkillDraft } from "./skill.ts";

type Content = SkillDraft | SkillDefinition;

const MERGES: Partial<Record<keyof SkillDefinition, MergeValues>> = {
  tags: mergeSets,
  capabilities: mergeMembers(mergeSets),
  examples: mergeEntries,
  limits: mergeMembers(),
  metadata: mergeMembers(),
};

const DEFAULTS: { readonly [Field in keyof SkillDefinition]?: JsonValue } = {
  category: "general",
  tags: [],
  language: "javascript",
  examples: [],
  limits: {},
  metadata: {},
};

/**
 * Every field that either side changed. Without a base, every field that differs is a conflict; a
 * side that is not there changed nothing, and on its own there is nothing to compare it with.
 */
export function compareContents(
  base: Content | undefined,
  theirs: Content | undefined,
  yours: Content | undefined,
): readonly FieldComparison[] {
  if (base === undefined && (theirs === undefined || yours === undefined)) return [];
  const compared = DEFINITION_FIELDS.flatMap((field) => {
    const before = valueOf(base, field);
    return (
      compareField(
        field,
        {
          base: before,
          theirs: theirs === undefined ? before : valueOf(theirs, field),
          yours: yours === undefined ? before : valueOf(yours, field),
        },
        MERGES[field],
      ) ?? []
    );
  });
  if (base !== undefined) return compared;
  return compared
    .filter(({ change }) => change !== "same")
    .map((each) => ({ ...each, change: "conflict" }));
}

/** Two changes of one draft brought together, or the fields in which they contradict each other. */
export type DraftMerge =
  | {
      readonly ok: true;
      readonly draft: SkillDraft;
      readonly changes: readonly FieldComparison[];
    }
  | {
      readonly ok: false;
      readonly conflicts: readonly FieldComparison[];
      readonly changes: readonly FieldComparison[];
    };

/**
 * Merges two changes of one skill, field by field. Tags, capabilities, limits, metadata and examples
 * are merged by their entries; every other field is taken from the side that changed it. A field that
 * both changed, each in its own way, is a conflict, and nothing is merged.
 *
 * @param base what both began with: `draftOf` of the version that you read
 * @param theirs what is there now: `draftOf` of the version found
 * @param yours the draft that was to be written; its id, status and author are kept
 */
export function mergeDrafts(base: SkillDraft, theirs: SkillDraft, yours: SkillDraft): DraftMerge {
  const changes = compareContents(base, theirs, yours);
  const conflicts = changes.filter(({ change }) => change === "conflict");
  if (conflicts.length > 0) return { ok: false, conflicts, changes };
  const { id, status, author } = yours;
  const outcomes = new Map(changes.map((each) => [each.field, outcomeOf(each)]));
  const fields = DEFINITION_FIELDS.map(
    (field) => [field, outcomes.has(field) ? outcomes.get(field) : valueOf(base, field)] as const,
  );
  const draft = Object.fromEntries(
    Object.entries({ id, ...Object.fromEntries(fields), status, author }).filter(
      ([, value]) => value !== undefined,
    ),
  ) as unknown as SkillDraft;
  return { ok: true, draft, changes };
}

/** A field with its default, so that a draft that leaves it out equals one that says it. */
function valueOf(from: Content | undefined, field: keyof SkillDefinition): JsonValue | undefined {
  if (from === undefined) return undefined;
  const value = from[field] as JsonValue | undefined;
  if (field === "capabilities")
    return {
      tools: [],
      skills: [],
      fetch: [],
      ...(value as Record<string, JsonValue> | undefined),
    };
  return value ?? DEFAULTS[field];
}
