/** What a backup says of itself, in the file beside its databases. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RepertoireError } from "../../../base/errors.ts";

export const MANIFEST = "backup.json";
export const SKILLS_FILE = "library.sqlite";
export const RUNS_FILE = "runs.sqlite";
export const BACKUP_FILES = [SKILLS_FILE, RUNS_FILE] as const;

const KIND = "repertoire-backup";
const FORMAT = 1;

export interface BackedUpFile {
  readonly name: (typeof BACKUP_FILES)[number];
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

export interface BackupManifest {
  /** ISO-8601 UTC. */
  readonly createdAt: string;
  readonly revision: number;
  readonly skills: number;
  readonly versions: number;
  readonly runs: number;
  readonly files: readonly BackedUpFile[];
}

export async function writeManifest(directory: string, manifest: BackupManifest): Promise<void> {
  const text = JSON.stringify({ kind: KIND, format: FORMAT, ...manifest }, undefined, 2);
  await writeFile(join(directory, MANIFEST), `${text}\n`, { mode: 0o600 });
}

/**
 * @param from what the backup is called, for messages
 * @throws {INVALID_INPUT} when the directory is no backup
 * @throws {STORE_UNAVAILABLE} when a newer release has written it
 */
export async function readManifest(directory: string, from: string): Promise<BackupManifest> {
  let found: unknown;
  try {
    found = JSON.parse(await readFile(join(directory, MANIFEST), "utf8"));
  } catch (cause) {
    throw notABackup(from, cause);
  }
  if (typeof found !== "object" || found === null || !("kind" in found) || found.kind !== KIND)
    throw notABackup(from, undefined);
  const { format, ...manifest } = found as unknown as BackupManifest & { format: number };
  if (format > FORMAT)
    throw new RepertoireError(
      "STORE_UNAVAILABLE",
      `Cannot read the backup ${from}: its format is ${format}, and this release of repertoire knows ${FORMAT}; upgrade repertoire`,
    );
  const names = Array.isArray(manifest.files) ? manifest.files.map(({ name }) => name) : [];
  if (!BACKUP_FILES.every((name) => names.includes(name))) throw notABackup(from, undefined);
  return manifest;
}

function notABackup(from: string, cause: unknown): RepertoireError {
  return new RepertoireError(
    "INVALID_INPUT",
    `Expected ${from} to be a backup that \`repertoire backup\` has written, but it has no ${MANIFEST} that says so; name another one`,
    { cause, details: { path: from } },
  );
}
