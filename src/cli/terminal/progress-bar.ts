import { cutToWidth } from "./text-width.ts";

const CELLS = 24;

/** A bar such as `█████░░░░░ 50 % slugify`, cut to `width` columns. */
export function progressBar(fraction: number, label: string, width: number): string {
  const bounded = Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
  const filled = Math.round(bounded * CELLS);
  const percent = String(Math.round(bounded * 100)).padStart(3);
  const bar = "█".repeat(filled) + "░".repeat(CELLS - filled);
  return cutToWidth(`${bar} ${percent} % ${label}`, Math.max(1, width - 1));
}
