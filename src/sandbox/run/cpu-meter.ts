/**
 * The processor time of one run, counted in the slices it executes in. Between its slices it may
 * wait for its host or for its neighbours; neither is its own.
 *
 * A slice counts for as long as it lasted, but never for more than its thread was really given:
 * on a machine with more work than processors a thread spends much of a slice waiting for one.
 */

/** Since Node 23.9; without it a slice counts for as long as it lasted. */
const { threadCpuUsage } = process as {
  readonly threadCpuUsage?: () => { readonly user: number; readonly system: number };
};

/** Systems tell a thread's processor time in steps of some milliseconds: too coarse for short slices. */
const COARSE_MS = 10;

export interface CpuMeter {
  begin(nowMs: number): void;
  end(nowMs: number): void;
  /** Processor time until now. */
  usedMs(nowMs: number): number;
  /** Whether the budget is used up; costs little until it may be. */
  isSpent(nowMs: number): boolean;
  /** Whether it would be, had its thread had a processor all the time. */
  mayBeSpent(nowMs: number): boolean;
}

export function createCpuMeter(budgetMs: number): CpuMeter {
  /** Of the slices that ended. */
  let endedMs = 0;
  let highestMs = 0;
  let slice: { readonly begunMs: number; readonly threadBegunMs: number } | undefined;

  function usedMs(nowMs: number): number {
    if (slice === undefined) return endedMs;
    const lastedMs = nowMs - slice.begunMs;
    const isMeasured = threadCpuUsage !== undefined && lastedMs >= COARSE_MS;
    const ownMs = isMeasured ? Math.min(lastedMs, threadCpuMs() - slice.threadBegunMs) : lastedMs;
    // What was told once is not taken back, however coarse it was.
    highestMs = Math.max(highestMs, endedMs + ownMs);
    return highestMs;
  }

  function mayBeSpent(nowMs: number): boolean {
    return endedMs + (slice === undefined ? 0 : nowMs - slice.begunMs) >= budgetMs;
  }

  return {
    begin(nowMs) {
      slice = { begunMs: nowMs, threadBegunMs: threadCpuMs() };
    },
    end(nowMs) {
      endedMs = usedMs(nowMs);
      slice = undefined;
    },
    usedMs,
    mayBeSpent,
    isSpent: (nowMs) => mayBeSpent(nowMs) && usedMs(nowMs) >= budgetMs,
  };
}

function threadCpuMs(): number {
  if (threadCpuUsage === undefined) return 0;
  const { user, system } = threadCpuUsage();
  return (user + system) / 1000;
}
