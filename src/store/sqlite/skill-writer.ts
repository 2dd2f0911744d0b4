/** The writes of the skills file: synchronous, each to be called within a transaction. */
import { hash } from "node:crypto";
import { isoTime } from "../../base/clock.ts";
import type { Clock } from "../../base/clock.ts";
import { RepertoireError, VersionConflictError } from "../../base/errors.ts";
import type { SkillStatus } from "../../skill/skill.ts";
import type {
  Appended,
  AppendOutcome,
  Change,
  ExpectedVersion,
  NewVersion,
  StatusChange,
  WriteGuard,
} from "../skill-store.ts";
import type { SqliteConnection } from "./connection.ts";
import { guardCheck } from "./guard-check.ts";
import { admissionJson, definitionJson, noteJson, summaryJson, tagsOf } from "./skill-rows.ts";

/** What was written, with the revision of the change that made it so. */
export interface Written {
  readonly version: number;
  readonly revision: number;
}

export interface SkillWriter {
  append(version: NewVersion): AppendOutcome;
  setStatus(id: string, change: StatusChange): Written;
  remove(id: string, expectedVersion: ExpectedVersion, guard?: WriteGuard): Written;
}

interface SkillRow {
  readonly version: number;
  /** Of its last change. */
  readonly revision: number;
  readonly removed: number;
  readonly content_hash: string;
  readonly summary: string;
  readonly status: SkillStatus;
  readonly note: string;
}

/** What a change says beyond its skill and version. */
interface ChangeFields {
  readonly kind: Change["kind"];
  readonly status: SkillStatus;
  /** Made by {@link noteJson}. */
  readonly note: string;
}

const NO_NOTE = noteJson({});

const FIND_SKILL = `SELECT s.version, s.revision, s.removed, s.content_hash, s.summary, s.status, c.note
  FROM skills s JOIN changes c ON c.revision = s.revision WHERE s.id = ?`;
const FIND_COMMITTED =
  "SELECT revision, created_at FROM skill_versions WHERE skill_id = ? AND version = ?";
const INSERT_CHANGE = `INSERT INTO changes (skill_id, version, kind, status, note, at)
  VALUES (?, ?, ?, ?, ?, ?)`;
