/** Makes anew what a file of skills derives: the current state of skills, and SQLite's own indexes. */
import type { DatabaseSync } from "node:sqlite";
import { storedVersion, summaryJson } from "../skill-rows.ts";
import type { VersionRow } from "../skill-rows.ts";
import { sqliteError } from "../sqlite-error.ts";
import { checkSkillsFile } from "./check-skills.ts";
import type { SkillsReport } from "./check-skills.ts";
import { openToCheck } from "./open-to-check.ts";

export interface Repaired<Report> {
  readonly before: Report;
  readonly after: Report;
}

const NEWEST = `SELECT v.skill_id, v.version, c.revision, v.content_hash, v.definition, NULL AS program,
    code.content AS code, NULL AS instructions, v.admission, v.created_at, c.status, c.note, c.kind
  FROM skill_versions v
  JOIN changes c ON c.revision = (SELECT max(revision) FROM changes WHERE skill_id = v.skill_id)
  LEFT JOIN blobs code ON code.id = v.code
  WHERE v.skill_id = ? ORDER BY v.version DESC LIMIT 1`;
const PUT_SKILL = `INSERT INTO skills (id, version, revision, removed, status, content_hash,
  category, summary, name, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
  ON CONFLICT (id) DO UPDATE SET version = ?2, revision = ?3, removed = ?4, status = ?5,
    content_hash = ?6, category = ?7, summary = ?8, name = ?9, updated_at = ?10`;

/** On a thread of its own; what others write meanwhile is kept. */
export function repairSkillsFile({ path }: { readonly path: string }): Repaired<SkillsReport> {
  const before = checkSkillsFile({ path });
  if (!before.problems.some(({ repairable }) => repairable)) return { before, after: before };
  const database = openToCheck(path, "write");
  try {
    // Their content is read from the tables, so it has to come first.
    if (before.stale.length === 0) database.exec("REINDEX");
    database.exec("BEGIN IMMEDIATE");
    for (const id of before.stale) derive(database, path, id);
    database.exec("COMMIT");
  } catch (error) {
    throw sqliteError(error, { path, ifDamaged: undefined });
  } finally {
    database.close();
  }
  const after = checkSkillsFile({ path });
  // Damaged indexes hide whatever else is wrong until they are whole.
  return before.stale.length === 0 && after.stale.length > 0
    ? { before, after: repairSkillsFile({ path }).after }
    : { before, after };
}

function derive(database: DatabaseSync, path: string, id: string): void {
  const row = database.prepare(NEWEST).get(id) as (VersionRow & { kind: string }) | undefined;
  if (row === undefined) return;
  const version = storedVersion(row, path);
  const isRemoved = row.kind === "removal";
  const { revision, status, contentHash, category, name, createdAt } = version;
  const summary = summaryJson(version, createdAt);
  const state = [status, contentHash, category, summary, name, createdAt] as const;
  database.prepare(PUT_SKILL).run(id, version.version, revision, isRemoved ? 1 : 0, ...state);
  database.prepare("DELETE FROM skill_tags WHERE skill_id = ?").run(id);
  database.prepare("DELETE FROM skill_calls WHERE skill_id = ?").run(id);
  if (isRemoved) return;
  const putTag = database.prepare("INSERT OR IGNORE INTO skill_tags (tag, skill_id) VALUES (?, ?)");
  for (const tag of version.tags) putTag.run(tag, id);
  const putCall = database.prepare(
    "INSERT OR IGNORE INTO skill_calls (callee, skill_id) VALUES (?, ?)",
  );
  for (const callee of version.capabilities.skills) putCall.run(callee, id);
}
