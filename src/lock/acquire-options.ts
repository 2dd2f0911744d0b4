/** What every lock checks about what it is asked for. */
import { RepertoireError } from "../base/errors.ts";
import { preview } from "../base/json.ts";
import type { AcquireOptions, LockMode } from "./lock-driver.ts";

const MAX_KEY_LENGTH = 512;
const DEFAULT_TTL_MS = 30_000;
const DEFAULT_WAIT_MS = 10_000;

/** Timers take 32 bits; a longer time would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** {@link AcquireOptions} checked and with every default filled in. */
export interface ResolvedAcquireOptions {
  readonly mode: LockMode;
  readonly ttlMs: number;
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws {INVALID_INPUT} naming the first thing that is wrong, and its value */
export function resolveAcquireOptions(
  key: string,
  options: AcquireOptions = {},
): ResolvedAcquireOptions {
  const { mode = "write", ttlMs = DEFAULT_TTL_MS, waitMs = DEFAULT_WAIT_MS, signal } = options;
  checkKey(key);
  checkMode(mode);
  checkTtl(ttlMs);
  checkWait(waitMs);
  return { mode, ttlMs, waitMs, signal };
}

/** @throws {INVALID_INPUT} */
export function checkMode(mode: LockMode): void {
  if (mode === "read" || mode === "write") return;
  throw invalid("mode", '"read" or "write"', preview(mode));
}

/** @throws {INVALID_INPUT} */
export function checkWait(waitMs: number): void {
  if (isTime(waitMs) && waitMs >= 0) return;
  throw invalid("waitMs", `a number from 0 to ${MAX_TIMER_MS}`, preview(waitMs));
}

function checkTtl(ttlMs: number): void {
  if (isTime(ttlMs) && ttlMs > 0) return;
  throw invalid("ttlMs", `a positive number up to ${MAX_TIMER_MS}`, preview(ttlMs));
}

function checkKey(key: string): void {
  const wanted = `a string of 1 to ${MAX_KEY_LENGTH} characters`;
  if (typeof key !== "string") throw invalid("key", wanted, preview(key));
  if (key === "") throw invalid("key", wanted, "an empty one");
  if (key.length > MAX_KEY_LENGTH) {
    throw invalid("key", wanted, `one of ${key.length} characters`);
  }
}

function isTime(value: unknown): boolean {
  return typeof value === "number" && value <= MAX_TIMER_MS;
}

function invalid(option: string, wanted: string, found: string): RepertoireError {
  return new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${option}\` to be ${wanted}, got ${found}`,
    {
      details: { option },
    },
  );
}
