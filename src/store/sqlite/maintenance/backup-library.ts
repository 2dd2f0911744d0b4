/**
 * Writes a backup beside its final name, checks it, and only then gives it that name: there is a
 * whole backup or none.
 */
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { cancelledError, throwIfAborted } from "../../../base/abort.ts";
import { isoTime, systemClock } from "../../../base/clock.ts";
import { RepertoireError } from "../../../base/errors.ts";
import { preview } from "../../../base/json.ts";
import type { BackupOptions, BackupProgress, BackupResult } from "../../library-files.ts";
import {
  MANIFEST,
  readManifest,
  RUNS_FILE,
  SKILLS_FILE,
  writeManifest,
} from "./backup-manifest.ts";
import { removeAbandoned, unfinishedName } from "./abandoned.ts";
import { checkFiles } from "./check-files.ts";
import type { FilePaths } from "./check-files.ts";
import { openSnapshot } from "./copy-file.ts";
import { fileFailure } from "./file-failure.ts";
import { threads } from "./in-thread.ts";
import { syncDirectory, syncFile } from "./sync-file.ts";
import { isArchiveName, packFiles } from "./tar-archive.ts";

/** How far each phase goes, roughly by the time they take. */
const COPIED = 0.5;
const CHECKED = 0.95;

export async function backupLibrary(
  source: FilePaths,
  given: string,
  options: BackupOptions = {},
): Promise<BackupResult> {
  const { force = false, signal, onProgress } = options;
  throwIfAborted(signal, "The backup");
  const path = await checkTarget(given, force);
  const tell = (phase: BackupProgress["phase"], fraction: number): void =>
    onProgress?.({ phase, fraction });
  const partial = `${basename(path)}.partial-`;
  const staged = join(dirname(path), unfinishedName(partial));
  const archive = `${staged}-archive`;
  try {
    removeAbandoned(dirname(path), partial);
    mkdirSync(staged, { mode: 0o700 });
    const copies = { skills: join(staged, SKILLS_FILE), runs: join(staged, RUNS_FILE) };
    await copyBoth(source, copies, signal, (fraction) => tell("copying", fraction * COPIED));
    const result = await describe(staged, copies, path, signal, (fraction) =>
      tell("checking", COPIED + fraction * (CHECKED - COPIED)),
    );
    let ready = staged;
    if (isArchiveName(path)) {
      tell("packing", CHECKED);
      const names = [MANIFEST, SKILLS_FILE, RUNS_FILE];
      await packFiles({ directory: staged, names, archive, name: path, signal });
      ready = archive;
    }
    await sync(ready);
    throwIfAborted(signal, "The backup");
    await putInPlace(ready, path);
    tell(isArchiveName(path) ? "packing" : "checking", 1);
    return { ...result, bytes: sizeOf(path) };
  } catch (error) {
    if (signal?.aborted) throw cancelledError(signal, "The backup");
    throw fileFailure(error, "write the backup", path);
  } finally {
    await rm(staged, { recursive: true, force: true });
    await rm(archive, { force: true });
  }
}

/** @returns its absolute path */
async function checkTarget(given: string, force: boolean): Promise<string> {
  if (typeof given !== "string" || given === "" || given.includes("\0"))
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected the path of a backup to be a file or directory, got ${preview(given)}`,
    );
  const path = resolve(given);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return path;
  if (!force)
    throw new RepertoireError(
      "INVALID_INPUT",
      `There is something at ${path} already; name another path, or replace the backup that is there with force`,
      { details: { path } },
    );
  if (found.isDirectory() !== isArchiveName(path)) {
    // What may be replaced is a backup: anything else may be somebody's data.
    if (found.isDirectory()) await readManifest(path, path);
    return path;
  }
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected ${path} to be a backup of the same kind, but it is ${found.isDirectory() ? "a directory" : "a file"}; name another path`,
    { details: { path } },
  );
}

/**
 * Both as of one moment: the runs of the moment before that of the skills, so that no run names a
 * version that is not there.
 */
async function copyBoth(
  source: FilePaths,
  copies: FilePaths,
  signal: AbortSignal | undefined,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const runs = await openSnapshot(source.runs);
  try {
    const skills = await openSnapshot(source.skills);
    try {
      const ofRuns = sizeOf(source.runs) / (sizeOf(source.runs) + sizeOf(source.skills));
      const tellRuns = (fraction: number): void => onProgress(fraction * ofRuns);
      const tellSkills = (fraction: number): void => onProgress(ofRuns + fraction * (1 - ofRuns));
      await runs.copyTo(copies.runs, { signal, onProgress: tellRuns });
      await skills.copyTo(copies.skills, { signal, onProgress: tellSkills });
    } finally {
      skills.close();
    }
  } finally {
    runs.close();
  }
}

/** Checks the copies, and says in a file beside them what they are. */
async function describe(
  staged: string,
  copies: FilePaths,
  path: string,
  signal: AbortSignal | undefined,
  onProgress: (fraction: number) => void,
): Promise<Omit<BackupResult, "bytes">> {
  const sealed = [
    { name: SKILLS_FILE, ...(await threads.seal(copies.skills, signal)) },
    { name: RUNS_FILE, ...(await threads.seal(copies.runs, signal)) },
  ] as const;
  onProgress(0.3);
  const { problems, more, revision, skills, versions, runs } = await checkFiles(copies, signal);
  onProgress(1);
  const [first] = problems;
  if (first !== undefined)
    throw new RepertoireError(
      "STORE_CORRUPT",
      `The library is not whole, so no backup of it was written: ${first.subject === undefined ? "" : `${first.subject}: `}${first.message.replace(`${staged}/`, "")}${problems.length + more > 1 ? `, and ${problems.length + more - 1} more` : ""}; run repertoire doctor --repair`,
      { details: { problems } },
    );
  const createdAt = isoTime(systemClock.now());
  const counts = { revision, skills, versions, runs };
  await writeManifest(staged, { createdAt, ...counts, files: sealed });
  return { path, ...counts, createdAt };
}

/** Puts a file, or a directory with what is in it, safely on the disk. */
async function sync(path: string): Promise<void> {
  if (!statSync(path).isDirectory()) return syncFile(path);
  for (const name of readdirSync(path)) await syncFile(join(path, name));
  await syncDirectory(path);
}

async function putInPlace(ready: string, path: string): Promise<void> {
  // A directory can not be renamed over another one.
  const isReplaced = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  // Its name begins otherwise than that of what is abandoned: it may be the only backup there is.
  const former = `${path}.replaced-${process.pid}`;
  if (isReplaced) await rename(path, former);
  await rename(ready, path);
  if (isReplaced) await rm(former, { recursive: true, force: true });
  await syncDirectory(dirname(path));
}

function sizeOf(path: string): number {
  const found = statSync(path);
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
}
