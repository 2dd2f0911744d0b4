/** Reads across skills: lists in several orders, counts by facet, skills that are the same, callers. */
import type {
  AlikeSkill,
  Dependents,
  FacetCount,
  ListFilter,
  SkillFacets,
  SkillFilter,
  SkillStore,
} from "../skill-store.ts";
import { assertLimit } from "./skill-reader.ts";
import type { SummaryRow } from "./skill-rows.ts";
import type { Parameter, StatementSource } from "./statement.ts";

export interface SkillBrowser {
  list(filter: ListFilter): readonly SummaryRow[];
  /** Whether there are so many skills that counting facets takes longer than others should wait. */
  isLarge(): boolean;
  /** Several statements, which must see the same state. */
  facets(filter: SkillFilter & { readonly limit: number }): SkillFacets;
  findAlike(wanted: Wanted, limit: number): readonly AlikeSkill[];
  /** Several statements, which must see the same state. */
  dependents(id: string, limit: number): Dependents;
}

/** Skills whose facets are counted in some five milliseconds. */
const LARGE = 500;
/** Reads no more than so many entries of the smallest index. */
const ROW_AT = "SELECT 1 FROM skills WHERE removed = 0 LIMIT 1 OFFSET ?";

type Wanted = Parameters<SkillStore["findAlike"]>[0];

const FIND_ALIKE = `SELECT id, status, same FROM (
    SELECT * FROM (
      SELECT id, status, 0 AS same FROM skills
        WHERE content_hash = ?1 AND removed = 0 ORDER BY id LIMIT ?3)
    UNION ALL
    SELECT * FROM (
      SELECT s.id, s.status, 1 FROM blobs b
        JOIN skill_versions v ON v.program = b.id
        JOIN skills s ON s.id = v.skill_id AND s.version = v.version
        WHERE b.fingerprint = ?2 AND s.removed = 0 AND s.content_hash <> ?1 LIMIT ?3))
  ORDER BY same, id LIMIT ?3`;
const DEPENDENTS = "SELECT skill_id AS id FROM skill_calls WHERE callee = ? ORDER BY id LIMIT ?";
const COUNT_DEPENDENTS = "SELECT count(*) AS count FROM skill_calls WHERE callee = ?";

export function skillBrowser(statement: StatementSource): SkillBrowser {
  function count(expression: string, { source, conditions, parameters }: Selection): number {
    const sql = `SELECT count(${expression}) AS count FROM ${source} WHERE ${conditions}`;
    return statement<{ count: number }>(sql).get(...parameters)?.count ?? 0;
  }

  function facet(column: string, selected: Selection, limit: number): readonly FacetCount[] {
    const { source, conditions, parameters } = selected;
    const sql = `SELECT ${column} AS value, count(*) AS count FROM ${source}
      WHERE ${conditions} GROUP BY value ORDER BY count DESC, value LIMIT ?`;
    const rows = statement<FacetCount>(sql).all(...parameters, limit);
    return rows.map((row) => ({ ...row }));
  }

  return {
    list(filter) {
      assertLimit(filter.limit);
      const { sql, parameters } = listQuery(filter);
      return statement<SummaryRow>(sql).all(...parameters);
    },

    isLarge: () => statement(ROW_AT).get(LARGE) !== undefined,

    facets({ limit, ...filter }) {
      assertLimit(limit);
      const skills = selection(filter);
      const tags = {
        ...skills,
        source: `${skills.source} JOIN skill_tags every ON every.skill_id = s.id`,
      };
      return {
        skills: count("*", skills),
        categories: facet("s.category", skills, limit),
        tags: facet("every.tag", tags, limit),
        statuses: facet("s.status", skills, limit),
        totals: {
          categories: count("DISTINCT s.category", skills),
          tags: count("DISTINCT every.tag", tags),
        },
      };
    },

    findAlike({ contentHash, codeFingerprint }, limit) {
      assertLimit(limit);
      const rows = statement<Omit<AlikeSkill, "same"> & { same: number }>(FIND_ALIKE).all(
        contentHash,
        codeFingerprint,
        limit,
      );
      return rows.map((row) => ({ ...row, same: row.same === 0 ? "content" : "code" }));
    },

    dependents(id, limit) {
      assertLimit(limit);
      return {
        ids: statement<{ id: string }>(DEPENDENTS)
          .all(id, limit)
          .map((row) => row.id),
        count: statement<{ count: number }>(COUNT_DEPENDENTS).get(id)?.count ?? 0,
      };
    },
  };
}

interface Selection {
  readonly source: string;
  readonly conditions: string;
  readonly parameters: readonly Parameter[];
  /** Column of the id that the source is read in the order of. */
  readonly id: string;
}

/** Every combination of filters has one text, so that few statements are ever prepared. */
function selection({
  category,
  status,
  tags = [],
  ids,
}: SkillFilter & { ids?: ListFilter["ids"] }) {
  const [firstTag, ...otherTags] = tags;
  const id = firstTag === undefined ? "s.id" : "t.skill_id";
  const conditions = ["s.removed = 0"];
  const parameters: Parameter[] = [];
  function where(condition: string, ...values: Parameter[]): void {
    conditions.push(condition);
    parameters.push(...values);
  }
  if (firstTag !== undefined) where("t.tag = ?", firstTag);
  if (otherTags.length > 0)
    where(
      `NOT EXISTS (SELECT 1 FROM json_each(?) other WHERE NOT EXISTS (
        SELECT 1 FROM skill_tags u WHERE u.tag = other.value AND u.skill_id = t.skill_id))`,
      JSON.stringify(otherTags),
    );
  if (category !== undefined) where("s.category = ?", category);
  if (status !== undefined) where("s.status = ?", status);
  if (ids !== undefined) where(`${id} IN (SELECT value FROM json_each(?))`, JSON.stringify(ids));
  const source =
    firstTag === undefined ? "skills s" : "skill_tags t JOIN skills s ON s.id = t.skill_id";
  return { source, id, conditions: conditions.join(" AND "), parameters } satisfies Selection;
}

function listQuery(filter: ListFilter): { sql: string; parameters: readonly Parameter[] } {
  const { orderBy = "id", after, afterKey, limit } = filter;
  const { source, id, conditions, parameters } = selection(filter);
  const { order, place } = {
    id: { order: id, place: `${id} > ?` },
    name: { order: `s.name, ${id}`, place: `(s.name, ${id}) > (?, ?)` },
    recent: {
      order: `s.updated_at DESC, ${id}`,
      place: `s.updated_at <= ? AND (s.updated_at < ? OR ${id} > ?)`,
    },
  }[orderBy];
  const at = {
    id: [after],
    name: [afterKey, after],
    recent: [afterKey, afterKey, after],
  }[orderBy];
  const where = after === undefined ? conditions : `${conditions} AND ${place}`;
  return {
    sql: `SELECT s.id, s.version, s.status, s.summary FROM ${source} WHERE ${where} ORDER BY ${order} LIMIT ?`,
    parameters: [...parameters, ...(after === undefined ? [] : at), limit],
  };
}
