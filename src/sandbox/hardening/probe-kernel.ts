/** Tries system calls that must be refused, in ways that do nothing where they are not. */
import { nativeBytes, nativeText } from "./system-calls.ts";
import type { SystemCalls } from "./system-calls.ts";

const EPERM = 1;
const EACCES = 13;

const AT_FDCWD = -100;
const O_DIRECTORY = { x64: 0o200000, arm64: 0o40000 } as const;
const O_CLOEXEC = 0o2000000;
const AF_UNIX = 1;
const AF_INET = 2;
const SOCK_STREAM = 1;
/** Without the memory that must go with it, the kernel refuses this as senseless: no process begins. */
const CLONE_SIGHAND = 0x800;

/** Whether Landlock refuses what is outside; to be asked before a filter refuses all files. */
export function probeLandlock(system: SystemCalls): boolean {
  return openRoot(system) === -EACCES;
}

/** Names of the calls that the filter should refuse and does not. */
export function probeKernel(system: SystemCalls): readonly string[] {
  // Neither this path nor these lists are there, so nothing can be executed.
  const path = nativeText("/nonexistent");
  const list = nativeBytes(8);
  const tried: Readonly<Record<string, number>> = {
    openat: openRoot(system),
    execve: system.call("execve", path, list, list),
    "clone of a process": system.call("clone", CLONE_SIGHAND, 0, 0, 0, 0),
    "socket of the network": closed(system, system.call("socket", AF_INET, SOCK_STREAM, 0)),
    "socket of the machine": closed(system, system.call("socket", AF_UNIX, SOCK_STREAM, 0)),
    ptrace: system.call("ptrace", -1, 0, 0, 0),
    kill: system.call("kill", process.pid, 0),
  };
  return Object.entries(tried)
    .filter(([, result]) => result !== -EPERM)
    .map(([name]) => name);
}

function openRoot(system: SystemCalls): number {
  const flags = O_DIRECTORY[system.architecture] | O_CLOEXEC;
  return closed(system, system.call("openat", AT_FDCWD, nativeText("/"), flags, 0));
}

function closed(system: SystemCalls, file: number): number {
  if (file >= 0) system.call("close", file);
  return file;
}
