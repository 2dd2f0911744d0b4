/** The reads of the skills file: synchronous, one statement each. */
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import { SKILL_STATUSES } from "../../skill/skill.ts";
import type { SkillStatus } from "../../skill/skill.ts";
import type { Change, SkillStore, StoredVersion } from "../skill-store.ts";
import type { SqliteConnection } from "./connection.ts";
import { storedVersion } from "./skill-rows.ts";
import type { VersionRow } from "./skill-rows.ts";

export interface SkillReader {
  find(
    id: string,
    at: { readonly version?: number; readonly asOf?: number },
  ): StoredVersion | undefined;
  history(id: string): readonly StoredVersion[];
  findMany(ids: readonly string[]): readonly StoredVersion[];
  counts(): Awaited<ReturnType<SkillStore["counts"]>>;
  revision(): number;
  changesSince(revision: number, limit: number): readonly Change[];
}

const NEWEST = Number.MAX_SAFE_INTEGER;

const VERSION = `v.skill_id, v.version, v.revision, v.content_hash, v.definition,
  code.content AS code, program.content AS program, instructions.content AS instructions,
  v.admission, v.created_at, c.status, c.note`;

const BLOBS = `LEFT JOIN blobs code ON code.id = v.code
  LEFT JOIN blobs program ON program.id = v.program
  LEFT JOIN blobs instructions ON instructions.id = v.instructions`;

const CURRENT = `SELECT ${VERSION} FROM skills s
  JOIN skill_versions v ON v.skill_id = s.id AND v.version = s.version
  JOIN changes c ON c.revision = s.revision ${BLOBS}
  WHERE s.removed = 0 AND`;

/** Versions with their last change: the one before the next version's, since versions have no gaps. */
function versionAt(newest: string): string {
  return `SELECT ${VERSION} FROM skill_versions v
    JOIN changes c ON c.revision = (
      SELECT max(revision) FROM changes
      WHERE skill_id = v.skill_id AND revision >= v.revision AND revision <= min(${newest}, coalesce(
        (SELECT next.revision - 1 FROM skill_versions next
          WHERE next.skill_id = v.skill_id AND next.version = v.version + 1), ${NEWEST})))
    ${BLOBS}`;
}

const FIND_CURRENT = `${CURRENT} s.id = ?`;
const FIND_MANY = `${CURRENT} s.id IN (SELECT value FROM json_each(?))`;
const FIND_VERSION = `${versionAt(`${NEWEST}`)} WHERE v.skill_id = ? AND v.version = ?`;
const FIND_VERSION_AS_OF = `${versionAt("?")} WHERE v.skill_id = ? AND v.version = ?`;
const FIND_AS_OF = `SELECT ${VERSION} FROM changes c
  JOIN skill_versions v ON v.skill_id = c.skill_id AND v.version = c.version ${BLOBS}
  WHERE c.kind <> 'removal' AND c.revision = (
    SELECT max(revision) FROM changes WHERE skill_id = ? AND revision <= ?)`;
const HISTORY = `${versionAt(`${NEWEST}`)} WHERE v.skill_id = ? ORDER BY v.version`;
const COUNTS = `SELECT status, count(*) AS count FROM skills WHERE removed = 0 GROUP BY status
  UNION ALL SELECT 'versions', count(*) FROM skill_versions`;
const REVISION = "SELECT max(revision) AS revision FROM changes";
const CHANGES_SINCE = `SELECT revision, skill_id AS skillId, version, kind, status, at
  FROM changes WHERE revision > ? ORDER BY revision LIMIT ?`;

export function skillReader({ statement, path }: SqliteConnection): SkillReader {
  const findStatement = statement<VersionRow>(FIND_CURRENT);
  const revisionStatement = statement<{ revision: number | null }>(REVISION);

  function findRow(id: string, version?: number, asOf?: number): VersionRow | undefined {
    if (version === undefined)
      return asOf === undefined
        ? findStatement.get(id)
        : statement<VersionRow>(FIND_AS_OF).get(id, asOf);
    return asOf === undefined
      ? statement<VersionRow>(FIND_VERSION).get(id, version)
      : statement<VersionRow>(FIND_VERSION_AS_OF).get(asOf, id, version);
  }

  return {
    find(id, { version, asOf }) {
      const row = findRow(id, version, asOf);
      return row && storedVersion(row, path);
    },
    history: (id) =>
      statement<VersionRow>(HISTORY)
        .all(id)
        .map((row) => storedVersion(row, path)),
    findMany: (ids) =>
      statement<VersionRow>(FIND_MANY)
        .all(JSON.stringify(ids))
        .map((row) => storedVersion(row, path)),
    counts() {
      const rows = statement<{ status: SkillStatus | "versions"; count: number }>(COUNTS).all();
      const found = new Map(rows.map(({ status, count }) => [status, count]));
      const statuses = SKILL_STATUSES.map((status) => [status, found.get(status) ?? 0] as const);
      return {
        ...(Object.fromEntries(statuses) as Record<SkillStatus, number>),
        versions: found.get("versions") ?? 0,
      };
    },
    revision: () => revisionStatement.get()?.revision ?? 0,
    changesSince(revision, limit) {
      assertLimit(limit);
      const rows = statement<Change>(CHANGES_SINCE).all(revision, limit);
      return rows.map((row) => ({ ...row }));
    },
  };
}

/** SQLite takes a negative limit for none. */
export function assertLimit(limit: number): void {
  if (Number.isSafeInteger(limit) && limit >= 0) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`limit\` to be a non-negative integer, got ${preview(limit)}`,
  );
}
