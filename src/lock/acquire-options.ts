/** What every lock checks about what it is asked for. */
import { RepertoireError } from "../base/errors.ts";
import { preview } from "../base/json.ts";
import type { AcquireOptions, LockMode } from "./lock-driver.ts";

const MAX_KEY_LENGTH = 512;
const DEFAULT_TTL_MS = 30_000;
const DEFAULT_WAIT_MS = 10_000;
const MAX_BY_LENGTH = 256;
const MAX_NOTE_LENGTH = 1024;

/** Timers take 32 bits; a longer time would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Tokens are kept as 64-bit integers. */
const MAX_TOKEN = 2n ** 63n - 1n;

const OPTIONS: readonly string[] = ["mode", "ttlMs", "waitMs", "by", "note", "signal"];

/** {@link AcquireOptions} checked and with every default filled in. */
export interface ResolvedAcquireOptions {
  readonly mode: LockMode;
  readonly ttlMs: number;
  readonly waitMs: number;
  readonly by: string;
  readonly note: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** @throws {INVALID_INPUT} naming the first thing that is wrong, and its value */
export function resolveAcquireOptions(
  key: string,
  options: AcquireOptions = {},
): ResolvedAcquireOptions {
  checkOptions(options);
  const { mode = "write", ttlMs = DEFAULT_TTL_MS, waitMs = DEFAULT_WAIT_MS, signal } = options;
  const { by = `process ${process.pid}`, note } = options;
  checkKey(key);
  checkMode(mode);
  checkTtl(ttlMs);
  checkWait(waitMs);
  checkWords("by", by, MAX_BY_LENGTH);
  if (note !== undefined) checkWords("note", note, MAX_NOTE_LENGTH);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalid("signal", "an AbortSignal", preview(signal));
  return { mode, ttlMs, waitMs, by, note, signal };
}

/** A mode given in place of the options, or a time by another name, would be left out unnoticed. */
function checkOptions(options: unknown): void {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw invalid("options", `an object of ${OPTIONS.join(", ")}`, preview(options));
  const unknown = Object.keys(options).find((option) => !OPTIONS.includes(option));
  if (unknown === undefined) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `acquire has no option ${preview(unknown)}; it takes ${OPTIONS.join(", ")}`,
    { details: { option: unknown } },
  );
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

/** @throws {INVALID_INPUT} */
export function checkTtl(ttlMs: number): void {
  if (isTime(ttlMs) && ttlMs > 0) return;
  throw invalid("ttlMs", `a positive number up to ${MAX_TIMER_MS}`, preview(ttlMs));
}

/** @throws {INVALID_INPUT} */
export function checkKey(key: string): void {
  const wanted = `a string of 1 to ${MAX_KEY_LENGTH} characters`;
  if (typeof key !== "string") throw invalid("key", wanted, preview(key));
  if (key === "") throw invalid("key", wanted, "an empty one");
  if (key.length > MAX_KEY_LENGTH) {
    throw invalid("key", wanted, `one of ${key.length} characters`);
  }
  // As UTF-8, two such keys could become the same.
  if (!key.isWellFormed()) throw invalid("key", wanted, "one with a lone surrogate");
}

/** @throws {INVALID_INPUT} */
export function checkToken(token: bigint): void {
  if (typeof token === "bigint" && token > 0n && token <= MAX_TOKEN) return;
  throw invalid("token", "a bigint above 0, of 63 bits", preview(token));
}

/** @throws {INVALID_INPUT} */
export function checkPrefix(prefix: string): void {
  if (typeof prefix === "string") return;
  throw invalid("prefix", 'a string ("" for all locks)', preview(prefix));
}

function checkWords(option: string, text: string, maxLength: number): void {
  if (typeof text === "string" && text !== "" && text.length <= maxLength) return;
  throw invalid(option, `a text of 1 to ${maxLength} characters`, preview(text));
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
