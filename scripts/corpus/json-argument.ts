/**
 * Arguments of documented calls as JSON. A function travels as `{ "$function": source }`, when its
 * source means the same outside the example: it refers to nothing but its own names and the
 * built-ins of the language.
 */
import { parse } from "acorn";
import type { JsonValue } from "../../src/base/json.ts";
import { findFreeNames } from "./free-names.ts";
import { Unusable } from "./unusable.ts";

/** @throws {Unusable} when JSON can not carry the value faithfully */
export function toJsonArgument(value: unknown): JsonValue {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (!Number.isFinite(value) || Object.is(value, -0))
        throw notJson(Object.is(value, -0) ? "-0" : String(value));
      return value;
    case "function":
      return { $function: functionSource(value as (...args: never) => unknown) };
    case "object":
      return value === null ? null : objectArgument(value);
    default:
      throw notJson(typeof value);
  }
}

function objectArgument(value: object): JsonValue {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Object.getOwnPropertySymbols(value).length > 0) throw notJson("symbol keys");
  if (Array.isArray(value)) {
    if (Object.keys(value).length !== value.length) throw notJson("a sparse array");
    return value.map(toJsonArgument);
  }
  if (prototype !== Object.prototype) throw notJson(value.constructor?.name ?? "no prototype");
  const properties = Object.values(Object.getOwnPropertyDescriptors(value));
  if (properties.some((property) => !("value" in property))) throw notJson("a getter");
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, toJsonArgument(member)]),
  );
}

function notJson(what: string): Unusable {
  return new Unusable(`an argument is not JSON (${what})`);
}

/** @throws {Unusable} when the function can not be rebuilt from its source */
function functionSource(value: (...args: never) => unknown): string {
  const builtIn = builtInName(value);
  if (builtIn !== undefined) return builtIn;
  const text = Function.prototype.toString.call(value);
  if (text.startsWith("class")) throw new Unusable("an argument is a class");
  if (text.includes("[native code]")) throw new Unusable("an argument is a native function");
  if (Object.keys(value).length > 0)
    throw new Unusable("an argument is a function with properties");
  const source = isExpression(text) ? text : `Object.values({ ${text} })[0]`;
  if (!isExpression(source)) throw new Unusable("an argument is not a plain function");
  const free = findFreeNames(`(${source})`).unknown;
  if (free.length > 0) throw new Unusable(`a callback is not self-contained (${free.join(", ")})`);
  return source;
}

function isExpression(text: string): boolean {
  try {
    parse(`(${text}\n)`, { ecmaVersion: "latest" });
    return true;
  } catch {
    return false; // Methods print without the object around them.
  }
}

const NAMESPACES = { Array, JSON, Math, Number, Object, String } as const;

function builtInName(value: unknown): string | undefined {
  const plain = [Array, Boolean, Number, Object, String, parseFloat, parseInt, isNaN, isFinite];
  const found = plain.find((candidate) => candidate === value);
  if (found) return found.name;
  for (const [name, namespace] of Object.entries(NAMESPACES)) {
    for (const [key, { value: member }] of Object.entries(
      Object.getOwnPropertyDescriptors(namespace),
    )) {
      if (member === value) return `${name}.${key}`;
    }
  }
  return undefined;
}
