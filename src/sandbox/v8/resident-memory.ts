/** How much memory this process has, told also when it can open no file any more. */
import { openSync, readSync } from "node:fs";

/** What the kernel tells of a process; as a file it is open until the process ends. */
export const STATUS_FILE = "/proc/self/status";
const STATUS_BYTES = 4096;

/** To be called while files can be opened; returns what reads the resident set, in bytes. */
export function openResidentMemory(): () => number {
  let file: number;
  try {
    file = openSync(STATUS_FILE, "r");
  } catch {
    // Not on this system, where nothing keeps Node from asking.
    return () => process.memoryUsage.rss();
  }
  const bytes = Buffer.alloc(STATUS_BYTES);
  return () => {
    const text = bytes.toString("latin1", 0, readSync(file, bytes, 0, STATUS_BYTES, 0));
    const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(text)?.[1];
    if (kibibytes === undefined) throw new Error(`${STATUS_FILE} tells no VmRSS`);
    return 1024 * Number(kibibytes);
  };
}
