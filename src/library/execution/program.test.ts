import { describe, expect, test } from "vitest";
import { LIMITS, RUN_LIMIT_RANGES } from "../../base/limits.ts";
import type { Limits, RunLimits } from "../../base/limits.ts";
import { sandboxLimits } from "./program.ts";

const NAMES = Object.keys(RUN_LIMIT_RANGES) as (keyof RunLimits)[];

/** Each name with what `value` says of it. */
function each(value: (name: keyof RunLimits, max: keyof Limits) => number): RunLimits {
  return Object.fromEntries(
    NAMES.map((name) => [name, value(name, RUN_LIMIT_RANGES[name].max)]),
  ) as unknown as RunLimits;
}

describe("sandboxLimits", () => {
  test("are the host's own where nothing is asked for", () => {
    expect(sandboxLimits(LIMITS, {})).toEqual({
      ...each((name) => LIMITS[name]),
    });
  });

  test("are what is asked for, less or more, up to the host's maximum of each", () => {
    const less = each((name) => Math.floor(LIMITS[name] / 2));
    expect(sandboxLimits(LIMITS, less)).toMatchObject(less);
    const more = each((name) => LIMITS[name] + 1);
    expect(sandboxLimits(LIMITS, more)).toMatchObject(more);
    expect(
      sandboxLimits(
        LIMITS,
        each(() => Number.MAX_SAFE_INTEGER),
      ),
    ).toMatchObject(each((_, max) => LIMITS[max]));
  });

  test("do not give a nested run more time than is left, and never none at all", () => {
    expect(sandboxLimits(LIMITS, { timeoutMs: 500 }, 20.5).timeoutMs).toBe(20.5);
    expect(sandboxLimits(LIMITS, { timeoutMs: 500 }, 1000).timeoutMs).toBe(500);
    expect(sandboxLimits(LIMITS, {}, 0).timeoutMs).toBe(1);
    expect(sandboxLimits(LIMITS, {}, -5).timeoutMs).toBe(1);
  });
});
