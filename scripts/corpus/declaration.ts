/**
 * What a declaration file says about its function: the JSDoc blocks and the overloads, folded into
 * one list of named parameters.
 */
import { parseSync, type ESTree } from "rolldown/utils";
import type { JsonObject } from "../../src/base/json.ts";
import { parseDocComment, type DocComment } from "./doc-comment.ts";
import { anyOf, schemaOfType, type Constraints, type TypeSchema } from "./type-schema.ts";
import { Unusable } from "./unusable.ts";

export interface Parameter {
  readonly name: string;
  readonly schema: JsonObject;
  readonly required: boolean;
  /** Takes all remaining arguments, as an array. */
  readonly rest: boolean;
  readonly description?: string;
}

export interface Declaration {
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  /** Schema of the result; `{}` when the type says little. */
  readonly output: JsonObject;
  readonly returnsFunction: boolean;
  /** Texts of all `@example` blocks of the file. */
  readonly examples: readonly string[];
}

interface Overload {
  readonly signature: ESTree.Function;
  readonly constraints: Constraints;
  readonly doc: DocComment;
}

/** @throws {Unusable} when the file declares no such function */
export function readDeclaration(name: string, text: string): Declaration {
  const { program, comments } = parseSync(`${name}.d.mts`, text);
  const docs = comments
    .filter(({ type, value }) => type === "Block" && value.startsWith("*"))
    .map(({ value, end }) => ({ end, doc: parseDocComment(value) }));

  const overloads: Overload[] = [];
  for (const statement of program.body) {
    const node = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    if (node?.type !== "TSDeclareFunction" || node.id?.name !== name) continue;
    const doc = docs.find(({ end }) => text.slice(end, statement.start).trim() === "")?.doc;
    overloads.push({
      signature: node,
      constraints: new Map(
        node.typeParameters?.params.map((type) => [type.name.name, type.constraint]),
      ),
      doc: doc ?? parseDocComment(""),
    });
  }
  if (overloads.length === 0) throw new Unusable("declares no function");

  return {
    summary: overloads.map(({ doc }) => doc.summary).find((summary) => summary !== "") ?? "",
    parameters: foldParameters(overloads),
    output: anyOf(overloads.map(outputOf)),
    returnsFunction: overloads.every(returnsFunction),
    examples: docs.flatMap(({ doc }) => doc.examples),
  };
}

/** Names come from the most general overload, types and optionality from all of them. */
function foldParameters(overloads: readonly Overload[]): Parameter[] {
  const general = overloads.reduce((a, b) => (generality(b) >= generality(a) ? b : a));
  return general.signature.params.map((parameter, index) => {
    const rest = parameter.type === "RestElement";
    const name = nameOf(parameter, index);
    const types = overloads.flatMap((overload) => typeAt(overload, index) ?? []);
    const description = overloads
      .toSorted((a, b) => Number(b === general) - Number(a === general))
      .map(({ doc }) => doc.params.get(name))
      .find((text) => text !== undefined);
    const everywhere = types.length === overloads.length && types.every((type) => !type.optional);
    return {
      name,
      rest,
      required: everywhere && !rest,
      schema: rest ? { type: "array" } : anyOf(types.map((type) => type.schema)),
      ...(description && { description }),
    };
  });
}

/** Rest parameters cover every other overload; otherwise the longest list does. */
function generality({ signature: { params } }: Overload): number {
  if (params.some((parameter) => nameOf(parameter, 0) === "guard")) return -1;
  return params.at(-1)?.type === "RestElement" ? 100 - params.length : params.length;
}

function typeAt({ signature, constraints }: Overload, index: number): TypeSchema | undefined {
  const parameter = signature.params[index] ?? signature.params.at(-1);
  if (parameter === undefined) return undefined;
  // What a rest parameter of one overload takes, another may name.
  if (parameter.type === "RestElement") return { schema: {}, optional: true };
  if (signature.params[index] === undefined) return undefined;
  if (parameter.type === "TSParameterProperty") return undefined;
  const annotation = parameter.typeAnnotation?.typeAnnotation;
  const type = annotation ? schemaOfType(annotation, constraints) : { schema: {}, optional: false };
  const omittable = parameter.type === "AssignmentPattern" || Boolean(parameter.optional);
  return { schema: type.schema, optional: type.optional || omittable };
}

function nameOf(parameter: ESTree.Function["params"][number], index: number): string {
  if (parameter.type === "Identifier") return parameter.name;
  if (parameter.type === "RestElement" && parameter.argument.type === "Identifier")
    return parameter.argument.name;
  return index === 0 ? "input" : "options";
}

function outputOf({ signature, constraints }: Overload): JsonObject {
  const type = signature.returnType?.typeAnnotation;
  if (!type) return {};
  const { schema, optional } = schemaOfType(type, constraints);
  return optional ? {} : schema;
}

function returnsFunction({ signature, constraints }: Overload): boolean {
  const type = signature.returnType?.typeAnnotation;
  if (type?.type === "TSTypeReference" && type.typeName.type === "Identifier")
    return isFunctionType(constraints.get(type.typeName.name) ?? type);
  return isFunctionType(type);
}

function isFunctionType(type: ESTree.TSType | undefined): boolean {
  switch (type?.type) {
    case "TSFunctionType":
      return true;
    case "TSIntersectionType":
      return type.types.some(isFunctionType);
    case "TSTypeLiteral":
      return type.members.some((member) => member.type === "TSCallSignatureDeclaration");
    case "TSTypeReference":
      return (
        type.typeName.type === "Identifier" &&
        /Func|Curr|Debounce|Throttle|^F$/.test(type.typeName.name)
      );
    default:
      return false;
  }
}
