/**
 * Documentation shows calls its own types do not allow, such as leaving out a required argument.
 * What is documented counts: a schema gives way where an example contradicts it.
 */
import { Ajv2020 } from "ajv/dist/2020.js";
import type { JsonObject, JsonValue } from "../../src/base/json.ts";
import type { SkillExample } from "../../src/skill/skill.ts";
import type { Parameter } from "./declaration.ts";

const ajv = new Ajv2020();

/** Parameters that accept the contexts of all these examples. */
export function widenParameters(
  parameters: readonly Parameter[],
  examples: readonly SkillExample[],
): Parameter[] {
  return parameters.map((parameter) => {
    const values = examples.map(({ context }) => (context as JsonObject)[parameter.name]);
    return {
      ...parameter,
      required: parameter.required && !values.includes(undefined),
      schema: widenSchema(parameter.schema, values),
    };
  });
}

/** The schema, or `{}` when one of the values does not match it; undefined values are left out. */
export function widenSchema(
  schema: JsonObject,
  values: readonly (JsonValue | undefined)[],
): JsonObject {
  if (Object.keys(schema).length === 0) return schema;
  const matches = ajv.compile(schema);
  return values.every((value) => value === undefined || matches(value)) ? schema : {};
}
