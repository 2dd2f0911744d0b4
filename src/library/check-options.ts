/** Checks of what callers give as options; what is missing is fine. */
import { RepertoireError } from "../base/errors.ts";
import { preview } from "../base/json.ts";
import { RUN_LIMIT_RANGES } from "../base/limits.ts";
import type { ExpectedVersion } from "../store/skill-store.ts";

/** @throws {INVALID_INPUT} when `value` is given and is not a number above zero, up to `max` */
export function checkPositive(name: string, value: unknown, max: number): void {
  if (value === undefined) return;
  if (typeof value === "number" && value > 0 && value <= max) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be a number above 0 and at most ${max}, got ${preview(value)}`,
    {
      details: { option: name, max },
    },
  );
}

/** @throws {INVALID_INPUT} when `value` is given and is not a whole number from `min` to `max` */
export function checkInteger(name: string, value: unknown, min: number, max: number): void {
  if (value === undefined) return;
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be a whole number from ${min} to ${max}, got ${preview(value)}`,
    {
      details: { option: name, min, max },
    },
  );
}

/** @throws {INVALID_INPUT} when `value` is given and is not one of `allowed` */
export function checkOneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value as string)) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be one of ${allowed.join(", ")}, got ${preview(value)}`,
    {
      details: { option: name, allowed },
    },
  );
}

/** @throws {INVALID_INPUT} when `value` is given and is not a text of 1 to `maxLength` characters */
export function checkText(name: string, value: unknown, maxLength: number): void {
  if (value === undefined) return;
  if (typeof value === "string" && value !== "" && value.length <= maxLength) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be a text of 1 to ${maxLength} characters, got ${preview(value)}`,
    {
      details: { option: name, max: maxLength },
    },
  );
}

/** @throws {INVALID_INPUT} when a caller is given and is not a text of 1 to 256 characters */
export function checkCaller(caller: unknown): void {
  checkText("caller", caller, 256);
}

/** @throws {INVALID_INPUT} for a limit of a run that is not known or below the least it may be */
export function checkRunLimits(what: string, limits: unknown): void {
  if (limits === undefined) return;
  checkKnownOptions(what, limits, Object.keys(RUN_LIMIT_RANGES));
  for (const [name, { min }] of Object.entries(RUN_LIMIT_RANGES)) {
    const value = (limits as Readonly<Record<string, unknown>>)[name];
    checkInteger(`${what}.${name}`, value, min, Number.MAX_SAFE_INTEGER);
  }
}

/** @throws {INVALID_INPUT} when `value` is given and is not a list of texts, or one of them is empty */
export function checkTexts(name: string, value: unknown): void {
  if (value === undefined) return;
  const areTexts = Array.isArray(value) && value.every((item) => typeof item === "string");
  if (areTexts && !value.includes("")) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be a list of texts${areTexts ? " that are not empty" : ""}, got ${preview(value)}`,
    {
      details: { option: name },
    },
  );
}

/** @throws {INVALID_INPUT} when `value` is given and is neither true nor false */
export function checkBoolean(name: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be true or false, got ${preview(value)}`,
    {
      details: { option: name },
    },
  );
}

/**
 * The version a writer expects, where none is given the fallback.
 *
 * @throws {INVALID_INPUT} when it is neither a whole number from 0 nor "any"
 */
export function checkExpected(expected: unknown, fallback: ExpectedVersion): ExpectedVersion {
  if (expected === undefined) return fallback;
  if (expected === "any" || (Number.isSafeInteger(expected) && (expected as number) >= 0))
    return expected as ExpectedVersion;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`expectedVersion\` to be a whole number from 0 or "any", got ${preview(expected)}`,
    {
      details: { option: "expectedVersion" },
    },
  );
}

/** @throws {INVALID_INPUT} when options are no object, or have a field that is not known */
export function checkKnownOptions(what: string, options: unknown, known: readonly string[]): void {
  // What a Map holds, or an object inherits, would be ignored, and with it what a policy forbids.
  if (!isPlainObject(options)) {
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected the options of ${what} to be an object, got ${preview(options)}`,
    );
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new RepertoireError(
        "INVALID_INPUT",
        `${what} has no option \`${key}\`; it takes ${known.join(", ")}`,
        {
          details: { option: key },
        },
      );
    }
  }
  checkHooks(what, options as Readonly<Record<string, unknown>>);
}

/** Whether it is an object literal, of whichever realm, or has no prototype. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What every call may be given to stop or watch it. */
function checkHooks(
  what: string,
  { signal, onProgress, onResult }: Readonly<Record<string, unknown>>,
): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`signal\` of ${what} to be an AbortSignal, got ${preview(signal)}`,
    );
  }
  for (const [name, hook] of Object.entries({ onProgress, onResult })) {
    if (hook !== undefined && typeof hook !== "function") {
      throw new RepertoireError(
        "INVALID_INPUT",
        `Expected \`${name}\` of ${what} to be a function, got ${preview(hook)}`,
      );
    }
  }
}

/** @throws {INVALID_INPUT} when an id is not even a text */
export function checkIsText(name: string, value: unknown): void {
  if (typeof value === "string") return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be a text, got ${preview(value)}`,
  );
}
