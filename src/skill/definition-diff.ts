/** What changed between two definitions, field by field. */
import { canonicalJson } from "../base/json.ts";
import type { JsonValue } from "../base/json.ts";
import { DEFINITION_FIELDS } from "./definition-of.ts";
import type { SkillDefinition } from "./skill.ts";

/** One field that differs. An absent side means that the version has no such field. */
export interface FieldChange {
  readonly field: keyof SkillDefinition;
  readonly from?: JsonValue;
  readonly to?: JsonValue;
}

export function diffDefinitions(
  from: SkillDefinition,
  to: SkillDefinition,
): readonly FieldChange[] {
  return DEFINITION_FIELDS.flatMap((field): FieldChange[] => {
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
