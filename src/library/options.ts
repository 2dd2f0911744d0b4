import { RepertoireError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";
import { preview } from "../base/json.ts";
import { RUN_LIMIT_RANGES } from "../base/limits.ts";
import type { Limits } from "../base/limits.ts";
import type { LockDriver } from "../lock/lock-driver.ts";
import type { HardeningPart, Sandbox } from "../sandbox/sandbox.ts";
import type { Embedder } from "../search/embedder.ts";
import type { SearchIndex } from "../search/search-index.ts";
import type { RunStore } from "../store/run-store.ts";
import type { ExpectedVersion, SkillStore } from "../store/skill-store.ts";
import type { FetchPolicy } from "./execution/host-fetch/fetch-policy.ts";
import type { JournalOptions } from "./execution/journal-keeper.ts";
import type { CallerQuota } from "./execution/run-quotas.ts";

/** What a tool learns about the call it answers. */
export interface ToolCall {
  readonly runId: string;
  readonly skillId: string;
  /** Aborts when the run ends before the tool does. */
  readonly signal: AbortSignal;
  /** Time left to the run, in milliseconds. */
  readonly remainingMs: number;
}

/**
 * A function the host lends to skills by name. JSON in, JSON out. When it throws, the name, message
 * and code of its error reach the skill and the record of the run; its stack does not.
 */
export type Tool = (
  args: JsonValue,
  call: ToolCall,
) => JsonValue | undefined | Promise<JsonValue | undefined>;

/** A tool that says what it takes and gives; the library holds both sides to it. */
export interface ToolDefinition {
  readonly execute: Tool;
  /**
   * JSON Schema 2020-12 of the arguments; the tool never sees others (default: any JSON). What a skill
   * sends meets it on the host's own thread, so it must have no pattern that backtracks for long.
   */
  readonly input?: JsonObject | boolean;
  /** JSON Schema 2020-12 of the answer (default: any JSON). */
  readonly output?: JsonObject | boolean;
  /** Time one call may take; then the skill gets a `TimeoutError` (default: what is left to the run). */
  readonly timeoutMs?: number;
  /** What it does, for whoever writes skills. */
  readonly description?: string;
  /** What a call leaves behind: `pure` computes, `read` looks at something, `write` changes it. */
  readonly effect?: "read" | "write" | "pure";
}

/** What a tool says of itself. */
export interface ToolInfo extends Omit<ToolDefinition, "execute"> {
  readonly name: string;
}

/** What a run may be granted of what its skill declares. What it does not mention it leaves as it is. */
export interface GrantPolicy {
  /** Tools that skills may be granted. */
  readonly tools?: readonly string[];
  /** Skills that skills may call. */
  readonly skills?: readonly string[];
  readonly fetch?: {
    /** Origins that skills may fetch from, such as `https://api.example.com`. */
    readonly origins?: readonly string[];
  };
}

/**
 * What the host allows, beyond which no declaration reaches: by default every tool of the library
 * and every skill, and no network.
 */
export interface Policy extends Omit<GrantPolicy, "fetch"> {
  /**
   * What becomes of a draft with the content, or the code, of a skill of another id: it is added with
   * a warning, or refused with `VALIDATION_FAILED` unless that one is deprecated (default: "warn").
   */
  readonly duplicates?: "warn" | "refuse";
  /**
   * Whether a claimed skill can be written without the claim's lease: by everybody, or by nobody, who
   * then gets `LOCK_TIMEOUT` with who has it and until when (default: "advisory").
   */
  readonly claims?: "advisory" | "exclusive";
  /** What `host.fetch` may reach, and how (default: nothing). */
  readonly fetch?: FetchPolicy;
  /**
   * What holds besides for runs that name this caller. The entry `"*"` is for everyone who has none,
   * runs that name no caller included; without it they have the library's policy alone.
   */
  readonly callers?: Readonly<Record<string, GrantPolicy>>;
  /**
   * Most that runs naming this caller may use, in each process by itself. The entry `"*"` is for every
   * caller that has none of its own, each counted by itself; runs that name no caller are one
   * (default: no quotas).
   */
  readonly quotas?: Readonly<Record<string, CallerQuota>>;
}

/** How to open a library. Every driver left out is the embedded one. */
export interface LibraryOptions {
  /** Directory of the embedded library; created when absent (default: the user's data directory). */
  readonly path?: string;
  /** Where skills live (default: SQLite in `path`). */
  readonly store?: SkillStore;
  /** Where evidence of runs lives (default: SQLite in `path`). */
  readonly runs?: RunStore;
  /** The search index (default: SQLite in `path`). */
  readonly index?: SearchIndex;
  /** Turns text into vectors (default: the bundled static table); `false` searches by keyword alone. */
  readonly embedder?: Embedder | false;
  /** Locks between callers (default: SQLite in `path`; within this process alone where `store` is given). */
  readonly locks?: LockDriver;
  /** Runs untrusted code (default: QuickJS in a pool of worker threads). */
  readonly sandbox?: Sandbox | SandboxSize;
  readonly cache?: { readonly maxEntries?: number; readonly ttlMs?: number };
  /** Functions that skills may be granted, by name (default: none). */
  readonly tools?: Readonly<Record<string, Tool | ToolDefinition>>;
  readonly policy?: Policy;
  /**
   * What is kept of runs so that they can be replayed: their context, calls and answers, or of some
   * or all runs nothing (default: "full").
   */
  readonly journals?: JournalOptions;
  /**
   * Whether searches learn from the queries that led callers to run skills with success; without it
   * none are recorded, and those that were have no effect (default: true).
   */
  readonly learning?: boolean;
  readonly limits?: Partial<Limits>;
  /** `full` survives a power cut, `normal` a crash of the process (default: "full"). */
  readonly durability?: "full" | "normal";
  readonly clock?: Clock;
}

/** Size of the default sandbox. */
export interface SandboxSize {
  /** Worker threads, or processes of V8 (default: by the number of cores). */
  readonly workers?: number;
  /** Runs that may share a worker while they wait for their host (default: 4). */
  readonly slotsPerWorker?: number;
  /**
   * What runs skills: QuickJS in threads of this process; QuickJS in hardened processes; V8 in
   * processes of its own, which needs the package `isolated-vm`; or V8 for the skills that compute a
   * lot and QuickJS for all others (default: "quickjs").
   */
  readonly engine?: "quickjs" | "quickjs-process" | "v8" | "auto";
  /** Processes of `quickjs-process`, each with its own workers (default: 1). */
  readonly processes?: number;
  /** Parts of the hardening of `quickjs-process` without which nothing opens; `true` is all (default: none). */
  readonly requireHardening?: boolean | readonly HardeningPart[];
}

/** @throws {INVALID_INPUT} when `value` is given and is not a number above zero, up to `max` */
export function checkPositive(name: string, value: unknown, max: number): void {
  if (value === undefined) return;
  if (typeof value === "number" && value > 0 && value <= max) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be a number above 0 and at most ${max}, got ${preview(value)}`,
    {
      details: { option: name, max },
    },
  );
}

/** @throws {INVALID_INPUT} when `value` is given and is not a whole number from `min` to `max` */
export function checkInteger(name: string, value: unknown, min: number, max: number): void {
  if (value === undefined) return;
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be a whole number from ${min} to ${max}, got ${preview(value)}`,
    {
      details: { option: name, min, max },
    },
  );
}

