import type { Clock } from "../../base/clock.ts";

/** When everything is written that these tests write. */
export const AT = "2026-01-02T03:04:05.678Z";
export const CLOCK: Clock = { now: () => Date.parse(AT), monotonicMs: () => performance.now() };
