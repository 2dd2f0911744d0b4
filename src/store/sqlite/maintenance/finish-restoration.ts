/**
 * The last step of a restoration, which is all or nothing: what was checked and is safely on the disk
 * gets one fixed name in the library's directory, in one step, and from then on it takes the place of
 * the library, whoever finishes that. A library is not opened before it has been.
 */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { basename, join } from "node:path";
import type { Clock } from "../../../base/clock.ts";
import { RepertoireError } from "../../../base/errors.ts";
import { retryWhileBusy } from "../../../base/retry-while-busy.ts";
import { OPEN_RESTORATION } from "../../../base/open-restoration.ts";
import { RUNS_FILE, SKILLS_FILE } from "./backup-manifest.ts";
import { fileFailure } from "./file-failure.ts";
import { holdAlone } from "./hold-alone.ts";
import type { Held } from "./hold-alone.ts";
import { syncDirectory } from "./sync-file.ts";

/** Holds the name of the directory for what is replaced. */
export const FORMER_NAME = "former";

/** The directory of a restoration that is decided and not finished. */
export function committedIn(path: string): string {
  return join(path, OPEN_RESTORATION);
}

export function isRestorationOpen(path: string): boolean {
  return existsSync(committedIn(path));
}

/**
 * Finishes what a restoration has begun that was killed; does nothing where there is none.
 *
 * @param path directory of the library
 * @throws {STORE_UNAVAILABLE} when it is still under way after `busyMs`, or can not be finished
 */
export async function finishRestoration(
  path: string,
  { busyMs, clock }: { readonly busyMs: number; readonly clock: Clock },
): Promise<void> {
  if (!isRestorationOpen(path)) return;
  await retryWhileBusy(() => finishNow(path), {
    busyMs,
    clock,
    isBusy: (error) => error instanceof RepertoireError && error.code === "STORE_UNAVAILABLE",
    giveUp: (error) => beingRestored(path, error),
  });
}

export function beingRestored(path: string, cause?: unknown): RepertoireError {
  const why = cause instanceof Error ? ` (${cause.message})` : "";
  return new RepertoireError(
    "STORE_UNAVAILABLE",
    `Cannot use the library ${path}: a backup is taking its place${why}; retry when that has ended`,
    { cause, details: { path } },
  );
}

async function finishNow(path: string): Promise<void> {
  const committed = committedIn(path);
  const held = new Map<string, Held>();
  const alone: Held[] = [];
  try {
    const skills = join(committed, SKILLS_FILE);
    // Whoever restores holds it to the end.
    if (existsSync(skills)) alone.push(holdAlone(skills));
    for (const name of [RUNS_FILE, SKILLS_FILE]) {
      const target = join(path, name);
      const isOpen = existsSync(join(committed, name)) && existsSync(target);
      if (isOpen && !isSameFile(join(committed, name), target)) held.set(name, holdAlone(target));
    }
    const former = join(path, basename(readFileSync(join(committed, FORMER_NAME), "utf8")));
    if (held.size > 0) mkdirSync(former, { recursive: true, mode: 0o700 });
    await takePlace(path, held, former);
  } catch (error) {
    // Somebody else has just finished it.
    if (!isRestorationOpen(path)) return;
    throw fileFailure(error, "finish the restoration of the library", path);
  } finally {
    for (const each of [...held.values(), ...alone]) each.release();
  }
}

/** Exchanges what is not exchanged yet, the runs first. Every step may be the last, or be made again. */
export async function takePlace(
  path: string,
  held: ReadonlyMap<string, Held>,
  former: string,
): Promise<void> {
  const committed = committedIn(path);
  for (const name of [RUNS_FILE, SKILLS_FILE])
    if (existsSync(join(committed, name)))
      exchangeFile(join(committed, name), join(path, name), held.get(name), join(former, name));
  await syncDirectory(path);
  rmSync(committed, { recursive: true, force: true });
}

function exchangeFile(staged: string, path: string, held: Held | undefined, former: string): void {
  if (held === undefined) {
    // Fails where somebody has begun a library since.
    if (!isSameFile(staged, path)) linkSync(staged, path);
    return unlinkSync(staged);
  }
  if (held.isWhole) {
    if (!isSameFile(path, former)) linkSync(path, former);
    return renameSync(staged, path);
  }
  // Its log must not be applied to the file that takes its place.
  for (const suffix of ["-wal", "-shm", ""])
    if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${former}${suffix}`);
  renameSync(staged, path);
}

function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((each) =>
    statSync(each, { throwIfNoEntry: false, bigint: true }),
  );
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
}
