/**
 * The rows of every term in one block of bytes, made in one go and never changed: for each row, in
 * ascending order, the difference to the one before in 7-bit groups, then the weighted count in tenths.
 * About 2.2 bytes a posting.
 */
import { visitTerms } from "./term-list.ts";

export interface PostingBase {
  /** Where a term's rows begin; they end where those of the next one begin. */
  readonly offsets: Uint32Array;
  readonly bytes: Uint8Array;
}

export const NO_POSTINGS: PostingBase = { offsets: new Uint32Array(2), bytes: new Uint8Array(0) };

/** What a document of a row is made of; `terms` as `encodeTerms` gives them. */
export interface RowTerms {
  readonly row: number;
  readonly terms: Uint8Array;
}

/**
 * @param lastTerm the highest number of a term
 * @param rows every document in ascending order of row; asked for twice, and the same both times
 */
export function buildPostingBase(lastTerm: number, rows: () => Iterable<RowTerms>): PostingBase {
  const sizes = new Uint32Array(lastTerm + 1);
  const last = new Uint32Array(lastTerm + 1);
  for (const { row, terms } of rows()) {
    visitTerms(terms, (term) => {
      sizes[term] = sizes[term]! + groupsOf(row - last[term]!) + 1;
      last[term] = row;
    });
  }
  const offsets = new Uint32Array(lastTerm + 2);
  for (let term = 0; term <= lastTerm; term++) offsets[term + 1] = offsets[term]! + sizes[term]!;

  const bytes = new Uint8Array(offsets[lastTerm + 1]!);
  const next = offsets.slice();
  last.fill(0);
  for (const { row, terms } of rows()) {
    visitTerms(terms, (term, count) => {
      let at = next[term]!;
      let rest = row - last[term]!;
      for (; rest > 127; rest >>>= 7) bytes[at++] = (rest & 127) | 128;
      bytes[at++] = rest;
      bytes[at++] = count;
      next[term] = at;
      last[term] = row;
    });
  }
  return { offsets, bytes };
}

function groupsOf(difference: number): number {
  return difference < 1 << 7 ? 1 : difference < 1 << 14 ? 2 : difference < 1 << 21 ? 3 : 4;
}
