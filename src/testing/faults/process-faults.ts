/** Faults of a whole process: it dies at once, or stops for a while without knowing. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { historyNow } from "../history/history-file.ts";

/** A time in which a process did nothing, on the clock of histories. */
export interface Pause {
  readonly from: number;
  readonly until: number;
}

export interface ProcessFaults {
  /** `SIGKILL`: nothing is finished, flushed or released. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** `SIGSTOP`, and `SIGCONT` after so long. Resolves to when that was, also if it dies meanwhile. */
  pause(forMs: number): Promise<Pause>;
  readonly isAlive: boolean;
}

export function processFaults(child: ChildProcess): ProcessFaults {
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    get isAlive() {
      return isAlive();
    },
    async kill() {
      if (!isAlive()) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
    async pause(forMs) {
      const from = historyNow();
      if (isAlive()) {
        child.kill("SIGSTOP");
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          timer = setTimeout(resolve, forMs);
          child.once("exit", () => resolve());
        });
        clearTimeout(timer);
        child.kill("SIGCONT");
      }
      return { from, until: historyNow() };
    },
  };
}
