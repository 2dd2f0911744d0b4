/**
 * A quantile by nearest rank: a value that was measured, never one in between.
 *
 * @param values in any order
 * @param share from 0 to 1, such as 0.95
 * @returns `undefined` when there are no values
 */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
