/** Versioned schemas: which program and kind a file belongs to, and how it is brought up to date. */
import type { DatabaseSync } from "node:sqlite";
import { RepertoireError } from "../../base/errors.ts";

export interface Schema {
  /** What the file holds, for messages. */
  readonly holds: string;
  /** SQLite's `application_id`; tells our files from others. */
  readonly applicationId: number;
  /** SQL to reach version 1, 2, 3 …; an entry never changes once released. */
  readonly migrations: readonly string[];
  /** The remedy when the file is damaged (default: to restore a backup). */
  readonly ifDamaged?: (path: string) => string;
}

/**
 * The schema version of the file; 0 when it is new and empty. Its reads must be of one snapshot.
 *
 * @throws {INVALID_INPUT} when the file belongs to another program or holds something else
 * @throws {STORE_UNAVAILABLE} when a newer release has written it
 */
export function schemaVersion(database: DatabaseSync, schema: Schema, path: string): number {
  const applicationId = pragmaNumber(database, "application_id");
  const version = pragmaNumber(database, "user_version");
  if (applicationId !== schema.applicationId) {
    if (applicationId === 0 && version === 0 && isEmpty(database)) return 0;
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected ${path} to hold ${schema.holds}, but it is a SQLite database of another kind (application_id ${applicationId}); choose another path`,
      { details: { path, applicationId, expected: schema.applicationId } },
    );
  }
  const supported = schema.migrations.length;
  if (version > supported)
    throw new RepertoireError(
      "STORE_UNAVAILABLE",
      `Cannot use ${path}: its schema has version ${version}, and this release of repertoire knows versions up to ${supported}; upgrade repertoire`,
      { details: { path, version, supported } },
    );
  return version;
}

/** Applies what is missing. Runs within a transaction, so that of several processes one does it. */
export function migrate(database: DatabaseSync, schema: Schema, path: string): void {
  const version = schemaVersion(database, schema, path);
  for (const sql of schema.migrations.slice(version)) database.exec(sql);
  database.exec(`PRAGMA application_id = ${schema.applicationId}`);
  database.exec(`PRAGMA user_version = ${schema.migrations.length}`);
}

function pragmaNumber(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function isEmpty(database: DatabaseSync): boolean {
  return database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
}
