/** A vector that counts words in buckets: equal texts get equal ones, texts without words zeros. */
export function hashedWords(text: string, dimensions: number): number[] {
  const vector = Array.from({ length: dimensions }, () => 0);
  for (const word of text.split(/\s+/u).filter((part) => part !== "")) {
    let hash = 7;
    for (let at = 0; at < word.length; at++) hash = (hash * 31 + word.charCodeAt(at)) >>> 0;
    vector[hash % dimensions]! += 1;
  }
  return vector;
}
