import type { Clock } from "../base/clock.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";
import type { Limits } from "../base/limits.ts";
import type { LockDriver } from "../lock/lock-driver.ts";
import type { HardeningPart, Sandbox } from "../sandbox/sandbox.ts";
import type { Embedder } from "../search/embedder.ts";
import type { SearchIndex } from "../search/search-index.ts";
import type { RunStore } from "../store/run-store.ts";
import type { SkillStore } from "../store/skill-store.ts";
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
