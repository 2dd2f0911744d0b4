/**
 * The clock that processes of one machine share: what leases between processes are timed by.
 *
 * It is the operating system's monotonic clock, which counts from the start of the machine and is
 * the same in every process. Setting the time of day, forwards or backwards, does not move it. It
 * starts anew with the machine, which is told by the boot id.
 */
import { readFileSync } from "node:fs";

export interface MachineClock {
  /** Milliseconds since the machine started; comparable between its processes. */
  nowMs(): number;
  /** Names this start of the machine; empty where the system does not tell. */
  readonly bootId: string;
}

const NS_PER_MS = 1e6;

export const machineClock: MachineClock = {
  nowMs: () => Number(process.hrtime.bigint()) / NS_PER_MS,
  bootId: readBootId(),
};

function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // Only Linux has it; elsewhere leases of before a restart are told by their times alone.
    return "";
  }
}
