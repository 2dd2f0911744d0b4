import { InvalidArgumentError } from "commander";
import type { ExpectedVersion } from "../../store/skill-store.ts";

/** A parser of whole numbers within bounds, for commander. */
export function wholeNumber(
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    const bounds = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
    throw new InvalidArgumentError(`Expected a whole number, ${bounds}.`);
  };
}

/** A number from 0 to 1. */
export function parseFraction(text: string): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError("Expected a number from 0 to 1.");
}

/** A version number, 0 for "must not exist yet", or `any`. */
export function parseExpectedVersion(text: string): ExpectedVersion {
  if (text === "any") return text;
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError('Expected a version, 0 for a new skill, or "any".');
}
