/**
 * The relevance of a document to a term: Okapi BM25 (Robertson and Zaragoza, "The Probabilistic Relevance
 * Framework: BM25 and Beyond", 2009) with the constants of FTS5 and the inverse document frequency of
 * Lucene. `keywords/term-counts.ts` says what counts as often, as length, and as having a term.
 */

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

/**
 * What a term says when so many of all documents have it. Robertson's ln((N - n + 0.5) / (n + 0.5)) is
 * negative for a term that more than half of the documents have; Lucene adds 1 within the logarithm, so
 * that it is above 0 and falls with every document more. FTS5 takes 0.000001 for all such terms, and in
 * a library of a few skills, where most terms are of them, that leaves keywords no order.
 */
export function inverseFrequency(having: number, documents: number): number {
  return Math.log(1 + (documents - having + 0.5) / (having + 0.5));
}
