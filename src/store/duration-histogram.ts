/**
 * A histogram of durations in buckets whose bounds grow by a constant factor, so that a quantile
 * read from it is off by a bounded share of its value, and histograms of many processes merge by
 * adding counts. Source: Masson, Rim, Lee, "DDSketch" (VLDB 2019), section 2.
 */

/** Durations outside this range count as its nearest end: 10 µs to 10 minutes. */
const SHORTEST_MS = 0.01;
const LONGEST_MS = 600_000;
const GROWTH = 1.1;

/** Index of the last bucket; the first is 0 and holds everything up to the shortest duration. */
export const LAST_BUCKET = Math.ceil(Math.log(LONGEST_MS / SHORTEST_MS) / Math.log(GROWTH));

/** The bucket of a duration: bucket i holds those in (0.01 ms × 1.1^(i−1), 0.01 ms × 1.1^i]. */
export function durationBucket(durationMs: number): number {
  if (!(durationMs > SHORTEST_MS)) return 0;
  const bucket = Math.ceil(Math.log(durationMs / SHORTEST_MS) / Math.log(GROWTH));
  return Math.min(bucket, LAST_BUCKET);
}

/**
 * The q-quantile (the smallest duration that at least a share q is not longer than), within
 * (1.1 − 1) / (1.1 + 1) ≈ 4.8 % for durations in range.
 *
 * @param counts Number of durations by bucket
 * @returns `undefined` when there are none
 */
export function durationQuantile(
  counts: ReadonlyMap<number, number>,
  q: number,
): number | undefined {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const rank = Math.max(1, Math.ceil(q * total));
  let passed = 0;
  const buckets = [...counts.keys()].sort((left, right) => left - right);
  for (const bucket of buckets) {
    passed += counts.get(bucket) ?? 0;
    if (passed >= rank) return bucketMs(bucket);
  }
  return undefined;
}

/** The value whose greatest relative distance to the bucket's durations is least. */
function bucketMs(bucket: number): number {
  if (bucket === 0) return SHORTEST_MS;
  return (2 * SHORTEST_MS * GROWTH ** bucket) / (GROWTH + 1);
}
