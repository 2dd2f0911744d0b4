import { RepertoireError } from "../base/errors.ts";
import { preview } from "../base/json.ts";

/** @throws {INVALID_INPUT} unless it is a whole number from `min` on; a count that is none must not pass for a run */
export function wholeNumber(name: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be a whole number of at least ${min}, got ${preview(value)}`,
  );
}
