/**
 * Starts a child process that inherits nothing but three pipes. A file descriptor that this process was started with,
 * such as the lock of a shell or the socket of a supervisor, is handed on to every child, and what is
 * open already is beyond permissions and filters. Each of them is covered with /dev/null.
 */
import { spawn } from "node:child_process";
import type { ChildProcess, ChildProcessByStdio } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";

const CLOSE_ON_EXEC = 0o2000000;
/** Standard input, output and error of a child, which speak to its parent. */
const PIPES = ["pipe", "pipe", "pipe"] as const;
/** Each descriptor up to the highest costs one in the child. */
const MAX_DESCRIPTOR = 1024;

export type SpawnedChild = ChildProcessByStdio<Writable, Readable, Readable>;

/** Starts `file` with this environment and no other, in the directory `cwd`. */
export function spawnChild(
  file: string,
  args: readonly string[],
  { env, cwd }: { readonly env: NodeJS.ProcessEnv; readonly cwd: string },
): SpawnedChild {
  const inherited = inheritable();
  const nothing = inherited.length === 0 ? undefined : openSync("/dev/null", "r");
  try {
    const stdio = [...PIPES, ...covers(inherited, nothing)];
    const child: ChildProcess = spawn(file, [...args], { env, cwd, stdio, windowsHide: true });
    // The first three are pipes, so their streams are there.
    return child as SpawnedChild;
  } finally {
    if (nothing !== undefined) closeSync(nothing);
  }
}

/** What stands at each descriptor from the fourth on; `ignore` would leave there what is inherited. */
function covers(inherited: readonly number[], nothing: number | undefined): (number | undefined)[] {
  const highest = Math.min(MAX_DESCRIPTOR, Math.max(PIPES.length - 1, ...inherited));
  return Array.from({ length: highest - PIPES.length + 1 }, () => nothing);
}

/** Descriptors that a child would be given as they are; none where that can not be known. */
function inheritable(): readonly number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc/self/fd")
    .map(Number)
    .filter((descriptor) => descriptor >= PIPES.length && !closesOnExec(descriptor));
}

function closesOnExec(descriptor: number): boolean {
  try {
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8"));
    return (Number.parseInt(flags?.[1] ?? "0", 8) & CLOSE_ON_EXEC) !== 0;
  } catch {
    // It is the one the directory was read through, and is closed by now.
    return true;
  }
}
