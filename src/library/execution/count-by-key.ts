/** Counts things by key; keys that are counted down to 0 take no room. */
export interface CountByKey<Key> {
  readonly total: number;
  of(key: Key): number;
  add(key: Key, change: number): void;
}

export function countByKey<Key>(): CountByKey<Key> {
  const counts = new Map<Key, number>();
  let total = 0;
  return {
    get total() {
      return total;
    },
    of: (key) => counts.get(key) ?? 0,
    add(key, change) {
      total += change;
      const now = (counts.get(key) ?? 0) + change;
      if (now === 0) counts.delete(key);
      else counts.set(key, now);
    },
  };
}
