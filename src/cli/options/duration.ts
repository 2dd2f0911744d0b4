import { InvalidArgumentError } from "commander";

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Milliseconds of a duration such as `300ms`, `30s`, `1.5m`, `1h`; a plain number is milliseconds.
 *
 * @param maxMs longest duration allowed
 */
export function parseDuration(text: string, maxMs: number = Number.MAX_SAFE_INTEGER): number {
  const [, amount, unit = "ms"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  const durationMs = Math.round(Number(amount) * (UNITS_MS[unit] ?? Number.NaN));
  if (!(durationMs > 0))
    throw new InvalidArgumentError("Expected a duration above 0, such as 300ms, 30s, 2m or 1h.");
  if (durationMs > maxMs)
    throw new InvalidArgumentError(`Expected at most ${formatDuration(maxMs)}.`);
  return durationMs;
}

/** A duration for reading, such as `0.7 ms`, `12 ms`, `1.5 s` or `2 m 5 s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 10) return `${Number(durationMs.toFixed(1))} ms`;
  if (durationMs < 999.5) return `${Math.round(durationMs)} ms`;
  if (durationMs < 59_950) return `${Number((durationMs / 1000).toFixed(1))} s`;
  const seconds = Math.round(durationMs / 1000);
  const minutes = Math.floor(seconds / 60);
  return seconds % 60 === 0 ? `${minutes} m` : `${minutes} m ${seconds % 60} s`;
}
