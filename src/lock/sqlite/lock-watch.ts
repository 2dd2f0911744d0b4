/**
 * Notices what other processes do to the locks. SQLite tells nobody, but the number that changes
 * with every commit costs two microseconds to read: often while somebody waits, less often the
 * longer nothing happens, and now and then while something is held, in case it is taken back.
 *
 * Who is next also asks the system to tell of writes to the log of the file, which is sooner than
 * the next look. It need not: not every file system can, and nothing depends on it. Those behind
 * look less often the more are before them, so that a long line does not wake as a whole each time.
 */
import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";

/** Pauses of whoever is next, by how long nothing has changed. */
const PAUSES = [
  { quietMs: 50, pauseMs: 1 },
  { quietMs: 1_000, pauseMs: 3 },
] as const;
const LONGEST_PAUSE_MS = 10;
const HOLDING_PAUSE_MS = 200;

export interface WatchedLocks {
  /** The database file. */
  readonly path: string;
  /** Changes when another process has committed. */
  readonly dataVersion: () => number;
  /** How many others come before whoever waits here; none when nobody does. */
  readonly place: () => number | undefined;
  readonly isHolding: () => boolean;
  /** Called after each pause. */
  readonly look: (hasChanged: boolean) => void;
}

export interface LockWatch {
  /** To be called when somebody begins to wait or to hold. */
  wake(): void;
  stop(): void;
}

export function lockWatch(watched: WatchedLocks): LockWatch {
  const { path, dataVersion, place, isHolding, look } = watched;
  let writes: FSWatcher | undefined;
  let canWatch = true;
  let timer: NodeJS.Timeout | undefined;
  let isFast = false;
  let quietSinceMs = performance.now();
  let seen = Number.NaN;

  function hasChanged(): boolean {
    try {
      const version = dataVersion();
      if (version === seen) return false;
      seen = version;
    } catch {
      // A busy file; a broken one is told by whoever uses it next.
    }
    return true;
  }

  function tick(): void {
    timer = undefined;
    const changed = hasChanged();
    if (changed) quietSinceMs = performance.now();
    look(changed);
    schedule();
  }

  function watchWrites(): void {
    if (!canWatch || writes !== undefined) return;
    try {
      writes = watch(`${path}-wal`, { persistent: false }, () => {
        if (place() !== undefined && hasChanged()) {
          quietSinceMs = performance.now();
          look(true);
        }
      });
      writes.on("error", unwatchable);
    } catch {
      unwatchable();
    }
  }

  /** Then what is looked at every now and then has to do. */
  function unwatchable(): void {
    canWatch = false;
    unwatch();
  }

  function unwatch(): void {
    writes?.close();
    writes = undefined;
  }

  function schedule(): void {
    if (timer !== undefined) return;
    const before = place();
    if (before === 0) watchWrites();
    else unwatch();
    isFast = before !== undefined;
    if (!isFast && !isHolding()) return;
    timer = setTimeout(tick, before === undefined ? HOLDING_PAUSE_MS : waitingPauseMs(before));
    // Who waits must be served before the process ends; who holds may end with it.
    if (!isFast) timer.unref();
  }

  function waitingPauseMs(before: number): number {
    const quietMs = performance.now() - quietSinceMs;
    const pause = PAUSES.find((each) => quietMs < each.quietMs);
    return Math.min(LONGEST_PAUSE_MS, (pause?.pauseMs ?? LONGEST_PAUSE_MS) + before);
  }

  function stop(): void {
    clearTimeout(timer);
    timer = undefined;
    unwatch();
  }

  return {
    wake() {
      if (place() !== undefined) {
        quietSinceMs = performance.now();
        if (!isFast) {
          clearTimeout(timer);
          timer = undefined;
        }
      }
      schedule();
    },
    stop,
  };
}
