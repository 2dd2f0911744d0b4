import { readFileSync } from "node:fs";

/** What `/proc` counts processor time in, on every architecture there is: 1/100 s. */
const TICK_MS = 10;
/** Fields after the name of the program, which may hold anything: user and system time. */
const USER_TIME = 11;
const SYSTEM_TIME = 12;

/** Processor time a process has used, in milliseconds; `undefined` where the system does not tell. */
export function processCpuMs(pid: number | undefined): number | undefined {
  if (pid === undefined || process.platform !== "linux") return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME]);
    return Number.isFinite(ticks) ? ticks * TICK_MS : undefined;
  } catch {
    // It is gone.
    return undefined;
  }
}
