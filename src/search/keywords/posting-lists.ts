/**
 * Which documents have a term and how often: a block made in one go, and lists beside it for rows that
 * changed since. Scoring walks the lists of a query's terms one after the other and sums up bm25 by row.
 */
import { B, K1, TENTHS } from "./bm25.ts";
import { NO_POSTINGS, type PostingBase } from "./posting-base.ts";
import { visitTerms } from "./term-list.ts";

/** Says that a row was met, and adds nothing: it vanishes beside any score. */
const MET = 1e-30;
const LEAST_SCORE = 1e-20;

export interface ScoredTerm {
  readonly term: number;
  /** How much the term says: its inverse document frequency, times how often it is asked. */
  readonly weight: number;
}

export interface RowScores {
  /** By row; valid up to the next call. */
  readonly scores: Float32Array;
  /** Rows that may have a score. */
  readonly rows: Uint32Array;
}

export interface PostingLists {
  /** What was made in one go, for keeping it on disk. */
  readonly base: PostingBase;
  /** Rows that changed since that was made. */
  readonly changed: number;
  /** Replaces all there is. */
  setBase(base: PostingBase): void;
  /** The row now has these terms, as `encodeTerms` gives them, or none. */
  put(row: number, terms: Uint8Array | undefined): void;
  /**
   * Scores every row that has any of the terms.
   *
   * @param lengths tokens of the document of each row
   */
  score(terms: readonly ScoredTerm[], lengths: Uint16Array, meanLength: number): RowScores;
}

interface ChangedList {
  readonly rows: number[];
  readonly counts: number[];
}

export function postingLists(): PostingLists {
  let base = NO_POSTINGS;
  /** Rows whose part of the base is void, with the terms they have now. */
  let changed = new Map<number, readonly number[]>();
  let lists = new Map<number, ChangedList>();
  let scores = new Float32Array(0);
  let met = new Uint32Array(0);
  let metCount = 0;

  function drop(row: number): void {
    for (const term of changed.get(row) ?? []) {
      const list = lists.get(term)!;
      const at = list.rows.indexOf(row);
      list.rows.splice(at, 1);
      list.counts.splice(at, 1);
    }
  }

  function begin(rows: number): void {
    if (scores.length < rows) {
      scores = new Float32Array(rows);
      met = new Uint32Array(rows);
    } else {
      for (let i = 0; i < metCount; i++) scores[met[i]!] = 0;
    }
    metCount = 0;
  }

  /** The inner loop of keyword search: nothing in it may allocate. */
  function addBase(
    { term, weight }: ScoredTerm,
    lengths: Uint16Array,
    fixed: number,
    perToken: number,
  ): void {
    const { bytes, offsets } = base;
    if (term + 1 >= offsets.length) return;
    const end = offsets[term + 1]!;
    const most = weight * (K1 + 1);
    let row = 0;
    let count = metCount;
    for (let at = offsets[term]!; at < end;) {
      let byte = bytes[at++]!;
      let difference = byte & 127;
      for (let shift = 7; byte > 127; shift += 7) {
        byte = bytes[at++]!;
        difference |= (byte & 127) << shift;
      }
      row += difference;
      const often = bytes[at++]!;
      const before = scores[row]!;
      if (before === 0) met[count++] = row;
      scores[row] = before + (most * often) / (often + fixed + perToken * lengths[row]!);
    }
    metCount = count;
  }

  function addChanged(
    { term, weight }: ScoredTerm,
    lengths: Uint16Array,
    fixed: number,
    perToken: number,
  ): void {
    const list = lists.get(term);
    if (list === undefined) return;
    const most = weight * (K1 + 1);
    for (let i = 0; i < list.rows.length; i++) {
      const row = list.rows[i]!;
      const often = list.counts[i]!;
      const before = scores[row]!;
      if (before === 0) met[metCount++] = row;
      scores[row] = before + (most * often) / (often + fixed + perToken * lengths[row]!);
    }
  }

  return {
    get base() {
      return base;
    },
    get changed() {
      return changed.size;
    },

    setBase(next) {
      base = next;
      changed = new Map();
      lists = new Map();
    },

    put(row, terms) {
      drop(row);
      const now: number[] = [];
      if (terms !== undefined) {
        visitTerms(terms, (term, count) => {
          const list = lists.get(term) ?? { rows: [], counts: [] };
          lists.set(term, list);
          list.rows.push(row);
          list.counts.push(count);
          now.push(term);
        });
      }
      changed.set(row, now);
    },

    score(terms, lengths, meanLength) {
      begin(lengths.length);
      const fixed = TENTHS * K1 * (1 - B);
      const perToken = meanLength > 0 ? (TENTHS * K1 * B) / meanLength : 0;
      for (const term of terms) addBase(term, lengths, fixed, perToken);
      // What the base says of a row that changed since is void.
      for (const row of changed.keys()) if (scores[row]! > 0) scores[row] = MET;
      for (const term of terms) addChanged(term, lengths, fixed, perToken);
      return { scores, rows: met.subarray(0, metCount) };
    },
  };
}

/** Whether a row's score says that it has a term. */
export function isScore(score: number): boolean {
  return score > LEAST_SCORE;
}
