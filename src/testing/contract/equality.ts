/** When two values count as equal, as the runners that people know have it. */

import { inspect } from "node:util";

/** An expectation that stands in the place of a value. */
export interface ValuePattern {
  readonly isPattern: true;
  matches(actual: unknown): boolean;
}

/**
 * `strict`: of the same kinds, with the same own fields. `loose`: fields that are `undefined` count as
 * absent, and classes do not matter. `subset`: loose, and objects may have more fields.
 */
export type EqualityMode = "strict" | "loose" | "subset";

export function equals(actual: unknown, expected: unknown, mode: EqualityMode): boolean {
  if (isPattern(expected)) return expected.matches(actual);
  if (Object.is(actual, expected)) return true;
  if (!isObject(actual) || !isObject(expected)) return false;
  const tag = Object.prototype.toString.call(expected);
  // Whose fields are asked for may be of any class: errors above all.
  const isAnyClass = mode === "subset" && tag === "[object Object]";
  if (!isAnyClass && Object.prototype.toString.call(actual) !== tag) return false;
  if (mode === "strict" && Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected))
    return false;
  if (expected instanceof Date) return Object.is(Number(actual), Number(expected));
  if (expected instanceof RegExp) return inspect(actual) === inspect(expected);
  if (expected instanceof Error)
    return errorsEqual(actual as Error, expected) && fieldsEqual(actual, expected, mode);
  if (expected instanceof Map || expected instanceof Set)
    return sameElements([...(actual as Iterable<unknown>)], [...expected], mode);
  if (Array.isArray(expected) || ArrayBuffer.isView(expected)) {
    const lengths = [actual, expected].map((each) => (each as unknown as unknown[]).length);
    if (lengths[0] !== lengths[1]) return false;
  }
  return fieldsEqual(actual, expected, mode);
}

export function isPattern(value: unknown): value is ValuePattern {
  return isObject(value) && "isPattern" in value;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** In any order. */
function sameElements(
  actual: readonly unknown[],
  expected: readonly unknown[],
  mode: EqualityMode,
): boolean {
  const left = [...actual];
  for (const each of expected) {
    const at = left.findIndex((candidate) => equals(candidate, each, mode));
    if (at < 0) return false;
    left.splice(at, 1);
  }
  return left.length === 0;
}

function errorsEqual(actual: Error, expected: Error): boolean {
  return (
    actual.name === expected.name &&
    actual.message === expected.message &&
    equals(actual.cause, expected.cause, "loose")
  );
}

function fieldsEqual(actual: object, expected: object, mode: EqualityMode): boolean {
  const fieldsOf = (value: object): readonly string[] =>
    Object.keys(value).filter(
      (field) => mode === "strict" || (value as Record<string, unknown>)[field] !== undefined,
    );
  const wanted = mode === "subset" ? Object.keys(expected) : fieldsOf(expected);
  if (mode !== "subset" && fieldsOf(actual).length !== wanted.length) return false;
  return wanted.every(
    (field) =>
      (mode === "loose" || field in actual) &&
      equals(
        (actual as Record<string, unknown>)[field],
        (expected as Record<string, unknown>)[field],
        mode,
      ),
  );
}
