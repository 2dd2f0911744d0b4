/** What `doctor` finds out about the library's files without opening the library. */
import { readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { fail, ok, warn } from "./doctor-check.ts";
import type { DoctorCheck } from "./doctor-check.ts";
import { oneLine } from "../terminal/text-width.ts";

const MIB = 1024 * 1024;
/** SQLite needs room for its journal even to delete. */
const FULL_BELOW_BYTES = 32 * MIB;
const NEARLY_FULL_BELOW_BYTES = 512 * MIB;
const BUSY_MS = 5000;
const DAY_MS = 86_400_000;
const UNUSED_AFTER_DAYS = 30;

/** @param directory one that exists */
export async function checkDisk(directory: string): Promise<DoctorCheck> {
  const { bavail, bsize } = await statfs(directory);
  return diskCheck(bavail * bsize);
}

export function diskCheck(freeBytes: number): DoctorCheck {
  const message = `${Math.floor(freeBytes / MIB).toLocaleString("en")} MiB free`;
  const remedy = "free some space, or name a library on another disk with --library";
  if (freeBytes < FULL_BELOW_BYTES) return fail("disk", `full: ${message}`, remedy);
  if (freeBytes < NEARLY_FULL_BELOW_BYTES) return warn("disk", `nearly full: ${message}`, remedy);
  return ok("disk", message);
}

/** The damage of each kind of file; a file that does not exist yet has none. */
export async function checkFiles(directory: string): Promise<readonly DoctorCheck[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sqlite")).sort();
  const damaged: DoctorCheck[] = [];
  for (const name of names) {
    const kind = kindOf(name);
    if (kind === undefined) continue;
    const damage = await damageOf(join(directory, name));
    if (damage !== undefined)
      damaged.push(fail(kind, `${name} is damaged: ${oneLine(damage)}`, REMEDIES[kind](name)));
  }
  return damaged;
}

/** The damage of indexes alone. */
export async function checkIndexFiles(directory: string): Promise<readonly DoctorCheck[]> {
  return (await checkFiles(directory)).filter(({ name }) => name === "index");
}

/** The indexes of embedders that nobody has used for long: they are never deleted by themselves. */
export async function checkUnusedIndexes(directory: string): Promise<readonly DoctorCheck[]> {
  const names = (await readdir(directory)).filter((name) => kindOf(name) === "index").sort();
  const unused: DoctorCheck[] = [];
  for (const name of names) {
    const { mtimeMs, size } = await stat(join(directory, name));
    const days = Math.floor((Date.now() - mtimeMs) / DAY_MS);
    if (days < UNUSED_AFTER_DAYS) continue;
    const found = `${name} (${Math.ceil(size / MIB)} MiB) was not used for ${days} days`;
    unused.push(warn("index", found, "delete it if its embedder is no longer used"));
  }
  return unused;
}

type Kind = "store" | "runs" | "index";

function kindOf(name: string): Kind | undefined {
  if (name === "library.sqlite") return "store";
  if (name === "runs.sqlite") return "runs";
  return /^index(?:-.*)?\.sqlite$/.test(name) ? "index" : undefined;
}

const REMEDIES: Readonly<Record<Kind, (name: string) => string>> = {
  store: () => "stop every program that uses the library, and restore it from a backup",
  runs: (name) =>
    `stop every program that uses the library, and move ${name} away, with its -wal and -shm files; only the records and metrics of runs are lost`,
  index: (name) =>
    `run repertoire doctor --repair with its embedder, or stop every program that uses the library and delete ${name}; it is built anew from the skills`,
};

async function damageOf(file: string): Promise<string | undefined> {
  const { DatabaseSync } = await import("node:sqlite");
  let database: InstanceType<typeof DatabaseSync> | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
    const [first] = database.prepare("PRAGMA quick_check(1)").all();
    const found = String(first?.["quick_check"]);
    return found === "ok" ? undefined : found;
  } catch (error) {
    return (error as Error).message;
  } finally {
    database?.close();
  }
}
