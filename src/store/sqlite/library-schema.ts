/**
 * The schema of the skills file.
 *
 * - `changes`: one row for each committed change; its rowid is the library revision, so the state
 *   of a skill at revision r is its last row up to r
 * - `skill_versions`: what was appended, immutable
 * - `blobs`: long texts by their SHA-256, so that a version with new metadata copies no code
 * - `skills`, `skill_tags`: the current state, derived from the other three for fast reads
 *
 * Free text is kept as JSON (`note`, `definition`, `admission`, `summary`) or as bytes (`content`):
 * read as a TEXT column, Node 22 would cut it at its first NUL.
 */
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

export const LIBRARY_SCHEMA: Schema = {
  holds: "a skill library",
  applicationId: 0x52_50_4c_42, // "RPLB"
  migrations: [VERSION_1],
};
