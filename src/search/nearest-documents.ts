import type { SkillSummary } from "../skill/skill.ts";
import { findKeywords } from "./find-keywords.ts";
import type { IndexStatements } from "./index-statements.ts";
import { filterSets, type IndexView } from "./index-view.ts";
import { queryTerms } from "./query-terms.ts";
import type { IndexNeighbour } from "./search-index.ts";
import { tellingWords, wordOverlap } from "./similarity.ts";
import { quantizeQuery } from "./vectors/quantized-vector.ts";

/** A name and a description have this many words at most that are worth looking up. */
const MAX_TERMS_TEXT = 1200;

const ACTIVE = { status: "active" } as const;

interface Near {
  readonly rowid: number;
  readonly cosine?: number;
}

/**
 * The active documents nearest to one.
 *
 * @param isComparable whether the vectors in the file are of the space that is in memory
 */
export function nearestDocuments(
  view: IndexView,
  isComparable: boolean,
  id: string,
  limit: number,
): readonly IndexNeighbour[] | undefined {
  const { statements } = view;
  const found = statements.findRow.get(id);
  if (found === undefined) return undefined;
  const own = Number(found.rowid);
  const summary = summaryOf(statements, own);
  const words = tellingWords(summary);
  const near =
    (isComparable ? byVector(view, own, limit + 1) : undefined) ??
    byWords(view, `${summary.name} ${summary.description}`, limit + 1);
  return near
    .filter(({ rowid }) => rowid !== own)
    .slice(0, limit)
    .map(({ rowid, ...rest }) => {
      const other = summaryOf(statements, rowid);
      return { summary: other, overlap: wordOverlap(words, tellingWords(other)), ...rest };
    });
}

function byVector(view: IndexView, rowid: number, limit: number): readonly Near[] | undefined {
  const row = view.statements.vector.get(rowid);
  const scale = Number(row?.scale ?? 0);
  if (row === undefined || scale === 0) return undefined;
  const { buffer, byteOffset, byteLength } = row.bytes as Uint8Array;
  const bytes = new Int8Array(buffer, byteOffset, byteLength);
  const query = quantizeQuery(Float32Array.from(bytes, (component) => component * scale));
  const { ids, vectors } = view.memory;
  return vectors
    .nearest(query, filterSets(view, ACTIVE), limit, (other) => ids.get(other))
    .map((near) => ({ rowid: near.row, cosine: Math.min(1, near.cosine) }));
}

function byWords(view: IndexView, text: string, limit: number): readonly Near[] {
  const terms = queryTerms(text.slice(0, MAX_TERMS_TEXT));
  return findKeywords(view, terms, filterSets(view, ACTIVE), limit).map(({ row }) => ({
    rowid: row,
  }));
}

function summaryOf(statements: IndexStatements, rowid: number): SkillSummary {
  return JSON.parse(statements.summary.get(rowid)!.summary as string) as SkillSummary;
}
