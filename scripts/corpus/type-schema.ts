/**
 * JSON Schemas of TypeScript types, as far as they are obvious. Whatever is not becomes `{}`, so
 * that a schema never refuses a value the type allows.
 */
import type { ESTree } from "rolldown/utils";
import { canonicalJson, type JsonObject } from "../../src/base/json.ts";

/** A JSON Schema, and whether values outside JSON (`undefined`) are allowed beside it. */
export interface TypeSchema {
  readonly schema: JsonObject;
  readonly optional: boolean;
}

/** Constraints of the type parameters in scope, by name. */
export type Constraints = ReadonlyMap<string, ESTree.TSType | null>;

const ANYTHING: JsonObject = {};

/** How a function travels in JSON. */
export const FUNCTION_SCHEMA: JsonObject = {
  type: "object",
  properties: {
    $function: { type: "string", description: "Source text of a JavaScript function" },
  },
  required: ["$function"],
};

const OBJECT_OR_ARRAY: JsonObject = { anyOf: [{ type: "object" }, { type: "array" }] };

const KEYWORDS: Readonly<Record<string, JsonObject>> = {
  TSStringKeyword: { type: "string" },
  TSNumberKeyword: { type: "number" },
  TSBooleanKeyword: { type: "boolean" },
  TSNullKeyword: { type: "null" },
  TSFunctionType: FUNCTION_SCHEMA,
  TSTypePredicate: { type: "boolean" },
  TSTemplateLiteralType: { type: "string" },
  TSTupleType: { type: "array" },
  TSObjectKeyword: OBJECT_OR_ARRAY,
};

export function schemaOfType(type: ESTree.TSType, constraints: Constraints): TypeSchema {
  switch (type.type) {
    case "TSUndefinedKeyword":
    case "TSVoidKeyword":
      return { schema: ANYTHING, optional: true };
    case "TSUnionType":
      return union(type.types.map((member) => schemaOfType(member, constraints)));
    case "TSArrayType":
      return required(arrayOf(type.elementType, constraints));
    case "TSTypeOperator":
      return type.operator === "readonly"
        ? schemaOfType(type.typeAnnotation, constraints)
        : required(ANYTHING);
    case "TSParenthesizedType":
      return schemaOfType(type.typeAnnotation, constraints);
    case "TSLiteralType":
      return required(
        type.literal.type === "Literal" && typeof type.literal.value !== "bigint"
          ? { const: type.literal.value }
          : ANYTHING,
      );
    case "TSTypeLiteral":
      return required(objectOf(type.members, constraints));
    case "TSTypeReference":
      return reference(type, constraints);
    default:
      return required(KEYWORDS[type.type] ?? ANYTHING);
  }
}

/** One schema for all alternatives; `{}` when one of them may be anything. */
export function anyOf(schemas: readonly JsonObject[]): JsonObject {
  const distinct = new Map<string, JsonObject>();
  for (const schema of schemas) {
    const members = (schema.anyOf as readonly JsonObject[] | undefined) ?? [schema];
    for (const member of members) distinct.set(canonicalJson(member), member);
  }
  if (distinct.size === 0 || distinct.has("{}")) return ANYTHING;
  const members = [...distinct.values()];
  if (members.length === 1) return members[0] ?? ANYTHING;
  if (members.every((member) => "const" in member))
    return { enum: members.map((member) => member.const ?? null) };
  return { anyOf: members };
}

function required(schema: JsonObject): TypeSchema {
  return { schema, optional: false };
}

function union(members: readonly TypeSchema[]): TypeSchema {
  const optional = members.some((member) => member.optional);
  const rest = members.filter((member) => !member.optional).map((member) => member.schema);
  return { schema: anyOf(rest), optional };
}

function arrayOf(element: ESTree.TSType, constraints: Constraints): JsonObject {
  const { schema, optional } = schemaOfType(element, constraints);
  const open = optional || Object.keys(schema).length === 0;
  return open ? { type: "array" } : { type: "array", items: schema };
}

function objectOf(members: readonly ESTree.TSSignature[], constraints: Constraints): JsonObject {
  const properties: Record<string, JsonObject> = {};
  const names: string[] = [];
  for (const member of members) {
    if (member.type !== "TSPropertySignature" || member.key.type !== "Identifier") continue;
    const type = member.typeAnnotation?.typeAnnotation;
    const { schema, optional } = type ? schemaOfType(type, constraints) : required(ANYTHING);
    properties[member.key.name] = schema;
    if (!member.optional && !optional) names.push(member.key.name);
  }
  if (Object.keys(properties).length === 0) return OBJECT_OR_ARRAY;
  return { type: "object", properties, ...(names.length > 0 && { required: names }) };
}

function reference(type: ESTree.TSTypeReference, constraints: Constraints): TypeSchema {
  if (type.typeName.type !== "Identifier") return required(ANYTHING);
  const name = type.typeName.name;
  const first = type.typeArguments?.params[0];
  if (constraints.has(name)) {
    const constraint = constraints.get(name);
    const outer = new Map(constraints);
    outer.delete(name);
    return constraint ? schemaOfType(constraint, outer) : required(ANYTHING);
  }
  switch (name) {
    case "Array":
    case "ReadonlyArray":
      return required(first ? arrayOf(first, constraints) : { type: "array" });
    case "Promise":
    case "Partial":
      return first ? schemaOfType(first, constraints) : required(ANYTHING);
    case "Record":
      return required(OBJECT_OR_ARRAY);
    case "PropertyKey":
      return required({ anyOf: [{ type: "string" }, { type: "number" }] });
    default:
      return required(ANYTHING);
  }
}
