/** A growing set of small numbers, one bit each. */
export interface Bitmap {
  /** Bit `n` is bit `n % 32` of word `n / 32`; words beyond the end are 0. */
  readonly words: Uint32Array;
  /** In an intersection, those that are not in the set count. */
  readonly isExcluded?: boolean;
  /** Whether it counts. */
  has(n: number): boolean;
  set(n: number, isIn: boolean): void;
}

export function bitmap(): Bitmap {
  let words = new Uint32Array(8);
  return {
    get words() {
      return words;
    },
    has: (n) => (((words[n >>> 5] ?? 0) >>> (n & 31)) & 1) === 1,

    set(n, isIn) {
      const at = n >>> 5;
      if (at >= words.length) {
        if (!isIn) return;
        const grown = new Uint32Array(Math.max(at + 1, words.length * 2));
        grown.set(words);
        words = grown;
      }
      const bit = 1 << (n & 31);
      words[at] = isIn ? words[at]! | bit : words[at]! & ~bit;
    },
  };
}

/** What is not in the set, in step with it. */
export function complement(set: Bitmap): Bitmap {
  return {
    get words() {
      return set.words;
    },
    isExcluded: true,
    has: (n) => !set.has(n),
    set: (n, isIn) => set.set(n, !isIn),
  };
}

/** The numbers below `count` that are in all of the sets. */
export function intersection(sets: readonly Bitmap[], count: number): Uint32Array {
  const words = new Uint32Array(Math.ceil(count / 32));
  intersect(words, 0, sets);
  return words;
}

/**
 * Writes the numbers that are in all of the sets, from word `from` on, into `target`.
 *
 * @returns whether there are any
 */
export function intersect(target: Uint32Array, from: number, sets: readonly Bitmap[]): boolean {
  let any = 0;
  for (let i = 0; i < target.length; i++) {
    let word = 0xffff_ffff;
    for (const { words, isExcluded } of sets) {
      const part = words[from + i] ?? 0;
      word &= isExcluded === true ? ~part : part;
    }
    target[i] = word;
    any |= word;
  }
  return any !== 0;
}
