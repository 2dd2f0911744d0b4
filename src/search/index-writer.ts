import type { IndexStatements } from "./index-statements.ts";
import { documentColumns, type DocumentColumns } from "./document-text.ts";
import { quantizeVector, type QuantizedVector } from "./vectors/quantized-vector.ts";
import type { IndexDocument, IndexUpdate, SkillVector } from "./search-index.ts";
import type { SkillSummary } from "../skill/skill.ts";

/** Documents prepared before other work gets a turn. */
const DOCUMENTS_PER_TURN = 100;

/** A document as it will be stored; made before the transaction, which is then short. */
export interface PreparedDocument {
  readonly summary: SkillSummary;
  readonly columns: DocumentColumns;
  readonly vector: QuantizedVector | undefined;
}

/** Splits and quantizes every document, letting other work have its turn in between. */
export async function prepareDocuments(
  documents: readonly IndexDocument[],
  quantizes: boolean,
): Promise<readonly PreparedDocument[]> {
  const prepared: PreparedDocument[] = [];
  for (const document of documents) {
    if (prepared.length > 0 && prepared.length % DOCUMENTS_PER_TURN === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    prepared.push({
      summary: document.summary,
      columns: documentColumns(document),
      vector: quantizes && document.vector ? quantizeVector(document.vector) : undefined,
    });
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
  for (const id of update.removals) {
    const rowid = rowOf(statements, id);
    if (rowid === undefined) continue;
    deleteParts(statements, rowid);
    statements.deleteDocument.run(rowid);
    statements.putRemoval.run(rowid, update.revision);
  }
  for (const document of documents) writeDocument(statements, document, update.revision, hasSpace);
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

function writeDocument(
  statements: IndexStatements,
  { summary, columns, vector }: PreparedDocument,
  revision: number,
  hasSpace: boolean,
): void {
  const { id, status, category, tags } = summary;
  const known = rowOf(statements, id);
  if (known !== undefined) deleteParts(statements, known);
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
  statements.putText.run(
    rowid,
    columns.name,
    columns.description,
    columns.tags,
    columns.parameters,
    columns.instructions,
    columns.code,
  );
  for (const tag of tags) statements.putTag.run(rowid, tag);
  if (vector) statements.putVector.run(rowid, vector.scale, vector.bytes, 0);
}

function rowOf(statements: IndexStatements, id: string): number | undefined {
  const row = statements.findRow.get(id);
  return row === undefined ? undefined : Number(row.rowid);
}

function reusableRow(statements: IndexStatements): number | null {
  const row = statements.reuseRow.get();
  return row === undefined ? null : Number(row.rowid);
}

function deleteParts(statements: IndexStatements, rowid: number): void {
  statements.deleteText.run(rowid);
  statements.deleteTags.run(rowid);
  statements.deleteVector.run(rowid);
}
