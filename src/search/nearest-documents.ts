import type { SkillSummary } from "../skill/skill.ts";
import type { IndexStatements } from "./index-statements.ts";
import { matchExpression, queryTerms } from "./query-terms.ts";
import type { IndexNeighbour } from "./search-index.ts";
import { tellingWords, wordOverlap } from "./similarity.ts";
import { quantizeQuery } from "./vectors/quantized-vector.ts";
import type { VectorTable } from "./vectors/vector-table.ts";

/** A name and a description have this many words at most that are worth looking up. */
const MAX_TERMS_TEXT = 1200;

interface Near {
  readonly rowid: number;
  readonly cosine?: number;
}

/**
 * The active documents nearest to one, inside the caller's read transaction.
 *
 * @param memory the vectors, where those in the file are of the same space
 */
export function nearestDocuments(
  statements: IndexStatements,
  memory: VectorTable | undefined,
  id: string,
  limit: number,
): readonly IndexNeighbour[] | undefined {
  const found = statements.findRow.get(id);
  if (found === undefined) return undefined;
  const own = Number(found.rowid);
  const summary = summaryOf(statements, own);
  const words = tellingWords(summary);
  const near =
    (memory && byVector(statements, memory, own, limit + 1)) ??
    byWords(statements, `${summary.name} ${summary.description}`, limit + 1);
  return near
    .filter(({ rowid }) => rowid !== own)
    .slice(0, limit)
    .map(({ rowid, ...rest }) => {
      const other = summaryOf(statements, rowid);
      return { summary: other, overlap: wordOverlap(words, tellingWords(other)), ...rest };
    });
}

function byVector(
  statements: IndexStatements,
  memory: VectorTable,
  rowid: number,
  limit: number,
): readonly Near[] | undefined {
  const row = statements.vector.get(rowid);
  const scale = Number(row?.scale ?? 0);
  if (row === undefined || scale === 0) return undefined;
  const { buffer, byteOffset, byteLength } = row.bytes as Uint8Array;
  const bytes = new Int8Array(buffer, byteOffset, byteLength);
  const query = quantizeQuery(Float32Array.from(bytes, (component) => component * scale));
  return memory
    .nearest(query, { status: "active" }, limit)
    .map(({ row: near, cosine }) => ({ rowid: near.rowid, cosine: Math.min(1, cosine) }));
}

function byWords(statements: IndexStatements, text: string, limit: number): readonly Near[] {
  const expression = matchExpression(queryTerms(text.slice(0, MAX_TERMS_TEXT)));
  if (expression === undefined) return [];
  return statements.byKeywords
    .all(expression, "active", null, null, limit)
    .map((row) => ({ rowid: Number(row.rowid) }));
}

function summaryOf(statements: IndexStatements, rowid: number): SkillSummary {
  return JSON.parse(statements.summary.get(rowid)!.summary as string) as SkillSummary;
}
