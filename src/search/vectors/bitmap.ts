/** A growing set of small numbers, one bit each. */
export interface Bitmap {
  /** Bit `n` is bit `n % 32` of word `n / 32`; words beyond the end are 0. */
  readonly words: Uint32Array;
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

/**
 * Writes the numbers that are in all of the sets, from word `from` on, into `target`.
 *
 * @returns whether there are any
 */
export function intersect(target: Uint32Array, from: number, sets: readonly Bitmap[]): boolean {
  let any = 0;
  for (let i = 0; i < target.length; i++) {
    let word = 0xffff_ffff;
    for (const { words } of sets) word &= words[from + i] ?? 0;
    target[i] = word;
    any |= word;
  }
  return any !== 0;
}
