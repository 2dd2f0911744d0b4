/** The relevance of a document to a term; constants and formula are those of FTS5. */

/** Saturation and length normalisation. */
export const K1 = 1.2;
export const B = 0.75;
/** Counts are in tenths. */
export const TENTHS = 10;

/**
 * @param often how often the document has the term, in tenths
 * @param length tokens of the document
 */
export function bm25(often: number, length: number, meanLength: number): number {
  const norm = 1 - B + (meanLength > 0 ? (B * length) / meanLength : 0);
  return ((K1 + 1) * often) / (often + TENTHS * K1 * norm);
}

/** What a term says when so many of all documents have it, as FTS5 reckons. */
export function inverseFrequency(having: number, documents: number): number {
  return Math.max(1e-6, Math.log((documents - having + 0.5) / (having + 0.5)));
}
