import type { Limits, RunLimits } from "../../base/limits.ts";
import {
  checkCaller,
  checkInteger,
  checkKnownOptions,
  checkOneOf,
  checkPositive,
  checkRunLimits,
  checkText,
} from "../check-options.ts";
import type { GrantPolicy } from "../options.ts";
import { checkGrantPolicy } from "./policy.ts";
import { RUN_PRIORITIES } from "./waiting-runs.ts";
import type { RunPriority } from "./waiting-runs.ts";

/** Options of one run. */
export interface ExecuteOptions {
  /** Version to run (default: the current one). */
  readonly version?: number;
  /**
   * Wall-clock time, the wait for its turn included (default: the skill's own limit, else 30,000 ms,
   * from when it begins).
   */
  readonly timeoutMs?: number;
  /** In place of the skill's own limits, up to the library's maxima; `timeoutMs` above goes before. */
  readonly limits?: Partial<RunLimits>;
  /** Who asks, 1 to 256 characters: its policy holds, and it is recorded (default: nobody is named). */
  readonly caller?: string;
  /**
   * The search query that led to this run, for searches to learn from when it succeeds (default: the
   * caller's latest search in this process, within ten minutes, that showed the skill).
   */
  readonly query?: string;
  /** Narrows what this run and those it calls may be granted (default: the policies of library and caller alone). */
  readonly policy?: GrantPolicy;
  /**
   * Who comes first where runs wait for the sandbox; waiting makes up for it, so that none starves
   * (default: "normal").
   */
  readonly priority?: RunPriority;
  /** Seed of `Math.random` within the run and the runs it calls (default: random). */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  /** Receives what the skill reports through `host.progress`: a fraction from 0 to 1. */
  readonly onProgress?: (fraction: number, message?: string) => void;
}

/** In the order they are told of. */
const OPTIONS = [
  "version",
  "timeoutMs",
  "limits",
  "caller",
  "query",
  "policy",
  "priority",
  "seed",
  "signal",
  "onProgress",
];

/** @throws {INVALID_INPUT} for an option that is wrong or unknown */
export function checkExecuteOptions(options: ExecuteOptions, limits: Limits): void {
  checkKnownOptions("execute", options, OPTIONS);
  checkPositive("timeoutMs", options.timeoutMs, limits.maxTimeoutMs);
  checkInteger("version", options.version, 1, Number.MAX_SAFE_INTEGER);
  checkInteger("seed", options.seed, 0, 2 ** 32 - 1);
  checkRunLimits("limits", options.limits);
  checkCaller(options.caller);
  checkText("query", options.query, limits.queryLength);
  checkGrantPolicy("policy", options.policy);
  checkOneOf("priority", options.priority, RUN_PRIORITIES);
}
