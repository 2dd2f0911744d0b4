/**
 * Watches a guest: its deadline always, and while it executes on the engine's thread also the
 * processor time of the process and its memory, of which the engine's own limit does not see all.
 */
import { monotonicMs } from "../run/monotonic.ts";
import { cpuTimeoutEnding, outOfMemoryEnding, stopEnding } from "../run/run-ending.ts";
import type { Ending } from "../run/run-ending.ts";
import type { SandboxLimits } from "../sandbox.ts";
import type { GuestIsolate } from "./guest-isolate.ts";

const LOOK_MS = 5;
/** Memory the process may take on top of a guest's limit, for its own heap and the engine's work. */
const MARGIN_BYTES = 192 * 1024 * 1024;

export interface GuestWatch {
  /** Guest code is executed from now on. */
  enter(): void;
  /** It has nothing left to do for now; how the run must end, if it must. */
  leave(): Ending | undefined;
  /** Processor time of the process while it executed guest code, in milliseconds. */
  cpuMs(): number;
  end(): void;
}

/**
 * @param stop is called once, when the run must end while nobody looks
 * @param still tells what the run is about when its time is over
 * @param residentBytes tells the memory of the process
 */
export function watchGuest(
  guest: GuestIsolate,
  limits: SandboxLimits,
  deadlineMs: number,
  stop: (ending: Ending) => void,
  still: () => string,
  residentBytes: () => number,
): GuestWatch {
  const firstBytes = residentBytes();
  let executing = false;
  let enteredAt = process.cpuUsage();
  let enteredMs = 0;
  let usedMs = 0;
  let timer: NodeJS.Timeout | undefined;

  function look(): Ending | undefined {
    if (guest.isDisposed) return outOfMemoryEnding(limits);
    if (monotonicMs() >= deadlineMs) return stopEnding("timeout", limits.timeoutMs, still());
    if (cpuMs() >= limits.cpuMs) return cpuTimeoutEnding(limits);
    const grownBytes = executing ? residentBytes() - firstBytes : 0;
    if (grownBytes > 2 * limits.memoryBytes + MARGIN_BYTES) return outOfMemoryEnding(limits);
    return undefined;
  }

  function sliceMs(): number {
    if (!executing) return 0;
    const { user, system } = process.cpuUsage(enteredAt);
    // The engine's helpers may keep a second processor busy; a run pays for one.
    return Math.min((user + system) / 1000, monotonicMs() - enteredMs);
  }

  function cpuMs(): number {
    return usedMs + sliceMs();
  }

  function schedule(): void {
    clearTimeout(timer);
    const delayMs = executing ? LOOK_MS : Math.max(1, Math.ceil(deadlineMs - monotonicMs()));
    timer = setTimeout(() => {
      const ending = look();
      if (ending === undefined) schedule();
      else stop(ending);
    }, delayMs);
  }

  return {
    enter() {
      executing = true;
      enteredMs = monotonicMs();
      enteredAt = process.cpuUsage();
      schedule();
    },
    leave() {
      usedMs += sliceMs();
      executing = false;
      schedule();
      return look();
    },
    cpuMs,
    end: () => clearTimeout(timer),
  };
}
