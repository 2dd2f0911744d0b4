/**
 * The assertions of the contract suites. They throw what `node:assert` throws, with `actual` and
 * `expected`, so that any runner shows the difference, and they need none.
 */
import { AssertionError } from "node:assert";
import { inspect } from "node:util";
import { equals } from "./equality.ts";
import type { ValuePattern } from "./equality.ts";

interface Matchers<Result> {
  toBe(expected: unknown): Result;
  toEqual(expected: unknown): Result;
  toStrictEqual(expected: unknown): Result;
  toMatchObject(expected: object): Result;
  toBeDefined(): Result;
  toBeUndefined(): Result;
  toBeInstanceOf(expected: abstract new (...given: never[]) => unknown): Result;
  toBeLessThan(expected: number | bigint): Result;
  toBeLessThanOrEqual(expected: number | bigint): Result;
  toBeGreaterThan(expected: number | bigint): Result;
  toBeGreaterThanOrEqual(expected: number | bigint): Result;
  /** @param digits after the point, the last one rounded (default: 2) */
  toBeCloseTo(expected: number, digits?: number): Result;
  toHaveLength(expected: number): Result;
  toHaveProperty(expected: string): Result;
  /** A part of a text, or an element. */
  toContain(expected: unknown): Result;
  toMatch(expected: RegExp | string): Result;
}

interface Expectation extends Matchers<void> {
  readonly not: Matchers<void>;
  readonly resolves: Matchers<Promise<void>>;
  readonly rejects: Matchers<Promise<void>>;
}

type Check = (actual: unknown, ...expected: readonly never[]) => boolean;

function numeric(compare: (actual: number, expected: number) => boolean): Check {
  return (actual: unknown, expected: never) =>
    (typeof actual === "number" || typeof actual === "bigint") &&
    compare(actual as number, expected);
}

const CHECKS: Readonly<Record<keyof Matchers<void>, Check>> = {
  toBe: (actual, expected: unknown) => Object.is(actual, expected),
  toEqual: (actual, expected: unknown) => equals(actual, expected, "loose"),
  toStrictEqual: (actual, expected: unknown) => equals(actual, expected, "strict"),
  toMatchObject: (actual, expected: unknown) => equals(actual, expected, "subset"),
  toBeDefined: (actual) => actual !== undefined,
  toBeUndefined: (actual) => actual === undefined,
  toBeInstanceOf: (actual, expected: new () => unknown) => actual instanceof expected,
  toBeLessThan: numeric((actual, expected) => actual < expected),
  toBeLessThanOrEqual: numeric((actual, expected) => actual <= expected),
  toBeGreaterThan: numeric((actual, expected) => actual > expected),
  toBeGreaterThanOrEqual: numeric((actual, expected) => actual >= expected),
  toBeCloseTo: (actual, expected: number, digits: number = 2) =>
    typeof actual === "number" && Math.abs(actual - expected) < 10 ** -digits / 2,
  toHaveLength: (actual, expected: number) => (actual as ArrayLike<unknown>).length === expected,
  toHaveProperty: (actual, expected: string) =>
    typeof actual === "object" && actual !== null && expected in actual,
  toContain: (actual, expected: unknown) =>
    typeof actual === "string"
      ? actual.includes(String(expected))
      : [...(actual as Iterable<unknown>)].includes(expected),
  toMatch: (actual, expected: RegExp | string) =>
    typeof actual === "string" &&
    (typeof expected === "string" ? actual.includes(expected) : expected.test(actual)),
};

/** @param note shown with a failure */
function expectation(actual: unknown, note?: string): Expectation {
  const now = matchers((check, operator, expected) => {
    judge(check, operator, actual, expected, true, note);
  });
  const resolved = matchers(async (check, operator, expected) => {
    judge(check, operator, await actual, expected, true, note);
  });
  const rejected = matchers(async (check, operator, expected) => {
    judge(check, operator, await rejection(actual), expected, true, note);
  });
  const not = matchers((check, operator, expected) => {
    judge(check, operator, actual, expected, false, note);
  });
  return { ...now, not, resolves: resolved, rejects: rejected };
}

function matchers<Result>(
  apply: (check: Check, operator: string, expected: readonly unknown[]) => Result,
): Matchers<Result> {
  const entries = Object.entries(CHECKS).map(([operator, check]) => [
    operator,
    (...expected: readonly unknown[]) => apply(check, operator, expected),
  ]);
  return Object.fromEntries(entries) as Matchers<Result>;
}

function judge(
  check: Check,
  operator: string,
  actual: unknown,
  expected: readonly unknown[],
  wanted: boolean,
  note: string | undefined,
): void {
  if (check(actual, ...(expected as readonly never[])) === wanted) return;
  const shown = expected.map((each) => inspect(each, { depth: 6 })).join(", ");
  throw new AssertionError({
    message: `${note === undefined ? "" : `${note}: `}expected ${inspect(actual, { depth: 6 })} ${wanted ? "" : "not "}${operator}(${shown})`,
    actual,
    expected: expected[0],
    operator,
  });
}

async function rejection(promise: unknown): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new AssertionError({
    message: `expected a rejection, but the promise resolved to ${inspect(value)}`,
    actual: value,
    operator: "rejects",
  });
}

function pattern(matches: (actual: unknown) => boolean): ValuePattern {
  return { isPattern: true, matches };
}

function fail(message: string): never {
  throw new AssertionError({ message, operator: "fail" });
}

export const expect = Object.assign(expectation, {
  any: (kind: abstract new (...given: never[]) => unknown): unknown =>
    pattern((actual) => isOfKind(actual, kind)),
  stringMatching: (expected: RegExp): unknown =>
    pattern((actual) => typeof actual === "string" && expected.test(actual)),
  stringContaining: (expected: string): unknown =>
    pattern((actual) => typeof actual === "string" && actual.includes(expected)),
  objectContaining: (expected: object): unknown =>
    pattern((actual) => equals(actual, expected, "subset")),
  closeTo: (expected: number, digits = 2): unknown =>
    pattern(
      (actual) => typeof actual === "number" && Math.abs(actual - expected) < 10 ** -digits / 2,
    ),
  fail,
  unreachable: (message = "expected this not to be reached"): never => fail(message),
});

function isOfKind(actual: unknown, kind: unknown): boolean {
  if (kind === Number) return typeof actual === "number";
  if (kind === String) return typeof actual === "string";
  if (kind === Boolean) return typeof actual === "boolean";
  return typeof kind === "function" && actual instanceof kind;
}
