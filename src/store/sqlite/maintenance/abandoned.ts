/** What processes that were killed have left behind of files they were writing. */
import { randomUUID } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** A name for something unfinished, from which {@link removeAbandoned} sees whose it is. */
export function unfinishedName(prefix: string): string {
  return `${prefix}${process.pid}-${randomUUID().slice(0, 8)}`;
}

/** Removes what bears such a name in a directory and belongs to no process that runs. */
export function removeAbandoned(directory: string, prefix: string): void {
  for (const name of readdirSync(directory)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : 0;
    if (pid > 0 && !isRunning(pid)) rmSync(join(directory, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Of another user, it is running all the same.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
