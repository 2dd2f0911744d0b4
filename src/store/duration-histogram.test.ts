import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { durationBucket, durationQuantile, LAST_BUCKET } from "./duration-histogram.ts";

const anyDuration = fc.double({ min: 0.01, max: 600_000, noNaN: true });
const anyShare = fc.double({ min: 0, max: 1, noNaN: true });

function histogram(durations: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const duration of durations) {
    const bucket = durationBucket(duration);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  return counts;
}

/** The nearest-rank quantile of the durations themselves. */
function exactQuantile(durations: readonly number[], q: number): number {
  const sorted = [...durations].sort((left, right) => left - right);
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] ?? Number.NaN;
}

describe("duration histogram", () => {
  test("every quantile is within 5 % of the exact one", () => {
    fc.assert(
      fc.property(fc.array(anyDuration, { minLength: 1 }), anyShare, (durations, q) => {
        const exact = exactQuantile(durations, q);
        const estimated = durationQuantile(histogram(durations), q) ?? Number.NaN;
        expect(Math.abs(estimated - exact) / exact).toBeLessThanOrEqual(0.05);
      }),
      { numRuns: 1000 },
    );
  });

  test("merged histograms are the histogram of all durations", () => {
    fc.assert(
      fc.property(fc.array(anyDuration), fc.array(anyDuration), (left, right) => {
        const merged = histogram(left);
        for (const [bucket, count] of histogram(right))
          merged.set(bucket, (merged.get(bucket) ?? 0) + count);
        expect(merged).toStrictEqual(histogram([...left, ...right]));
      }),
    );
  });

  test("a longer duration is never in an earlier bucket", () => {
    fc.assert(
      fc.property(fc.double(), fc.double(), (left, right) => {
        fc.pre(left <= right);
        expect(durationBucket(left)).toBeLessThanOrEqual(durationBucket(right));
      }),
    );
  });

  test("durations outside the range count as its nearest end", () => {
    const outside = [-1, 0, Number.NaN, 0.01, 600_001, Number.POSITIVE_INFINITY];
    expect(outside.map(durationBucket)).toStrictEqual([0, 0, 0, 0, LAST_BUCKET, LAST_BUCKET]);
    expect(durationQuantile(new Map([[0, 1]]), 0.5)).toBe(0.01);
  });

  test("there is no quantile of nothing", () => {
    expect(durationQuantile(new Map(), 0.5)).toBeUndefined();
  });
});
