import type { DatabaseSync, StatementSync } from "node:sqlite";

export interface IndexStatements {
  readonly state: StatementSync;
  readonly setRevision: StatementSync;
  readonly setEmbedder: StatementSync;
  readonly changedSince: StatementSync;
  readonly filledSince: StatementSync;
  readonly removedSince: StatementSync;
  readonly unembedded: StatementSync;
  readonly takePending: StatementSync;
  readonly setFills: StatementSync;
  readonly findRow: StatementSync;
  readonly reuseRow: StatementSync;
  readonly putDocument: StatementSync;
  readonly putTerms: StatementSync;
  readonly putTag: StatementSync;
  readonly putVector: StatementSync;
  readonly putRemoval: StatementSync;
  readonly deleteDocument: StatementSync;
  readonly deleteTerms: StatementSync;
  readonly deleteTags: StatementSync;
  readonly deleteVector: StatementSync;
  readonly summary: StatementSync;
  readonly vector: StatementSync;
  readonly countTerm: StatementSync;
  readonly uncountTerm: StatementSync;
  readonly findTerm: StatementSync;
  readonly lastTerm: StatementSync;
  readonly lastRow: StatementSync;
  readonly countChangedSince: StatementSync;
  readonly allDocuments: StatementSync;
  readonly allTerms: StatementSync;
  readonly allVectors: StatementSync;
  readonly inCategory: StatementSync;
  readonly withTag: StatementSync;
}

export function prepareStatements(database: DatabaseSync): IndexStatements {
  const sql = (text: string): StatementSync => database.prepare(text);
  return {
    state: sql("SELECT * FROM state"),
    setRevision: sql("UPDATE state SET revision = ?, mark = ?"),
    setEmbedder: sql("UPDATE state SET embedder = ?, dimensions = ?, generation = ?"),
    changedSince: sql(
      `SELECT d.rowid AS rowid, d.id, d.category, d.status, d.tags, k.length, k.terms, v.scale, v.bytes
       FROM documents d JOIN keywords k ON k.rowid = d.rowid LEFT JOIN vectors v ON v.rowid = d.rowid
       WHERE d.revision > ?`,
    ),
    countChangedSince: sql("SELECT count(*) AS count FROM documents WHERE revision > ?"),
    filledSince: sql("SELECT rowid, scale, bytes FROM vectors WHERE fill > 0 AND fill > ?"),
    unembedded: sql(
      `SELECT rowid, id, json_extract(summary, '$.version') AS version FROM documents
       WHERE pending = 1 AND rowid > ? ORDER BY rowid LIMIT ?`,
    ),
    takePending: sql(
      `UPDATE documents SET pending = 0
       WHERE id = ? AND pending = 1 AND json_extract(summary, '$.version') = ? RETURNING rowid`,
    ),
    setFills: sql("UPDATE state SET fills = ?"),
    removedSince: sql("SELECT rowid FROM removals WHERE revision > ?"),
    findRow: sql("SELECT rowid FROM documents WHERE id = ?"),
    reuseRow: sql(
      "DELETE FROM removals WHERE rowid = (SELECT min(rowid) FROM removals) RETURNING rowid",
    ),
    putDocument: sql(
      `INSERT INTO documents (rowid, id, revision, status, category, tags, summary, pending)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
       ON CONFLICT (rowid) DO UPDATE
       SET revision = ?3, status = ?4, category = ?5, tags = ?6, summary = ?7, pending = ?8`,
    ),
    putTerms: sql("INSERT INTO keywords (rowid, length, terms) VALUES (?, ?, ?)"),
    putTag: sql("INSERT OR IGNORE INTO document_tags (document, tag) VALUES (?, ?)"),
    putVector: sql("INSERT INTO vectors (rowid, scale, bytes, fill) VALUES (?, ?, ?, ?)"),
    putRemoval: sql("INSERT INTO removals (rowid, revision) VALUES (?, ?)"),
    deleteDocument: sql("DELETE FROM documents WHERE rowid = ?"),
    deleteTerms: sql("DELETE FROM keywords WHERE rowid = ? RETURNING terms"),
    deleteTags: sql("DELETE FROM document_tags WHERE document = ?"),
    deleteVector: sql("DELETE FROM vectors WHERE rowid = ?"),
    vector: sql("SELECT scale, bytes FROM vectors WHERE rowid = ?"),
    summary: sql("SELECT summary FROM documents WHERE rowid = ?"),
    countTerm: sql(
      `INSERT INTO terms (term, documents) VALUES (?1, ?2)
       ON CONFLICT (term) DO UPDATE SET documents = documents + ?2 RETURNING number`,
    ),
    uncountTerm: sql("UPDATE terms SET documents = documents - ?2 WHERE number = ?1"),
    findTerm: sql("SELECT number, documents FROM terms WHERE term = ?"),
    lastTerm: sql("SELECT coalesce(max(number), 0) AS number FROM terms"),
    lastRow: sql("SELECT coalesce(max(rowid), 0) AS rowid FROM documents"),
    allDocuments: sql("SELECT rowid, id, status FROM documents"),
    allTerms: sql("SELECT rowid, length, terms FROM keywords ORDER BY rowid"),
    allVectors: sql("SELECT rowid, scale, bytes FROM vectors"),
    inCategory: sql("SELECT json_group_array(rowid) AS rows FROM documents WHERE category = ?"),
    withTag: sql("SELECT json_group_array(document) AS rows FROM document_tags WHERE tag = ?"),
  };
}
