import { nextRound } from "../base/loop-turns.ts";
import type { IndexStatements } from "./index-statements.ts";
import { documentColumns } from "./document-text.ts";
import type { Stemmer } from "./keywords/stemmer.ts";
import { isDeclared, termCounts, wordsOf, type TermCounts } from "./keywords/term-counts.ts";
import { encodeTerms, visitTerms } from "./keywords/term-list.ts";
import { quantizeVector, type QuantizedVector } from "./vectors/quantized-vector.ts";
import type { IndexDocument, IndexUpdate, SkillVector } from "./search-index.ts";
import type { SkillSummary } from "../skill/skill.ts";

/** Documents prepared before other work gets a turn. */
const DOCUMENTS_PER_TURN = 20;

/** A document as it will be stored; made before the transaction, which is then short. */
export interface PreparedDocument {
  readonly summary: SkillSummary;
  readonly terms: TermCounts;
  readonly vector: QuantizedVector | undefined;
}

/** Splits and quantizes every document, letting other work have its turn in between. */
export async function prepareDocuments(
  documents: readonly IndexDocument[],
  stemmer: Stemmer,
  quantizes: boolean,
): Promise<readonly PreparedDocument[]> {
  const prepared: PreparedDocument[] = [];
  for (let first = 0; first < documents.length; first += DOCUMENTS_PER_TURN) {
    if (first > 0) await nextRound();
    const turn = documents.slice(first, first + DOCUMENTS_PER_TURN);
    const columns = turn.map(documentColumns);
    // All at once, because asking for one word takes almost as long as asking for hundreds.
    stemmer.stems(columns.flatMap((texts) => Object.values(texts).flatMap(wordsOf)));
    for (const [at, { summary, vector }] of turn.entries()) {
      prepared.push({
        summary,
        terms: termCounts(columns[at]!, stemmer),
        vector: quantizes && vector ? quantizeVector(vector) : undefined,
      });
    }
  }
  return prepared;
}

/**
 * Writes an update, inside the caller's transaction.
 *
 * @param hasSpace whether documents without a vector wait for one
 */
export function writeUpdate(
  statements: IndexStatements,
  update: IndexUpdate,
  documents: readonly PreparedDocument[],
  hasSpace: boolean,
): void {
  const gone = new Map<number, number>();
  for (const id of update.removals) {
    const rowid = rowOf(statements, id);
    if (rowid === undefined) continue;
    deleteParts(statements, rowid, gone);
    statements.deleteDocument.run(rowid);
    statements.putRemoval.run(rowid, update.revision);
  }
  const numbers = countTerms(statements, documents);
  for (const document of documents) {
    const rowid = writeDocument(statements, document, update.revision, hasSpace, gone);
    const { length, counts } = document.terms;
    const terms = encodeTerms(
      [...counts].map(([term, count]) => ({ term: numbers.get(term)!, count })),
    );
    statements.putTerms.run(rowid, length, terms);
  }
  for (const [number, documents] of gone) statements.uncountTerm.run(number, documents);
  statements.setRevision.run(update.revision, update.mark ?? "");
}

/**
 * Gives documents that wait for them their vectors, inside the caller's transaction.
 *
 * @returns how many were still waiting, in the version the vector is of
 */
export function writeVectors(
  statements: IndexStatements,
  vectors: readonly SkillVector[],
  fill: number,
): number {
  let taken = 0;
  for (const { id, version, vector } of vectors) {
    const row = statements.takePending.get(id, version);
    if (row === undefined) continue;
    const { scale, bytes } = quantizeVector(vector);
    statements.putVector.run(Number(row.rowid), scale, bytes, fill);
    taken += 1;
  }
  if (taken > 0) statements.setFills.run(fill);
  return taken;
}

/** Counts every term for the documents that will be declared with it; the numbers of the terms. */
function countTerms(
  statements: IndexStatements,
  documents: readonly PreparedDocument[],
): ReadonlyMap<string, number> {
  const having = new Map<string, number>();
  for (const { terms } of documents)
    for (const [term, count] of terms.counts)
      having.set(term, (having.get(term) ?? 0) + (isDeclared(count) ? 1 : 0));
  return new Map(
    [...having].map(([term, count]) => [
      term,
      Number(statements.countTerm.get(term, count)!.number),
    ]),
  );
}

/** All but its terms. */
function writeDocument(
  statements: IndexStatements,
  { summary, vector }: PreparedDocument,
  revision: number,
  hasSpace: boolean,
  gone: Map<number, number>,
): number {
  const { id, status, category, tags } = summary;
  const known = rowOf(statements, id);
  if (known !== undefined) deleteParts(statements, known, gone);
  const row = statements.putDocument.run(
    known ?? reusableRow(statements),
    id,
    revision,
    status,
    category,
    JSON.stringify(tags),
    JSON.stringify(summary),
    hasSpace && vector === undefined ? 1 : 0,
  );
  const rowid = known ?? Number(row.lastInsertRowid);
  for (const tag of tags) statements.putTag.run(rowid, tag);
  if (vector) statements.putVector.run(rowid, vector.scale, vector.bytes, 0);
  return rowid;
}

function rowOf(statements: IndexStatements, id: string): number | undefined {
  const row = statements.findRow.get(id);
  return row === undefined ? undefined : Number(row.rowid);
}

function reusableRow(statements: IndexStatements): number | null {
  const row = statements.reuseRow.get();
  return row === undefined ? null : Number(row.rowid);
}

/** @param gone takes how many of the deleted documents were declared with each term */
function deleteParts(statements: IndexStatements, rowid: number, gone: Map<number, number>): void {
  const row = statements.deleteTerms.get(rowid);
  if (row !== undefined)
    visitTerms(row.terms as Uint8Array, (term, count) => {
      if (isDeclared(count)) gone.set(term, (gone.get(term) ?? 0) + 1);
    });
  statements.deleteTags.run(rowid);
  statements.deleteVector.run(rowid);
}