const INSERT_VERSION = `INSERT INTO skill_versions (skill_id, version, revision, content_hash,
  definition, code, program, instructions, admission, created_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const UPSERT_SKILL = `INSERT INTO skills (id, version, revision, removed, status, content_hash,
  category, summary, name, updated_at) VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET version = excluded.version, revision = excluded.revision, removed = 0,
    status = excluded.status, content_hash = excluded.content_hash, category = excluded.category,
    summary = excluded.summary, name = excluded.name, updated_at = excluded.updated_at`;
const UPDATE_SKILL = "UPDATE skills SET status = ?, revision = ?, removed = ? WHERE id = ?";
const INSERT_TAG = "INSERT OR IGNORE INTO skill_tags (tag, skill_id) VALUES (?, ?)";
const DELETE_TAG = "DELETE FROM skill_tags WHERE tag = ? AND skill_id = ?";
const INSERT_CALL = "INSERT OR IGNORE INTO skill_calls (callee, skill_id) VALUES (?, ?)";
const DELETE_CALLS = "DELETE FROM skill_calls WHERE skill_id = ?";
const SET_FINGERPRINT = "UPDATE blobs SET fingerprint = ? WHERE id = ? AND fingerprint IS NOT ?";
const FIND_BLOB = "SELECT id FROM blobs WHERE hash = ?";
const INSERT_BLOB = "INSERT INTO blobs (hash, content) VALUES (?, ?)";

export function skillWriter({ statement }: SqliteConnection, clock: Clock): SkillWriter {
  const checkGuard = guardCheck(statement, clock);
  const findSkill = statement<SkillRow>(FIND_SKILL);
  const insertChange = statement(INSERT_CHANGE);
  const insertVersion = statement(INSERT_VERSION);
  const upsertSkill = statement(UPSERT_SKILL);
  const findBlob = statement<{ id: number }>(FIND_BLOB);

  function addChange(id: string, version: number, change: ChangeFields, at: string): number {
    const { kind, status, note } = change;
    return insertChange.run(id, version, kind, status, note, at).rowid;
  }

  function blobId(text: string | undefined): number | undefined {
    if (text === undefined) return undefined;
    const digest = hash("sha256", text, "buffer");
    const found = findBlob.get(digest);
    return found ? found.id : statement(INSERT_BLOB).run(digest, Buffer.from(text)).rowid;
  }

  function programId({ program, codeFingerprint }: NewVersion): number | undefined {
    const id = blobId(program);
    if (id !== undefined && codeFingerprint !== undefined)
      statement(SET_FINGERPRINT).run(codeFingerprint, id, codeFingerprint);
    return id;
  }

  function replaceCalls(id: string, called: readonly string[]): void {
    statement(DELETE_CALLS).run(id);
    for (const callee of called) statement(INSERT_CALL).run(callee, id);
  }

  function replaceTags(id: string, before: readonly string[], after: readonly string[]): void {
    for (const tag of before) if (!after.includes(tag)) statement(DELETE_TAG).run(tag, id);
    for (const tag of after) if (!before.includes(tag)) statement(INSERT_TAG).run(tag, id);
  }

  function currentSkill(id: string, expected: ExpectedVersion): SkillRow {
    const found = findSkill.get(id);
    if (!found || found.removed === 1)
      throw new RepertoireError(
        "SKILL_NOT_FOUND",
        `There is no skill "${id}"; list the skills to see their ids`,
        {
          details: { skillId: id },
        },
      );
    if (expected !== "any" && expected !== found.version)
      throw new VersionConflictError(id, expected, found.version, found.content_hash);
    return found;
  }

  function existing(id: string, found: SkillRow): Appended {
    const row = statement<{ revision: number; created_at: string }>(FIND_COMMITTED).get(
      id,
      found.version,
    );
    if (!row)
      throw new RepertoireError(
        "STORE_CORRUPT",
        `Skill "${id}" has lost its version ${found.version}; restore the library from a backup`,
      );
    return {
      id,
      version: found.version,
      revision: row.revision,
      contentHash: found.content_hash,
      status: found.status,
      created: false,
      createdAt: row.created_at,
    };
  }

  function insert(item: NewVersion, found: SkillRow | undefined): Appended {
    const { id, definition, contentHash, status } = item;
    const version = (found?.version ?? 0) + 1;
    const createdAt = isoTime(clock.now());
    const revision = addChange(id, version, { kind: "version", status, note: NO_NOTE }, createdAt);
    insertVersion.run(
      id,
      version,
      revision,
      contentHash,
      definitionJson(definition),
      blobId(definition.code),
      programId(item),
      blobId(definition.instructions),
      admissionJson(item),
      createdAt,
    );
    const { category, tags, name } = definition;
    const summary = summaryJson(definition, createdAt);
    upsertSkill.run(id, version, revision, status, contentHash, category, summary, name, createdAt);
    replaceTags(id, found?.removed === 0 ? tagsOf(found.summary) : [], tags);
    replaceCalls(id, definition.capabilities.skills);
    return { id, version, revision, contentHash, status, created: true, createdAt };
  }

  return {
    append(item) {
      checkGuard(item.id, item.guard);
      const found = findSkill.get(item.id);
      const current = found?.removed === 0 ? found : undefined;
      if (current && current.content_hash === item.contentHash)
        return { ok: true, appended: existing(item.id, current) };
      const expected = item.expectedVersion;
      const actual = current?.version ?? 0;
      const refusal = { ok: false, actual, actualHash: current?.content_hash } as const;
      if (expected !== "any" && expected !== actual) return { ...refusal, expected };
      if (current !== undefined && isOtherStatus(current, item.expectedStatus))
        return { ...refusal, expected: actual, actualStatus: current.status };
      return { ok: true, appended: insert(item, found) };
    },

    setStatus(id, change) {
      checkGuard(id, change.guard);
      const found = currentSkill(id, change.expectedVersion);
      const { version } = found;
      const { status, expectedStatus } = change;
      if (isOtherStatus(found, expectedStatus))
        throw new VersionConflictError(id, version, version, found.content_hash, {
          expectedStatus,
          actualStatus: found.status,
        });
      const note = noteJson(change);
      if (found.status === status && found.note === note)
        return { version, revision: found.revision };
      const fields = { kind: "status", status, note } as const;
      const revision = addChange(id, version, fields, isoTime(clock.now()));
      statement(UPDATE_SKILL).run(status, revision, 0, id);
      return { version, revision };
    },

    remove(id, expectedVersion, guard) {
      checkGuard(id, guard);
      const found = currentSkill(id, expectedVersion);
      // The version keeps its status and the reason for it: history shows both after the removal.
      const { version, status, note } = found;
      const change = { kind: "removal", status, note } as const;
      const revision = addChange(id, version, change, isoTime(clock.now()));
      statement(UPDATE_SKILL).run(status, revision, 1, id);
      replaceTags(id, tagsOf(found.summary), []);
      replaceCalls(id, []);
      return { version, revision };
    },
  };
}

function isOtherStatus(
  { status }: SkillRow,
  expected: SkillStatus | undefined,
): expected is SkillStatus {
  return expected !== undefined && status !== expected;
}
