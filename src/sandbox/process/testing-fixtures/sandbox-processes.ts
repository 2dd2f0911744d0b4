/** Finds processes as Linux lists them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Ids of the processes with this first module that `parent` started and that are there. */
export function sandboxProcessesOf(
  parent: number,
  entry = "sandbox/process/child.",
): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent && commandOf(pid).includes(entry));
}

/** Whether a process is there and not merely waiting to be reaped. */
export function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && commandOf(pid) !== "";
}

/** What the kernel says of each thread of a process, by the name of the line. */
export function threadStatuses(pid: number, line: string): readonly string[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
    return new RegExp(`^${line}:\\s*(.*)$`, "m").exec(text)?.[1] ?? "";
  });
}

function parentOf(pid: number): number {
  const status = read(`/proc/${pid}/status`);
  return Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1]);
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // It ended meanwhile.
    return "";
  }
}
