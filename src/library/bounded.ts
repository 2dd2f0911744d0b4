/**
 * Runs `work` on every item, at most `maxConcurrent` at a time, starting them in order.
 *
 * @returns the results in the order of the items; rejects with the first failure, after which no
 * further item is started and those under way have ended
 */
export async function mapBounded<Item, Result>(
  items: readonly Item[],
  maxConcurrent: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = Array.from({ length: items.length });
  let next = 0;
  let failure: { readonly error: unknown } | undefined;

  async function takeItems(): Promise<void> {
    while (next < items.length && failure === undefined) {
      const index = next++;
      try {
        results[index] = await work(items[index] as Item, index);
      } catch (error) {
        failure ??= { error };
      }
    }
  }

  await Promise.all(Array.from({ length: Math.min(maxConcurrent, items.length) }, takeItems));
  if (failure !== undefined) throw failure.error;
  return results;
}
