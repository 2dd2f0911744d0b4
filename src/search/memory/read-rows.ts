/** Bringing what is in memory up to what is in the file, inside the caller's read transaction. */
import type { SQLOutputValue } from "node:sqlite";
import type { SkillStatus } from "../../skill/skill.ts";
import type { IndexStatements } from "../index-statements.ts";
import { buildPostingBase, type PostingBase, type RowTerms } from "../keywords/posting-base.ts";
import type { QuantizedVector } from "../vectors/quantized-vector.ts";
import { statusNumber, type IndexMemory, type MemoryRow } from "./index-memory.ts";
import type { MemoryPosition } from "./memory-copy.ts";

type Row = Record<string, SQLOutputValue>;

/** @param dimensions of the vectors that can be compared; 0 when there are none */
export function readAll(
  memory: IndexMemory,
  statements: IndexStatements,
  dimensions: number,
): void {
  memory.clear();
  const rows = Number(statements.lastRow.get()!.rowid) + 1;
  const statuses = new Uint8Array(rows);
  const lengths = new Uint16Array(rows);
  memory.load({
    ids: { offsets: new Uint32Array(1), bytes: new Uint8Array(0) },
    statuses,
    lengths,
    postings: readPostings(statements, lengths),
  });
  for (const { rowid, id, status } of statements.allDocuments.iterate()) {
    const row = Number(rowid);
    memory.ids.put(row, id as string);
    statuses[row] = statusNumber(status as SkillStatus);
  }
  memory.ids.setBlock(memory.ids.block(rows));
  for (const row of statements.allVectors.iterate())
    memory.vectors.put(Number(row.rowid), vectorOf(row, dimensions));
}

/** What changed since some position: rows to drop, to put, and to give a vector. */
export interface RowChanges {
  readonly removed: readonly number[];
  readonly put: readonly MemoryRow[];
  readonly filled: readonly (readonly [row: number, vector: QuantizedVector | undefined])[];
}

export function readChanges(
  statements: IndexStatements,
  { revision, fills }: Omit<MemoryPosition, "generation">,
  dimensions: number,
): RowChanges {
  return {
    removed: statements.removedSince.all(revision).map(({ rowid }) => Number(rowid)),
    put: statements.changedSince.all(revision).map((row) => ({
      row: Number(row.rowid),
      id: row.id as string,
      category: row.category as string,
      status: row.status as SkillStatus,
      tags: row.tags === "[]" ? [] : (JSON.parse(row.tags as string) as string[]),
      length: Number(row.length),
      terms: row.terms as Uint8Array,
      vector: vectorOf(row, dimensions),
    })),
    filled: statements.filledSince
      .all(fills)
      .map((row) => [Number(row.rowid), vectorOf(row, dimensions)] as const),
  };
}

/** Takes changes over, and stops after every row, so that whoever drives it can do else in between. */
export function* applyChanges(
  memory: IndexMemory,
  { removed, put, filled }: RowChanges,
): Generator<void, void, void> {
  // Removals first: a freed row may be in use again by another document.
  for (const row of removed) {
    memory.remove(row);
    yield;
  }
  for (const row of put) {
    memory.put(row);
    yield;
  }
  for (const [row, vector] of filled) {
    memory.vectors.put(row, vector);
    yield;
  }
}

/** @param lengths is filled where it is given */
export function readPostings(statements: IndexStatements, lengths?: Uint16Array): PostingBase {
  const lastTerm = Number(statements.lastTerm.get()!.number);
  function* rows(): Iterable<RowTerms> {
    for (const { rowid, length, terms } of statements.allTerms.iterate()) {
      const row = Number(rowid);
      if (lengths !== undefined) lengths[row] = Number(length);
      yield { row, terms: terms as Uint8Array };
    }
  }
  return buildPostingBase(lastTerm, rows);
}

function vectorOf({ bytes, scale }: Row, dimensions: number): QuantizedVector | undefined {
  if (!(bytes instanceof Uint8Array) || bytes.length !== dimensions) return undefined;
  return {
    bytes: new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length),
    scale: Number(scale),
  };
}
