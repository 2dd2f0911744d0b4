/**
 * A process of its own that uses a store until it is done or killed. Its task comes as JSON in the
 * first argument; it tells its parent what it achieved, and every acknowledged write at once.
 */
import { once } from "node:events";
import { VersionConflictError } from "../../base/errors.ts";
import type { SkillStore } from "../skill-store.ts";
import { sqliteRunStore } from "../sqlite/sqlite-run-store.ts";
import { openConnection } from "../sqlite/connection.ts";
import { LIBRARY_SCHEMA } from "../sqlite/library-schema.ts";
import { skillStoreOn, sqliteSkillStore } from "../sqlite/sqlite-skill-store.ts";
import { newVersion } from "./new-version.ts";

const NOBODY = 65_534;

/** What a process is to do with the file at `path`. */
export type StoreTask =
  /** Raise the counters of the skills by one, `count` times in all. */
  | { readonly kind: "increment"; readonly path: string; ids: readonly string[]; count: number }
  /** When told to, open each of the files, add the skill, and close. */
  | { readonly kind: "create"; readonly paths: readonly string[]; readonly id: string }
  /** Append versions to the skill for ever. */
  | { readonly kind: "append"; readonly path: string; readonly id: string }
  /** Append one version within a transaction that is held open until a message comes. */
  | { readonly kind: "hold"; readonly path: string; readonly id: string }
  /** As a user without privileges: open the file, and with each message append to it and open it again. */
  | { readonly kind: "unprivileged"; readonly path: string }
  /** Record runs for ever, with ids that begin with `id`. */
  | { readonly kind: "record"; readonly path: string; readonly id: string };

export type StoreMessage =
  | { readonly kind: "ready" }
  /** What came of appending, and of opening, reading and appending: "ok", or the message of the error. */
  | { readonly kind: "tried"; readonly appended: string; readonly opened: string }
  | { readonly kind: "acknowledged"; readonly id: string; readonly version: number }
  | { readonly kind: "done"; readonly commits: number; readonly conflicts: number };

function tell(message: StoreMessage): void {
  process.send?.(message);
}

async function increment(store: SkillStore, ids: readonly string[], count: number): Promise<void> {
  let commits = 0;
  let conflicts = 0;
  while (commits < count) {
    const id = ids[commits % ids.length] ?? "";
    const current = await store.find(id);
    const metadata = { count: Number(current?.metadata["count"] ?? 0) + 1, writer: process.pid };
    const expectedVersion = current?.version ?? 0;
    try {
      await store.append(newVersion(id, { metadata }, { expectedVersion }));
      commits += 1;
    } catch (error) {
      if (!(error instanceof VersionConflictError)) throw error;
      conflicts += 1;
    }
  }
  tell({ kind: "done", commits, conflicts });
}

async function appendForEver(store: SkillStore, id: string): Promise<never> {
  for (let count = 1; ; count++) {
    const code = `export default () => ${count}; // ${"x".repeat((count * 997) % 20_000)}`;
    const item = newVersion(id, { code, metadata: { count } }, { expectedVersion: "any" });
    const { version } = await store.append(item);
    tell({ kind: "acknowledged", id, version });
  }
}

async function recordForEver(path: string, id: string): Promise<never> {
  const runs = await sqliteRunStore({ path, maxRecords: 1_000_000 });
  const run = { skillId: id, version: 1, status: "ok", logs: [], logsDropped: 0 } as const;
  const rest = { startedAt: new Date(0).toISOString(), durationMs: 1, cpuMs: 1, hostCalls: 0 };
  for (let version = 1; ; version++) {
    await runs.record([{ ...run, ...rest, runId: `${id}-${version}` }]);
    tell({ kind: "acknowledged", id, version });
  }
}

async function create(paths: readonly string[], id: string): Promise<void> {
  const told = new Promise((resolve) => process.once("message", resolve));
  tell({ kind: "ready" });
  await told;
  for (const path of paths) {
    const store = await sqliteSkillStore({ path });
    await store.append(newVersion(id));
    await store.close();
  }
  tell({ kind: "done", commits: paths.length, conflicts: 0 });
}

/** Holds the file as a process does that is suspended in the middle of a write. */
async function hold(path: string, id: string): Promise<void> {
  const connection = await openConnection(LIBRARY_SCHEMA, { path });
  const store = skillStoreOn(connection);
  connection.database.exec("BEGIN IMMEDIATE");
  const told = new Promise((resolve) => process.once("message", resolve));
  tell({ kind: "ready" });
  await told;
  connection.database.exec("COMMIT");
  try {
    await store.append(newVersion(id, { name: "late" }, { expectedVersion: 0 }));
    tell({ kind: "done", commits: 1, conflicts: 0 });
  } catch (error) {
    if (!(error instanceof VersionConflictError)) throw error;
    tell({ kind: "done", commits: 0, conflicts: 1 });
  }
  await store.close();
}

async function outcomeOf(work: () => Promise<unknown>): Promise<string> {
  return work().then(
    () => "ok",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

async function tryUnprivileged(path: string): Promise<void> {
  // The superuser may write whatever the permissions say.
  if (process.getuid?.() === 0) process.seteuid?.(NOBODY);
  const store = await sqliteSkillStore({ path });
  let count = 0;
  process.on("message", async () => {
    const item = newVersion("echo", { metadata: { count: ++count } }, { expectedVersion: "any" });
    const appended = await outcomeOf(() => store.append(item));
    const opened = await outcomeOf(async () => {
      const other = await sqliteSkillStore({ path });
      await other.find("echo");
      await other.append(newVersion("other", item.definition, { expectedVersion: "any" }));
      await other.close();
    });
    tell({ kind: "tried", appended, opened });
  });
  tell({ kind: "ready" });
  await once(process, "disconnect");
}

async function work(task: StoreTask): Promise<void> {
  if (task.kind === "create") return create(task.paths, task.id);
  if (task.kind === "unprivileged") return tryUnprivileged(task.path);
  if (task.kind === "hold") return hold(task.path, task.id);
  if (task.kind === "record") return recordForEver(task.path, task.id);
  const store = await sqliteSkillStore({ path: task.path });
  if (task.kind === "append") return appendForEver(store, task.id);
  await increment(store, task.ids, task.count);
  await store.close();
}

await work(JSON.parse(process.argv[2] ?? "") as StoreTask);
process.disconnect();
