/**
 * Notices what other processes do to the locks. SQLite tells nobody, but the number that changes
 * with every commit costs two microseconds to read: often while somebody waits, less often the
 * longer nothing happens, and now and then while something is held, in case it is taken back.
 */

/** Pauses while somebody waits, by how long nothing has changed. */
const PAUSES = [
  { quietMs: 50, pauseMs: 1 },
  { quietMs: 1_000, pauseMs: 3 },
  { quietMs: Number.POSITIVE_INFINITY, pauseMs: 10 },
] as const;
const HOLDING_PAUSE_MS = 200;

export interface WatchedLocks {
  /** Changes when another process has committed. */
  readonly dataVersion: () => number;
  readonly isWaiting: () => boolean;
  readonly isHolding: () => boolean;
  /** Called after each pause. */
  readonly look: (hasChanged: boolean) => void;
}

export interface LockWatch {
  /** To be called when somebody begins to wait or to hold. */
  wake(): void;
  stop(): void;
}

export function lockWatch({ dataVersion, isWaiting, isHolding, look }: WatchedLocks): LockWatch {
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

  function schedule(): void {
    if (timer !== undefined) return;
    isFast = isWaiting();
    if (!isFast && !isHolding()) return;
    timer = setTimeout(tick, isFast ? waitingPauseMs() : HOLDING_PAUSE_MS);
    // Who waits must be served before the process ends; who holds may end with it.
    if (!isFast) timer.unref();
  }

  function waitingPauseMs(): number {
    const quietMs = performance.now() - quietSinceMs;
    return PAUSES.find((each) => quietMs < each.quietMs)?.pauseMs ?? 1;
  }

  function stop(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  return {
    wake() {
      if (isWaiting()) {
        quietSinceMs = performance.now();
        if (!isFast) stop();
      }
      schedule();
    },
    stop,
  };
}
