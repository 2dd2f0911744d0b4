/** Looking after a library: what is wrong with it, mending what can be, and copies of it. */
import { RepertoireError } from "../base/errors.ts";
import { mapInTurns } from "../base/loop-turns.ts";
import { problemList } from "../base/problem.ts";
import type { Problem, Problems } from "../base/problem.ts";
import type { BackupOptions, BackupResult } from "../store/library-files.ts";
import type { IndexReport } from "../search/search-index.ts";
import { markOf } from "./retrieval/indexer.ts";
import type { LibraryParts } from "./library-parts.ts";
import { checkBoolean, checkKnownOptions } from "./check-options.ts";
import type { SearchSpace } from "./retrieval/search-space.ts";
import { untilClosed } from "./until-closed.ts";

/** Options of `check` and `repair`. */
export interface CheckLibraryOptions {
  readonly signal?: AbortSignal;
}

/** What a library was found to be. */
export interface LibraryCheck extends Problems {
  /** Whether nothing is wrong. */
  readonly ok: boolean;
  /** What was looked at; a store or an index of another kind has its own tools. */
  readonly parts: readonly Problem["part"][];
  /** Newest revision, as it was looked at. */
  readonly revision: number;
  readonly skills: number;
  readonly versions: number;
  /** Run records that are kept. */
  readonly runs: number;
  /** Skills in the search index. */
  readonly indexed: number;
}

/** What became of what was wrong. */
export interface LibraryRepair {
  /** What was wrong, and was made anew. */
  readonly repaired: readonly Problem[];
  /** What is wrong still: it is derived from nothing, so only a backup has it. */
  readonly left: readonly Problem[];
}

/** Changes read to tell what the index is behind with from what it has wrong. */
const CHANGES_AT_ONCE = 1000;

export async function checkLibrary(
  parts: LibraryParts,
  options: CheckLibraryOptions = {},
): Promise<LibraryCheck> {
  checkKnownOptions("check", options, ["signal"]);
  return untilClosed(parts, options.signal, (signal) => lookAt(parts, signal));
}

export async function repairLibrary(
  parts: LibraryParts,
  options: CheckLibraryOptions = {},
): Promise<LibraryRepair> {
  checkKnownOptions("repair", options, ["signal"]);
  return untilClosed(parts, options.signal, async (signal) => {
    const files = await parts.files?.repair(signal);
    const before = await lookAt(parts, signal);
    parts.cache.clear();
    const ofIndex = before.problems.filter(({ part }) => part === "index");
    if (ofIndex.length > 0) await parts.spaces.rebuild();
    // One that had to begin anew by itself is filled again.
    else await parts.spaces.current.indexer.catchUp();
    const left = ofIndex.length > 0 ? (await lookAt(parts, signal)).problems : before.problems;
    const mended = ofIndex.filter(
      ({ message }) => !left.some((other) => other.message === message),
    );
    return { repaired: [...(files?.repaired ?? []), ...mended], left };
  });
}

export async function backUp(
  parts: LibraryParts,
  path: string,
  options: BackupOptions = {},
): Promise<BackupResult> {
  checkKnownOptions("backup", options, ["force", "signal", "onProgress"]);
  checkBoolean("force", options.force);
  const { files, evidence, learning } = parts;
  if (files === undefined)
    throw new RepertoireError(
      "INVALID_INPUT",
      "This library's stores are not its own files; back them up with the tools of their database",
    );
  return untilClosed(parts, options.signal, async (signal) => {
    await evidence.flush();
    await learning.flush();
    return files.backup(path, { ...options, signal });
  });
}

async function lookAt(parts: LibraryParts, signal: AbortSignal): Promise<LibraryCheck> {
  const { files, spaces } = parts;
  const ofFiles = await files?.check(signal);
  const known = { revision: ofFiles?.revision ?? 0, current: ofFiles?.current };
  const ofCurrent = await checkSpace(parts, spaces.current, known, signal);
  const ofNext = spaces.next && (await checkSpace(parts, spaces.next, known, signal));
  const problems = [
    ...(ofFiles?.problems ?? []),
    ...(ofCurrent?.problems ?? []),
    ...(ofNext?.problems ?? []),
  ];
  return {
    ok: problems.length === 0,
    parts: [
      ...(ofFiles === undefined ? [] : (["skills", "runs"] as const)),
      ...(ofCurrent === undefined ? [] : (["index"] as const)),
    ],
    problems,
    more: (ofFiles?.more ?? 0) + (ofCurrent?.more ?? 0) + (ofNext?.more ?? 0),
    revision: known.revision,
    skills: ofFiles?.skills ?? 0,
    versions: ofFiles?.versions ?? 0,
    runs: ofFiles?.runs ?? 0,
    indexed: ofCurrent?.indexed ?? 0,
  };
}

interface Known {
  readonly revision: number;
  /** Absent where the store was not looked at. */
  readonly current: ReadonlyMap<string, string> | undefined;
}

/** An index by itself, and against the skills: it may be behind, but not otherwise different. */
async function checkSpace(
  { store }: LibraryParts,
  { index }: SearchSpace,
  { revision, current }: Known,
  signal: AbortSignal,
): Promise<(Problems & { readonly indexed: number }) | undefined> {
  const report = await index.check?.(signal);
  if (report === undefined) return undefined;
  const found = problemList("index");
  const isReadable = report.problems.length === 0;
  // One of another history, such as before a backup was restored, begins anew with the next search.
  if (isReadable && current !== undefined && (await isOfHistory(store, report))) {
    const changed = await changedSince(store, Math.min(revision, report.revision));
    await mapInTurns([...new Set([...current.keys(), ...report.current.keys()])], (id) => {
      const [wanted, indexed] = [current.get(id), report.current.get(id)];
      if (wanted === indexed || changed.has(id)) return;
      const message = `the search index has it ${inWords(indexed)}, and the library has it ${inWords(wanted)}`;
      found.add({ subject: id, message, repairable: true });
    });
  }
  const compared = found.list();
  return {
    problems: [...report.problems, ...compared.problems],
    more: report.more + compared.more,
    indexed: report.current.size,
  };
}

async function isOfHistory(
  store: LibraryParts["store"],
  { revision, mark }: IndexReport,
): Promise<boolean> {
  if (revision === 0) return true;
  const [change] = await store.changesSince(revision - 1, 1);
  return change?.revision === revision && markOf(change) === mark;
}

function inWords(state: string | undefined): string {
  if (state === undefined) return "not at all";
  const [version, status] = state.split(" ");
  return `as version ${version}, ${status}`;
}

async function changedSince(
  store: LibraryParts["store"],
  revision: number,
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (let after = revision; ;) {
    const changes = await store.changesSince(after, CHANGES_AT_ONCE);
    for (const { skillId } of changes) ids.add(skillId);
    const last = changes.at(-1);
    if (last === undefined) return ids;
    after = last.revision;
  }
}
