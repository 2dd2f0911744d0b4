import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { betaQuantile, MAX_OUTCOME_LIFT, outcomeLift, smoothedRate } from "./outcome.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

function lift(successes: number, failures: number, ageMs = 0, libraryRate = 0.8): number {
  return outcomeLift({ successes, failures, ageMs }, libraryRate);
}

const runs = fc.nat({ max: 10_000 });
const rate = fc.double({ min: 0.01, max: 0.99, noNaN: true });
const age = fc.nat({ max: 1000 * DAY_MS });

describe("betaQuantile", () => {
  test("inverts the distributions that have a closed form", () => {
    expect(betaQuantile(0.25, 1, 1)).toBeCloseTo(0.25, 6);
    expect(betaQuantile(0.1, 7, 1)).toBeCloseTo(0.1 ** (1 / 7), 6);
    expect(betaQuantile(0.1, 1, 7)).toBeCloseTo(1 - 0.9 ** (1 / 7), 6);
    expect(betaQuantile(0.5, 40, 40)).toBeCloseTo(0.5, 6);
    // Of the arcsine distribution.
    expect(betaQuantile(0.2, 0.5, 0.5)).toBeCloseTo(Math.sin((Math.PI * 0.2) / 2) ** 2, 6);
  });

  test("of Beta(2, 2) solves 3x² - 2x³ = share", () => {
    const x = betaQuantile(0.05, 2, 2);
    expect(3 * x ** 2 - 2 * x ** 3).toBeCloseTo(0.05, 6);
  });
});

describe("outcomeLift", () => {
  test("is nothing without runs, and after the first ones", () => {
    expect([lift(0, 0), lift(1, 0), lift(3, 0)]).toEqual([0, 0, 0]);
    expect([lift(4, 1), lift(40, 10)]).toEqual([0, 0]);
  });

  test("comes with evidence, and goes with time", () => {
    expect(lift(200, 0)).toBeGreaterThan(0.8 * MAX_OUTCOME_LIFT);
    expect(lift(0, 20)).toBeLessThan(-0.8 * MAX_OUTCOME_LIFT);
    expect(lift(0, 20, 400 * DAY_MS)).toBeGreaterThan(lift(0, 20));
    expect(lift(0, 20, 4000 * DAY_MS)).toBe(0);
  });

  test("stays within its bound", () => {
    fc.assert(
      fc.property(runs, runs, age, rate, (successes, failures, ageMs, libraryRate) => {
        const found = outcomeLift({ successes, failures, ageMs }, libraryRate);
        expect(Math.abs(found)).toBeLessThanOrEqual(MAX_OUTCOME_LIFT);
      }),
    );
  });

  test("never falls with a success, nor rises with a failure, while all runs count", () => {
    const few = fc.nat({ max: 99 });
    fc.assert(
      fc.property(few, few, age, rate, (successes, failures, ageMs, libraryRate) => {
        const of = (good: number, bad: number): number =>
          outcomeLift({ successes: good, failures: bad, ageMs }, libraryRate);
        const slack = 1e-6;
        expect(of(successes + 1, failures)).toBeGreaterThanOrEqual(of(successes, failures) - slack);
        expect(of(successes, failures + 1)).toBeLessThanOrEqual(of(successes, failures) + slack);
      }),
    );
  });
});

test("the rate of a library is never certain", () => {
  expect([smoothedRate(0, 0), smoothedRate(9, 0), smoothedRate(0, 9)]).toEqual([0.5, 0.95, 0.05]);
});