/** @throws {INVALID_INPUT} when `value` is given and is not one of `allowed` */
export function checkOneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value as string)) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be one of ${allowed.join(", ")}, got ${preview(value)}`,
    {
      details: { option: name, allowed },
    },
  );
}

/** @throws {INVALID_INPUT} when `value` is given and is not a text of 1 to `maxLength` characters */
export function checkText(name: string, value: unknown, maxLength: number): void {
  if (value === undefined) return;
  if (typeof value === "string" && value !== "" && value.length <= maxLength) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be a text of 1 to ${maxLength} characters, got ${preview(value)}`,
    {
      details: { option: name, max: maxLength },
    },
  );
}

/** @throws {INVALID_INPUT} when a caller is given and is not a text of 1 to 256 characters */
export function checkCaller(caller: unknown): void {
  checkText("caller", caller, 256);
}

/** @throws {INVALID_INPUT} for a limit of a run that is not known or below the least it may be */
export function checkRunLimits(what: string, limits: unknown): void {
  if (limits === undefined) return;
  checkKnownOptions(what, limits, Object.keys(RUN_LIMIT_RANGES));
  for (const [name, { min }] of Object.entries(RUN_LIMIT_RANGES)) {
    const value = (limits as Readonly<Record<string, unknown>>)[name];
    checkInteger(`${what}.${name}`, value, min, Number.MAX_SAFE_INTEGER);
  }
}

