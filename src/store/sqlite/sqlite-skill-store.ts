import { systemClock } from "../../base/clock.ts";
import { mapInTurns } from "../../base/loop-turns.ts";
import { callInThread } from "../../base/thread-call.ts";
import { conflictOf } from "../conflict-of.ts";
import type { SkillStore } from "../skill-store.ts";
import { openConnection } from "./connection.ts";
import type { SqliteConnection, SqliteOptions } from "./connection.ts";
import { LIBRARY_SCHEMA } from "./library-schema.ts";
import type { FacetsTask } from "./count-facets.ts";
import { skillBrowser } from "./skill-browser.ts";
import { skillReader } from "./skill-reader.ts";
import { skillSummary } from "./skill-rows.ts";
import { skillWriter } from "./skill-writer.ts";

const COUNT_FACETS = { module: new URL("./count-facets", import.meta.url), name: "countFacets" };

/**
 * A skill store in one SQLite file that many processes of one machine may use at once.
 *
 * Every write is one immediate transaction and, by default, on the disk before it is acknowledged.
 * A read sees every commit acknowledged before it began, whichever process made it.
 *
 * @throws {STORE_UNAVAILABLE} when the file is out of reach, too new, or stays busy
 * @throws {STORE_CORRUPT} when the file is damaged or no SQLite database
 * @throws {INVALID_INPUT} when the file is another program's database
 */
export async function sqliteSkillStore(options: SqliteOptions): Promise<SkillStore> {
  return skillStoreOn(await openConnection(LIBRARY_SCHEMA, options), options.clock);
}

/** The store on a connection to a file with {@link LIBRARY_SCHEMA}; closing it closes both. */
export function skillStoreOn(connection: SqliteConnection, clock = systemClock): SkillStore {
  const { read, readSnapshot, transact } = connection;
  const reader = skillReader(connection);
  const browser = skillBrowser(connection.statement);
  const writer = skillWriter(connection, clock);

  // The newest revision, valid while `dataVersion` is what it was before the revision was read.
  // SQLite moves that number for commits of other connections alone; own commits set `revision`.
  let known: { readonly dataVersion: number; revision: number } | undefined;

  function committed(revision: number): void {
    if (known) known.revision = Math.max(known.revision, revision);
  }

  function newestRevision(): number {
    const dataVersion = connection.dataVersion();
    if (known?.dataVersion !== dataVersion) known = { dataVersion, revision: reader.revision() };
    return known.revision;
  }

  return {
    checksGuards: true,
    get commitsSeen() {
      return known?.dataVersion ?? 0;
    },
    async append(version, { signal } = {}) {
      const outcome = await transact(() => writer.append(version), signal);
      if (!outcome.ok) throw conflictOf(version, outcome);
      if (outcome.appended.created) committed(outcome.appended.revision);
      return outcome.appended;
    },
    async appendMany(versions, { signal } = {}) {
      const outcomes = await transact(
        () => versions.map((version) => writer.append(version)),
        signal,
      );
      const last = outcomes.findLast((outcome) => outcome.ok && outcome.appended.created);
      if (last?.ok) committed(last.appended.revision);
      return outcomes;
    },
    async setStatus(id, change) {
      const written = await transact(() => writer.setStatus(id, change));
      committed(written.revision);
      return written;
    },
    async remove(id, expectedVersion, guard) {
      const written = await transact(() => writer.remove(id, expectedVersion, guard));
      committed(written.revision);
      return written;
    },
    find: (id, at = {}) => read(() => reader.find(id, at)),
    history: (id) => read(() => reader.history(id)),
    async list(filter) {
      const rows = await read(() => browser.list(filter));
      return mapInTurns(rows, (row) => skillSummary(row, connection.path));
    },
    async facets(filter) {
      const { path } = connection;
      const counted = await readSnapshot(() =>
        browser.isLarge() ? undefined : browser.facets(filter),
      );
      return counted ?? callInThread(COUNT_FACETS, { path, filter } satisfies FacetsTask);
    },
    findAlike: (wanted, limit) => read(() => browser.findAlike(wanted, limit)),
    dependents: (id, limit) => readSnapshot(() => browser.dependents(id, limit)),
    findMany: (ids) => read(() => reader.findMany(ids)),
    counts: () => read(() => reader.counts()),
    changesSince: (revision, limit) => read(() => reader.changesSince(revision, limit)),
    revision() {
      try {
        return newestRevision();
      } catch {
        // Busy or broken: the asynchronous way waits, and reports what stays wrong.
        return read(newestRevision);
      }
    },
    async close() {
      connection.close();
    },
  };
}
