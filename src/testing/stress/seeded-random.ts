/** Random choices that repeat for the same seed. */
export interface SeededRandom {
  /** From 0 up to, and without, 1. */
  next(): number;
  /** A whole number from 0 up to, and without, `below`. */
  below(below: number): number;
  /** One of the items, each as likely as its weight. */
  pick<T>(items: readonly (readonly [weight: number, item: T])[]): T;
}

/** The generator mulberry32 by Tommy Ettinger (public domain), begun from a text or a number. */
export function seededRandom(seed: string | number): SeededRandom {
  let state = 2_166_136_261;
  for (const character of String(seed))
    state = Math.imul(state ^ character.charCodeAt(0), 16_777_619) >>> 0;
  const random: SeededRandom = {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
    below: (below) => Math.floor(random.next() * below),
    pick(items) {
      const total = items.reduce((sum, [weight]) => sum + weight, 0);
      let left = random.next() * total;
      for (const [weight, item] of items) {
        left -= weight;
        if (left < 0) return item;
      }
      throw new Error("There is nothing to pick from, or nothing has a weight");
    },
  };
  return random;
}