/** @throws {INVALID_INPUT} when `value` is given and is not a list of texts, or one of them is empty */
export function checkTexts(name: string, value: unknown): void {
  if (value === undefined) return;
  const areTexts = Array.isArray(value) && value.every((item) => typeof item === "string");
  if (areTexts && !value.includes("")) return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be a list of texts${areTexts ? " that are not empty" : ""}, got ${preview(value)}`,
    {
      details: { option: name },
    },
  );
}

/** @throws {INVALID_INPUT} when `value` is given and is neither true nor false */
export function checkBoolean(name: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be true or false, got ${preview(value)}`,
    {
      details: { option: name },
    },
  );
}

/**
 * The version a writer expects, where none is given the fallback.
 *
 * @throws {INVALID_INPUT} when it is neither a whole number from 0 nor "any"
 */
export function checkExpected(expected: unknown, fallback: ExpectedVersion): ExpectedVersion {
  if (expected === undefined) return fallback;
  if (expected === "any" || (Number.isSafeInteger(expected) && (expected as number) >= 0))
    return expected as ExpectedVersion;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`expectedVersion\` to be a whole number from 0 or "any", got ${preview(expected)}`,
    {
      details: { option: "expectedVersion" },
    },
  );
}

/** @throws {INVALID_INPUT} when options are no object, or have a field that is not known */
export function checkKnownOptions(what: string, options: unknown, known: readonly string[]): void {
  // What a Map holds, or an object inherits, would be ignored, and with it what a policy forbids.
  if (!isPlainObject(options)) {
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected the options of ${what} to be an object, got ${preview(options)}`,
    );
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new RepertoireError(
        "INVALID_INPUT",
        `${what} has no option \`${key}\`; it takes ${known.join(", ")}`,
        {
          details: { option: key },
        },
      );
    }
  }
  checkHooks(what, options as Readonly<Record<string, unknown>>);
}

/** Whether it is an object literal, of whichever realm, or has no prototype. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What every call may be given to stop or watch it. */
function checkHooks(
  what: string,
  { signal, onProgress, onResult }: Readonly<Record<string, unknown>>,
): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`signal\` of ${what} to be an AbortSignal, got ${preview(signal)}`,
    );
  }
  for (const [name, hook] of Object.entries({ onProgress, onResult })) {
    if (hook !== undefined && typeof hook !== "function") {
      throw new RepertoireError(
        "INVALID_INPUT",
        `Expected \`${name}\` of ${what} to be a function, got ${preview(hook)}`,
      );
    }
  }
}

/** @throws {INVALID_INPUT} when an id is not even a text */
export function checkIsText(name: string, value: unknown): void {
  if (typeof value === "string") return;
  throw new RepertoireError(
    "INVALID_INPUT",
    `Expected \`${name}\` to be a text, got ${preview(value)}`,
  );
}
