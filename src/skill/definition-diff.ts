/** What changed between two definitions, field by field. */
import { canonicalJson } from "../base/json.ts";
import type { JsonValue } from "../base/json.ts";
import type { SkillDefinition } from "./skill.ts";

/** One field that differs. An absent side means that the version has no such field. */
export interface FieldChange {
  readonly field: keyof SkillDefinition;
  readonly from?: JsonValue;
  readonly to?: JsonValue;
}

const FIELDS: readonly (keyof SkillDefinition)[] = [
  "name",
  "description",
  "category",
  "tags",
  "language",
  "code",
  "instructions",
  "input",
  "output",
  "capabilities",
  "examples",
  "limits",
  "license",
  "metadata",
];

export function diffDefinitions(
  from: SkillDefinition,
  to: SkillDefinition,
): readonly FieldChange[] {
  return FIELDS.flatMap((field): FieldChange[] => {
    const before = from[field] as JsonValue | undefined;
    const after = to[field] as JsonValue | undefined;
    if (textOf(before) === textOf(after)) return [];
    return [
      {
        field,
        ...(before === undefined ? {} : { from: before }),
        ...(after === undefined ? {} : { to: after }),
      },
    ];
  });
}

function textOf(value: JsonValue | undefined): string | undefined {
  return value === undefined ? undefined : canonicalJson(value);
}
