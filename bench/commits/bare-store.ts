/** What `sqliteSkillStore` does, without anything around it: SQLite as it comes. */
import { hash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import type { NewVersion } from "../../src/store/skill-store.ts";
import { LIBRARY_SCHEMA } from "../../src/store/sqlite/library-schema.ts";

export interface BareStore {
  append(version: NewVersion): Promise<unknown>;
  find(id: string): Promise<unknown>;
  close(): Promise<void>;
}

/** The statements an append of a new text needs, prepared once, without anything around them. */
export function bareStore(path: string, durability: "full" | "normal", busyMs = 0): BareStore {
  const database = new DatabaseSync(path, { timeout: busyMs });
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability};
    PRAGMA cache_size = -32768`);
  if (database.prepare("SELECT 1 FROM sqlite_master").get() === undefined)
    for (const sql of LIBRARY_SCHEMA.migrations) database.exec(sql);
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const current = database.prepare("SELECT version, content_hash FROM skills WHERE id = ?");
  const addChange = database.prepare(
    "INSERT INTO changes (skill_id, version, kind, status, note, at) VALUES (?, ?, 'version', ?, '{}', ?)",
  );
  const findBlob = database.prepare("SELECT id FROM blobs WHERE hash = ?");
  const addBlob = database.prepare("INSERT INTO blobs (hash, content) VALUES (?, ?)");
  const addVersion = database.prepare(`INSERT INTO skill_versions (skill_id, version, revision,
    content_hash, definition, code, admission, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
  const addSkill = database.prepare(`INSERT INTO skills (id, version, revision, removed,
    status, content_hash, category, summary, name, updated_at) VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?)`);
  const updateSkill = database.prepare(`UPDATE skills SET version = ?, revision = ?, status = ?,
    content_hash = ?, summary = ?, name = ?, updated_at = ? WHERE id = ? AND version = ?`);
  const addTag = database.prepare("INSERT INTO skill_tags VALUES (?, ?)");
  const find = database.prepare(`SELECT v.*, c.status, b.content FROM skills s
    JOIN skill_versions v ON v.skill_id = s.id AND v.version = s.version
    JOIN changes c ON c.revision = s.revision LEFT JOIN blobs b ON b.id = v.code WHERE s.id = ?`);

  return {
    async append({ id, definition, contentHash, status, expectedVersion }) {
      const at = new Date().toISOString();
      begin.run();
      const version = Number(current.get(id)?.["version"] ?? 0) + 1;
      if (version !== Number(expectedVersion) + 1) throw new Error("conflict");
      const revision = addChange.run(id, version, status, at).lastInsertRowid;
      const { code = "", ...fields } = definition;
      const digest = hash("sha256", code, "buffer");
      const blob = Number(
        findBlob.get(digest)?.["id"] ?? addBlob.run(digest, Buffer.from(code)).lastInsertRowid,
      );
      const json = JSON.stringify(fields);
      addVersion.run(id, version, revision, contentHash, json, blob, "{}", at);
      const { name, description, category, tags } = fields;
      const summary = JSON.stringify({ name, description, category, tags, at });
      if (version === 1) {
        addSkill.run(id, version, revision, status, contentHash, category, summary, name, at);
        for (const tag of tags) addTag.run(tag, id);
      } else {
        updateSkill.run(version, revision, status, contentHash, summary, name, at, id, version - 1);
      }
      commit.run();
    },
    async find(id) {
      const row = find.get(id);
      const code = Buffer.from(row?.["content"] as Uint8Array).toString();
      return { ...JSON.parse(String(row?.["definition"])), code };
    },
    close: async () => database.close(),
  };
}
