/**
 * The schema of the runs file.
 *
 * - `runs`: the newest runs; `seq` has no gaps, so pruning by it keeps an exact number
 * - `run_totals`, `skill_stats`, `skill_failures`, `skill_durations`: counters over all time, kept
 *   when runs are pruned
 * - `failure_notes`: the latest failures of each version, so that a busy skill does not push out
 *   the evidence of a quiet one
 *
 * - `run_journals`: what replays need, apart from `runs` so that lists do not read it; its index
 *   answers how much there is without reading it either
 * - `learned_uses`: which queries led whom to which skill; `change` is the number of its last change,
 *   counted in `learned_state`, and a use that is gone leaves its id in `learned_removals` for a while:
 *   changes are complete from `learned_state.floor` on
 *
 * What runs tell since version 2 is in `runs.more`, one JSON object, absent when there is nothing.
 * Free text is kept as JSON, also `reason`: read as a TEXT column, Node 22 would cut it at its first NUL.
 */
import type { Schema } from "./schema.ts";

const VERSION_1 = `
  CREATE TABLE runs (
    seq           INTEGER PRIMARY KEY,
    run_id        TEXT NOT NULL UNIQUE,
    skill_id      TEXT NOT NULL,
    version       INTEGER NOT NULL,
    status        TEXT NOT NULL,
    error         TEXT,
    logs          TEXT NOT NULL,
    logs_dropped  INTEGER NOT NULL,
    started_at    TEXT NOT NULL,
    duration_ms   REAL NOT NULL,
    cpu_ms        REAL NOT NULL,
    host_calls    INTEGER NOT NULL,
    warnings      TEXT,
    parent_run_id TEXT
  ) STRICT;
  CREATE INDEX runs_by_skill ON runs (skill_id, seq);
  CREATE INDEX runs_by_status ON runs (status, seq);

  CREATE TABLE run_totals (
    status TEXT PRIMARY KEY,
    count  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE skill_stats (
    skill_id     TEXT NOT NULL,
    version      INTEGER NOT NULL,
    uses         INTEGER NOT NULL,
    successes    INTEGER NOT NULL,
    sum_ms       REAL NOT NULL,
    last_used_at TEXT NOT NULL,
    PRIMARY KEY (skill_id, version)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE skill_failures (
    skill_id TEXT NOT NULL,
    version  INTEGER NOT NULL,
    status   TEXT NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (skill_id, version, status)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE skill_durations (
    skill_id TEXT NOT NULL,
    version  INTEGER NOT NULL,
    bucket   INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (skill_id, version, bucket)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE failure_notes (
    skill_id TEXT NOT NULL,
    version  INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    run_id   TEXT NOT NULL,
    status   TEXT NOT NULL,
    reason   TEXT NOT NULL,
    at       TEXT NOT NULL,
    PRIMARY KEY (skill_id, version, seq)
  ) STRICT, WITHOUT ROWID;
`;

const VERSION_2 = `
  ALTER TABLE runs ADD COLUMN more TEXT;

  CREATE TABLE run_journals (
    seq   INTEGER PRIMARY KEY,
    bytes INTEGER NOT NULL,
    data  TEXT NOT NULL
  ) STRICT;
  CREATE INDEX run_journal_sizes ON run_journals (seq, bytes);
`;

const VERSION_3 = `
  CREATE TABLE learned_uses (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    query    TEXT NOT NULL,
    skill_id TEXT NOT NULL,
    caller   TEXT NOT NULL,
    count    INTEGER NOT NULL,
    last_at  TEXT NOT NULL,
    change   INTEGER NOT NULL,
    UNIQUE (skill_id, caller, query)
  ) STRICT;
  CREATE INDEX learned_uses_by_change ON learned_uses (change);
  CREATE INDEX learned_uses_by_caller ON learned_uses (caller, last_at);

  CREATE TABLE learned_removals (
    id     INTEGER PRIMARY KEY,
    change INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX learned_removals_by_change ON learned_removals (change);

  CREATE TABLE learned_state (
    change INTEGER NOT NULL,
    floor  INTEGER NOT NULL
  ) STRICT;
  INSERT INTO learned_state VALUES (0, 0);
`;

export const RUNS_SCHEMA: Schema = {
  holds: "the run records of a skill library",
  applicationId: 0x52_50_52_4e, // "RPRN"
  migrations: [VERSION_1, VERSION_2, VERSION_3],
  ifDamaged: (path) =>
    `it holds the record of runs only: move ${path} away, with ${path}-wal and ${path}-shm where they exist, and a new one is started; the skills are not touched`,
};
