/**
 * Puts a backup in the place of a library. Everything is checked beside it first; then it is decided in
 * one step, while nobody else has the library open, that both its files take the place of the library's.
 */
import { randomUUID } from "node:crypto";
import { constants, existsSync, mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { copyFile, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { cancelledError, throwIfAborted } from "../../../base/abort.ts";
import { isoTime, systemClock } from "../../../base/clock.ts";
import { RepertoireError } from "../../../base/errors.ts";
import { preview } from "../../../base/json.ts";
import { LIBRARY_SCHEMA } from "../library-schema.ts";
import { RUNS_SCHEMA } from "../runs-schema.ts";
import { migrate } from "../schema.ts";
import { removeAbandoned, unfinishedName } from "./abandoned.ts";
import { BACKUP_FILES, MANIFEST, readManifest, RUNS_FILE, SKILLS_FILE } from "./backup-manifest.ts";
import type { BackupManifest } from "./backup-manifest.ts";
import { checkFiles } from "./check-files.ts";
import { fileFailure } from "./file-failure.ts";
import { committedIn, finishRestoration, FORMER_NAME, takePlace } from "./finish-restoration.ts";
import { holdAlone } from "./hold-alone.ts";
import type { Held } from "./hold-alone.ts";
import { threads } from "./in-thread.ts";
import { keepTokens } from "./keep-tokens.ts";
import { syncDirectory, syncFile } from "./sync-file.ts";
import { unpackFiles } from "./tar-archive.ts";

const STAGED = ".restoring-";
/** How long one that was interrupted before may be under way in another process. */
const FINISH_MS = 2000;

export interface RestoreOptions {
  /** Directory of the library; created when absent. */
  readonly path: string;
  /** Replaces a library that is there, and keeps its files beside (default: false). */
  readonly force?: boolean;
  /** Gives up, and leaves what was there. */
  readonly signal?: AbortSignal;
}

export interface RestoreResult {
  /** Directory of the library. */
  readonly path: string;
  readonly revision: number;
  readonly skills: number;
  readonly versions: number;
  readonly runs: number;
  /** When the backup was written; ISO-8601 UTC. */
  readonly createdAt: string;
  /** Directory with the files that were replaced; absent when there were none. */
  readonly former?: string;
}

/**
 * Makes a directory the library of a backup. The search index, which no backup holds, follows by
 * itself.
 *
 * @param backup what `library.backup` or `repertoire backup` has written
 * @throws {INVALID_INPUT} when it is no backup, or there is a library already and `force` is not given
 * @throws {STORE_CORRUPT} when the backup is damaged; nothing is changed
 * @throws {STORE_UNAVAILABLE} when any program has the library open; nothing is changed
 */
export async function restoreLibrary(
  backup: string,
  options: RestoreOptions,
): Promise<RestoreResult> {
  const { force = false, signal } = options;
  const from = directoryOf(backup, "backup");
  const path = directoryOf(options.path, "library");
  throwIfAborted(signal, "The restoration");
  const found = statSync(from, { throwIfNoEntry: false });
  if (found === undefined)
    throw new RepertoireError("INVALID_INPUT", `There is no backup at ${from}; name another path`, {
      details: { path: from },
    });
  await finishRestoration(path, { busyMs: FINISH_MS, clock: systemClock });
  if (!force) refuseExisting(path);
  const staged = join(path, unfinishedName(STAGED));
  try {
    mkdirSync(staged, { recursive: true, mode: 0o700 });
    removeAbandoned(path, STAGED);
    if (found.isDirectory()) await copyIn(from, staged, signal);
    else {
      const expected = [MANIFEST, ...BACKUP_FILES];
      await unpackFiles({ archive: from, expected, directory: staged, signal });
    }
    const manifest = await readManifest(staged, from);
    await checkStaged(from, staged, manifest, signal);
    throwIfAborted(signal, "The restoration");
    const former = await exchange(path, staged);
    const { revision, skills, versions, runs, createdAt } = manifest;
    const result = { path, revision, skills, versions, runs, createdAt };
    return former === undefined ? result : { ...result, former };
  } catch (error) {
    if (signal?.aborted) throw cancelledError(signal, "The restoration");
    throw fileFailure(error, "restore the library", path);
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

function directoryOf(path: string, what: string): string {
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return resolve(path);
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected the path of the ${what} to be a file or directory, got ${preview(path)}`,
  );
}

function refuseExisting(path: string): void {
  const there = BACKUP_FILES.find((name) => existsSync(join(path, name)));
  if (there !== undefined) throw exists(path, there);
}

function exists(path: string, name: string): RepertoireError {
  return new RepertoireError(
    "INVALID_INPUT",
    `There is a library at ${path} already (${name}); name another directory, or replace it with force`,
    { details: { path } },
  );
}

async function copyIn(from: string, staged: string, signal?: AbortSignal): Promise<void> {
  await readManifest(from, from);
  for (const name of [MANIFEST, ...BACKUP_FILES]) {
    throwIfAborted(signal, "The restoration");
    // A copy, even where the file system shares blocks: the backup must stay what it is.
    await copyFile(join(from, name), join(staged, name), constants.COPYFILE_FICLONE);
  }
}

/** @throws {STORE_CORRUPT} when anything differs from what the backup says of itself */
async function checkStaged(
  from: string,
  staged: string,
  manifest: BackupManifest,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const { name, bytes, sha256 } of manifest.files) {
    const path = join(staged, name);
    if (!existsSync(path)) throw damaged(from, `${name} is missing`);
    const found = await threads.digest(path, signal);
    if (found.bytes !== bytes || found.sha256 !== sha256)
      throw damaged(from, `${name} is not what was backed up`);
  }
  adoptSchemas(staged);
  const paths = { skills: join(staged, SKILLS_FILE), runs: join(staged, RUNS_FILE) };
  const { problems, ...counts } = await checkFiles(paths, signal);
  const [first] = problems;
  if (first !== undefined) throw damaged(from, first.message);
  for (const name of ["revision", "skills", "versions", "runs"] as const)
    if (counts[name] !== manifest[name])
      throw damaged(
        from,
        `it holds ${counts[name]} as its ${name}, and should hold ${manifest[name]}`,
      );
}

/**
 * Brings the copies of a backup that an earlier release has written up to date.
 *
 * @throws {STORE_UNAVAILABLE} when a newer release has written it
 */
function adoptSchemas(staged: string): void {
  for (const [name, schema] of [
    [SKILLS_FILE, LIBRARY_SCHEMA],
    [RUNS_FILE, RUNS_SCHEMA],
  ] as const) {
    const path = join(staged, name);
    const database = new DatabaseSync(path);
    try {
      database.exec("BEGIN");
      migrate(database, schema, path);
      database.exec("COMMIT");
    } finally {
      database.close();
    }
  }
}

function damaged(from: string, problem: string): RepertoireError {
  return new RepertoireError(
    "STORE_CORRUPT",
    `The backup ${from} is damaged: ${problem}; use another backup`,
    { details: { path: from } },
  );
}

/** @returns where the files that were replaced are, when there were any */
async function exchange(path: string, staged: string): Promise<string | undefined> {
  const held = new Map<string, Held>();
  const alone: Held[] = [];
  const time = isoTime(systemClock.now()).replaceAll(/[:.]/g, "-");
  const former = join(path, `former-${time}-${randomUUID().slice(0, 8)}`);
  try {
    for (const name of BACKUP_FILES)
      if (existsSync(join(path, name))) held.set(name, holdAlone(join(path, name)));
    keepTokens(held.get(SKILLS_FILE)?.database, join(staged, SKILLS_FILE));
    writeFileSync(join(staged, FORMER_NAME), basename(former));
    for (const name of [...BACKUP_FILES, FORMER_NAME]) await syncFile(join(staged, name));
    await syncDirectory(staged);
    if (held.size > 0) mkdirSync(former, { mode: 0o700 });
    // Keeps others from finishing what this process is about to; nothing may open the file from here on.
    alone.push(holdAlone(join(staged, SKILLS_FILE)));
    renameSync(staged, committedIn(path));
    await syncDirectory(path);
    await takePlace(path, held, former);
  } finally {
    for (const each of [...held.values(), ...alone]) each.release();
  }
  return held.size > 0 ? former : undefined;
}
