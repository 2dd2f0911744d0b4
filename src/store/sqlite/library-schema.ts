/**
 * The schema of the skills file.
 *
 * - `changes`: one row for each committed change; its rowid is the library revision, so the state
 *   of a skill at revision r is its last row up to r
 * - `skill_versions`: what was appended, immutable
 * - `blobs`: long texts by their SHA-256, so that a version with new metadata copies no code
 * - `skills`, `skill_tags`, `skill_calls`: the current state, derived from the other three for fast reads
 * - `locks`, `lock_state`: leases, which guard writes; see `base/lease-tables.ts`
 *
 * Free text is kept as JSON (`note`, `definition`, `admission`, `summary`) or as bytes (`content`):
 * read as a TEXT column, Node 22 would cut it at its first NUL. `skills.name` only orders rows.
 */
import { LEASE_TABLES } from "../../base/lease-tables.ts";
import type { Schema } from "./schema.ts";

const VERSION_1 = `
  CREATE TABLE blobs (
    id      INTEGER PRIMARY KEY,
    hash    BLOB NOT NULL UNIQUE,
    content BLOB NOT NULL
  ) STRICT;

  CREATE TABLE changes (
    revision INTEGER PRIMARY KEY AUTOINCREMENT,
    skill_id TEXT NOT NULL,
    version  INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    status   TEXT NOT NULL,
    note     TEXT NOT NULL,
    at       TEXT NOT NULL
  ) STRICT;
  CREATE INDEX changes_by_skill ON changes (skill_id, revision);

  CREATE TABLE skill_versions (
    skill_id     TEXT NOT NULL,
    version      INTEGER NOT NULL,
    revision     INTEGER NOT NULL REFERENCES changes (revision),
    content_hash TEXT NOT NULL,
    definition   TEXT NOT NULL,
    code         INTEGER REFERENCES blobs (id),
    program      INTEGER REFERENCES blobs (id),
    instructions INTEGER REFERENCES blobs (id),
    admission    TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    PRIMARY KEY (skill_id, version)
  ) STRICT;

  CREATE TABLE skills (
    id           TEXT PRIMARY KEY,
    version      INTEGER NOT NULL,
    revision     INTEGER NOT NULL,
    removed      INTEGER NOT NULL,
    status       TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    category     TEXT NOT NULL,
    summary      TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX skills_by_category ON skills (category, id) WHERE removed = 0;
  CREATE INDEX skills_by_status ON skills (status, id) WHERE removed = 0;

  CREATE TABLE skill_tags (
    tag      TEXT NOT NULL,
    skill_id TEXT NOT NULL REFERENCES skills (id),
    PRIMARY KEY (tag, skill_id)
  ) STRICT, WITHOUT ROWID;
`;

/**
 * What skills call, by callee; the fingerprint of a program beside it, since it follows from the text
 * alone; and the keys of the other orders of a list.
 */
const VERSION_2 = `
  CREATE TABLE skill_calls (
    callee   TEXT NOT NULL,
    skill_id TEXT NOT NULL REFERENCES skills (id),
    PRIMARY KEY (callee, skill_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX skill_calls_by_skill ON skill_calls (skill_id);
  INSERT OR IGNORE INTO skill_calls (callee, skill_id)
    SELECT called.value, s.id FROM skills s
    JOIN skill_versions v ON v.skill_id = s.id AND v.version = s.version
    JOIN json_each(v.definition, '$.capabilities.skills') called
    WHERE s.removed = 0;

  ALTER TABLE blobs ADD COLUMN fingerprint TEXT;
  CREATE INDEX blobs_by_fingerprint ON blobs (fingerprint) WHERE fingerprint IS NOT NULL;
  CREATE INDEX skill_versions_by_program ON skill_versions (program);
  CREATE INDEX skills_by_content ON skills (content_hash) WHERE removed = 0;

  ALTER TABLE skills ADD COLUMN name TEXT NOT NULL COLLATE NOCASE DEFAULT '';
  ALTER TABLE skills ADD COLUMN updated_at TEXT NOT NULL DEFAULT '';
  UPDATE skills SET name = json_extract(summary, '$.name'),
    updated_at = json_extract(summary, '$.updatedAt');
  CREATE INDEX skills_by_name ON skills (name, id) WHERE removed = 0;
  CREATE INDEX skills_by_time ON skills (updated_at DESC, id) WHERE removed = 0;
`;

export const LIBRARY_SCHEMA: Schema = {
  holds: "a skill library",
  applicationId: 0x52_50_4c_42, // "RPLB"
  migrations: [VERSION_1, VERSION_2, LEASE_TABLES],
};
