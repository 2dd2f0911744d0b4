const words = new DataView(new ArrayBuffer(8));

/**
 * Where the `Math.random` of a run starts: the four words of sfc32 (PractRand, Chris Doty-Humphrey),
 * made here because the guest's interpreter would take longer for them than for a small skill.
 */
export function randomState(seed: number): readonly [number, number, number, number] {
  // All 64 bits of the number, so that different seeds differ.
  words.setFloat64(0, seed);
  const low = words.getInt32(4);
  let [a, b, c, counter] = [low, words.getInt32(0), Math.imul(low ^ 0x9e3779b9, 0x85ebca6b), 1];
  for (let round = 0; round < 12; round++) {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
  }
  return [a, b, c, counter];
}
