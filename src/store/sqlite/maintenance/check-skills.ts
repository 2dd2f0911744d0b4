/**
 * What is wrong with a file of skills. The log of changes, the versions and their texts are the
 * truth and can only be restored; what is current follows from them.
 */
import { hash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { canonicalJson } from "../../../base/json.ts";
import type { JsonValue } from "../../../base/json.ts";
import { problemList } from "../../../base/problem.ts";
import type { ProblemList, Problems } from "../../../base/problem.ts";
import { contentHash } from "../../../skill/content-hash.ts";
import { definitionOf } from "../../../skill/definition-of.ts";
import { LIBRARY_SCHEMA } from "../library-schema.ts";
import { schemaVersion } from "../schema.ts";
import { storedVersion, summaryJson } from "../skill-rows.ts";
import type { VersionRow } from "../skill-rows.ts";
import { checkPages, openToCheck, readable, rowsOf } from "./open-to-check.ts";
import type { Row } from "./open-to-check.ts";

export interface SkillsReport extends Problems {
  readonly revision: number;
  readonly skills: number;
  readonly versions: number;
  /** The newest version of each skill, removed ones too. */
  readonly newest: ReadonlyMap<string, number>;
  /** Id of each skill that is not removed, to `version status`. */
  readonly current: ReadonlyMap<string, string>;
  /** Ids whose current state must be derived anew. */
  readonly stale: readonly string[];
}

interface Rule {
  readonly sql: string;
  readonly told: (row: Row) => { readonly subject?: string; readonly message: string };
}

/** Each finds rows that a whole file does not have. */
const TRUTH: readonly Rule[] = [
  {
    sql: `SELECT revision FROM changes c WHERE revision > 1
      AND NOT EXISTS (SELECT 1 FROM changes WHERE revision = c.revision - 1)`,
    told: ({ revision }) => ({ message: `changes before revision ${revision} are missing` }),
  },
  {
    sql: `SELECT skill_id, version FROM skill_versions v WHERE version > 1 AND NOT EXISTS (
      SELECT 1 FROM skill_versions WHERE skill_id = v.skill_id AND version = v.version - 1)`,
    told: ({ skill_id: id, version }) => ({
      subject: String(id),
      message: `version ${Number(version) - 1} is missing`,
    }),
  },
  {
    sql: `SELECT v.skill_id, v.version, v.revision FROM skill_versions v
      LEFT JOIN changes c ON c.revision = v.revision AND c.kind = 'version'
        AND c.skill_id = v.skill_id AND c.version = v.version
      WHERE c.revision IS NULL`,
    told: ({ skill_id: id, version, revision }) => ({
      subject: `${id}@${version}`,
      message: `revision ${revision}, which made it, is not in the log of changes`,
    }),
  },
  {
    sql: `SELECT c.skill_id, c.version, c.revision FROM changes c
      LEFT JOIN skill_versions v ON v.skill_id = c.skill_id AND v.version = c.version
      WHERE v.version IS NULL`,
    told: ({ skill_id: id, version, revision }) => ({
      subject: `${id}@${version}`,
      message: `the log of changes names it at revision ${revision}, and it is missing`,
    }),
  },
  {
    sql: `SELECT id FROM skills s WHERE NOT EXISTS (
      SELECT 1 FROM skill_versions WHERE skill_id = s.id)`,
    told: ({ id }) => ({ subject: String(id), message: "all its versions are missing" }),
  },
];

/** Skills whose row says something else than their versions and changes. */
const STALE = `SELECT v.skill_id AS id FROM (
    SELECT skill_id, max(version) AS version FROM skill_versions GROUP BY skill_id) v
  JOIN (SELECT skill_id, max(revision) AS revision FROM changes GROUP BY skill_id) h
    ON h.skill_id = v.skill_id
  JOIN changes c ON c.revision = h.revision
  JOIN skill_versions n ON n.skill_id = v.skill_id AND n.version = v.version
  LEFT JOIN skills s ON s.id = v.skill_id
  WHERE s.id IS NULL OR s.version <> v.version OR s.revision <> h.revision
    OR s.removed <> (c.kind = 'removal') OR s.status <> c.status
    OR s.content_hash <> n.content_hash`;

const VERSIONS = `SELECT v.skill_id, v.version, v.revision, v.content_hash, v.definition,
    code.content AS code, program.content AS program, instructions.content AS instructions,
    v.admission, v.created_at, '' AS status, '{}' AS note,
    v.code AS code_id, v.program AS program_id, v.instructions AS instructions_id,
    s.version AS current, s.removed, s.category, s.name, s.summary, s.updated_at
  FROM skill_versions v LEFT JOIN skills s ON s.id = v.skill_id
  LEFT JOIN blobs code ON code.id = v.code
  LEFT JOIN blobs program ON program.id = v.program
  LEFT JOIN blobs instructions ON instructions.id = v.instructions`;

const NEWEST =
  "SELECT skill_id AS id, max(version) AS version FROM skill_versions GROUP BY skill_id";
const CURRENT = "SELECT id, version, status FROM skills WHERE removed = 0";

/** Reads the whole file, on a thread of its own. */
export function checkSkillsFile({ path }: { readonly path: string }): SkillsReport {
  const problems = problemList("skills");
  const report = { revision: 0, skills: 0, versions: 0 };
  const newest = new Map<string, number>();
  const current = new Map<string, string>();
  const stale = new Set<string>();
  const database = openToCheck(path, "read");
  try {
    // One snapshot, whatever is written meanwhile.
    database.exec("BEGIN");
    if (checkPages(database, path, problems))
      readable(path, problems, () => {
        // An empty file is one that nobody has opened yet.
        if (schemaVersion(database, LIBRARY_SCHEMA, path) === 0) return;
        checkTruth(database, problems);
        for (const { id } of rowsOf(database, STALE)) stale.add(String(id));
        checkBlobs(database, problems);
        checkVersions(database, path, problems, stale);
        for (const id of stale)
          problems.add({
            subject: id,
            message: "what is current differs from its versions and changes",
            repairable: true,
          });
        count(database, report, newest, current);
      });
  } finally {
    database.close();
  }
  return { ...problems.list(), ...report, newest, current, stale: [...stale] };
}

function checkTruth(database: DatabaseSync, problems: ProblemList): void {
  for (const { sql, told } of TRUTH)
    for (const row of rowsOf(database, sql)) problems.add({ ...told(row), repairable: false });
}

/** A text is found by its hash, so one that was altered would be given to later versions as well. */
function checkBlobs(database: DatabaseSync, problems: ProblemList): void {
  for (const { id, hash: stored, content } of database
    .prepare("SELECT id, hash, content FROM blobs")
    .iterate()) {
    const found = hash("sha256", content as Uint8Array, "buffer");
    if (!found.equals(stored as Uint8Array))
      problems.add({ subject: `text ${String(id)}`, message: "it was altered", repairable: false });
  }
}

function checkVersions(
  database: DatabaseSync,
  path: string,
  problems: ProblemList,
  stale: Set<string>,
): void {
  const tagsOf = idsBySkill(database, "SELECT skill_id, tag AS value FROM skill_tags");
  const callsOf = idsBySkill(database, "SELECT skill_id, callee AS value FROM skill_calls");
  for (const row of rowsOf(database, VERSIONS)) {
    const version = row as unknown as VersionRow;
    const subject = `${version.skill_id}@${version.version}`;
    const lost = (["code", "program", "instructions"] as const).filter(
      (text) => row[`${text}_id`] !== null && version[text] === null,
    );
    if (lost.length > 0) {
      problems.add({ subject, message: `its ${lost.join(" and ")} is missing`, repairable: false });
      continue;
    }
    const stored = readable(path, problems, () => storedVersion(version, path));
    if (stored === undefined) continue;
    if (contentHash(definitionOf(stored)) !== version.content_hash)
      problems.add({ subject, message: "its content is not that of its hash", repairable: false });
    if (row.current !== version.version) continue;
    const isRemoved = row.removed === 1;
    const { tags, capabilities, category, name } = stored;
    const isAsStored =
      row.category === category &&
      row.name === name &&
      row.updated_at === version.created_at &&
      isSameJson(row.summary, summaryJson(stored, version.created_at)) &&
      isSameSet(tagsOf.get(version.skill_id), isRemoved ? [] : tags) &&
      isSameSet(callsOf.get(version.skill_id), isRemoved ? [] : capabilities.skills);
    if (!isAsStored) stale.add(version.skill_id);
  }
}

function idsBySkill(database: DatabaseSync, sql: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { skill_id: id, value } of rowsOf(database, sql)) {
    const values = found.get(id as string);
    if (values) values.add(value as string);
    else found.set(id as string, new Set([value as string]));
  }
  return found;
}

function isSameSet(stored: ReadonlySet<string> | undefined, wanted: readonly string[]): boolean {
  const unique = new Set(wanted);
  return (stored?.size ?? 0) === unique.size && [...unique].every((one) => stored?.has(one));
}

function isSameJson(stored: unknown, wanted: string): boolean {
  if (stored === wanted) return true;
  try {
    const canonical = canonicalJson(JSON.parse(String(stored)) as JsonValue);
    return canonical === canonicalJson(JSON.parse(wanted) as JsonValue);
  } catch {
    // What is no JSON is not the same either.
    return false;
  }
}

function count(
  database: DatabaseSync,
  report: { revision: number; skills: number; versions: number },
  newest: Map<string, number>,
  current: Map<string, string>,
): void {
  const [row] = database.prepare("SELECT coalesce(max(revision), 0) AS n FROM changes").all();
  report.revision = Number(row?.n);
  for (const { id, version } of rowsOf(database, NEWEST)) newest.set(id as string, Number(version));
  for (const { id, version, status } of rowsOf(database, CURRENT))
    current.set(id as string, `${version} ${status}`);
  const [versions] = database.prepare("SELECT count(*) AS n FROM skill_versions").all();
  report.versions = Number(versions?.n);
  report.skills = current.size;
}
