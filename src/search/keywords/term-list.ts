/**
 * The terms of one document as bytes: for each, in ascending order of its number, the difference to the
 * one before in 7-bit groups (least first, the high bit says that more follow), then its count.
 */

export interface TermCount {
  readonly term: number;
  /** Weighted count in tenths, 1 to 255. */
  readonly count: number;
}

export function encodeTerms(terms: readonly TermCount[]): Uint8Array {
  const bytes: number[] = [];
  let last = 0;
  for (const { term, count } of terms.toSorted((a, b) => a.term - b.term)) {
    let rest = term - last;
    for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
    bytes.push(rest, count);
    last = term;
  }
  return Uint8Array.from(bytes);
}

/** Calls `visit` with each term and its count, in order. */
export function visitTerms(bytes: Uint8Array, visit: (term: number, count: number) => void): void {
  let term = 0;
  for (let at = 0; at < bytes.length;) {
    let shift = 0;
    let byte = bytes[at++]!;
    let difference = byte & 127;
    while (byte > 127) {
      shift += 7;
      byte = bytes[at++] ?? 0;
      difference |= (byte & 127) << shift;
    }
    term += difference;
    visit(term, bytes[at++] ?? 0);
  }
}
