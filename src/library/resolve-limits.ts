import { RepertoireError } from "../base/errors.ts";
import { LIMITS, RUN_LIMIT_RANGES } from "../base/limits.ts";
import type { Limits, RunLimits } from "../base/limits.ts";

/**
 * The limits with their defaults; a maximum below the default of its limit lowers that one as well.
 *
 * @throws {INVALID_INPUT} for a limit that is given above its maximum: no skill could ask for it
 */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  const limits: Limits = { ...LIMITS, ...given };
  const lowered = Object.entries(RUN_LIMIT_RANGES).flatMap(([name, { max }]) => {
    const value = limits[name as keyof RunLimits];
    if (value <= limits[max]) return [];
    if (!(name in given)) return [[name, limits[max]] as const];
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`limits.${name}\` to be at most \`limits.${max}\`, which is ${limits[max]}, got ${value}; raise \`limits.${max}\` as well`,
      { details: { option: `limits.${name}`, max: limits[max] } },
    );
  });
  return Object.freeze({ ...limits, ...Object.fromEntries(lowered) });
}
