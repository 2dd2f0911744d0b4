/**
 * Entry of what becomes a sandbox process: a plain Node that restricts itself and then executes the
 * real one in its place. Restrictions made here hold for every thread of that one, because it has
 * none yet, and its event loops find no io_uring, through which calls could pass a filter.
 *
 * What can not be had is told to the process it becomes; it finds out by itself what holds.
 */
import { restrictFiles, restrictPrivileges, restrictSystemCalls } from "./restrict.ts";
import type { FileAccess } from "./restrict.ts";
import { loadSystemCalls } from "./system-calls.ts";
import type { ForeignInterface, SystemCalls } from "./system-calls.ts";

/** The launcher's one argument, as JSON. */
export interface LaunchOrder {
  readonly through: ForeignInterface;
  readonly access: FileAccess;
  /** Arguments of the process, whose last is its setup as JSON. */
  readonly args: readonly string[];
}

const { through, access, args } = JSON.parse(process.argv[2] ?? "") as LaunchOrder;
const failures: string[] = [];

function attempt(what: string, restrict: (system: SystemCalls) => void): void {
  try {
    restrict(loadSystemCalls(through));
  } catch (error) {
    failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

attempt("privileges", restrictPrivileges);
attempt("landlock", (system) => restrictFiles(system, access));
attempt("seccomp", (system) => restrictSystemCalls(system, "first"));

const setup = JSON.parse(args.at(-1) ?? "{}") as Readonly<Record<string, unknown>>;
const told = JSON.stringify({ ...setup, launcherFailures: failures });
process.execve?.(process.execPath, [process.execPath, ...args.slice(0, -1), told], {});
