/** The only source of time; tests inject their own. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds on a clock that never goes backwards, for measuring durations. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** The instant as an ISO-8601 UTC string. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
