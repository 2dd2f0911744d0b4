/** Many runs at once: bounded concurrency, results in order, and one bad item never spoils the rest. */
import { cancelledError } from "../../base/abort.ts";
import { isoTime } from "../../base/clock.ts";
import type { Clock } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { JsonValue } from "../../base/json.ts";
import type { Limits } from "../../base/limits.ts";
import type { Execution } from "../../skill/execution.ts";
import { asRepertoireError, checkItems, idOf } from "../batch-items.ts";
import { mapBounded } from "../bounded.ts";
import {
  checkCaller,
  checkInteger,
  checkKnownOptions,
  checkOneOf,
  checkPositive,
} from "../check-options.ts";
import type { Executor } from "./executor.ts";
import { executionOfError } from "./failed-executions.ts";
import { RUN_PRIORITIES } from "./waiting-runs.ts";
import type { RunPriority } from "./waiting-runs.ts";
import { MAX_TOTAL_MS, runScope } from "./run-turn.ts";
import type { RunScope } from "./run-turn.ts";

export interface ExecuteManyItem {
  readonly id: string;
  readonly context?: JsonValue;
  /** Version to run (default: the current one). */
  readonly version?: number;
}

export interface ExecuteManyOptions {
  /** Wall-clock time of each run, from when it begins (default: the skill's own limit, else 30,000 ms). */
  readonly timeoutMs?: number;
  /**
   * Wall-clock time of the whole batch; runs in flight and those not yet started then end as `timeout`
   * (default: none).
   */
  readonly totalTimeoutMs?: number;
  /** As for `execute` (default: "batch"). */
  readonly priority?: RunPriority;
  /** Who asks, as for `execute`. */
  readonly caller?: string;
  /** Runs in flight at once (default: 10). */
  readonly maxConcurrent?: number;
  /** Stops the whole batch: runs in flight and those not yet started end as `cancelled`. */
  readonly signal?: AbortSignal;
  /** Receives each run as it ends, in no order. */
  readonly onResult?: (execution: Execution, index: number) => void;
}

export interface ExecuteManyParts {
  readonly executor: Executor;
  readonly limits: Limits;
  readonly clock: Clock;
}

export async function executeMany(
  parts: ExecuteManyParts,
  items: readonly ExecuteManyItem[],
  options: ExecuteManyOptions = {},
): Promise<readonly Execution[]> {
  checkKnownOptions("executeMany", options, [
    "timeoutMs",
    "totalTimeoutMs",
    "priority",
    "caller",
    "maxConcurrent",
    "signal",
    "onResult",
  ]);
  checkCaller(options.caller);
  checkPositive("totalTimeoutMs", options.totalTimeoutMs, MAX_TOTAL_MS);
  checkOneOf("priority", options.priority, RUN_PRIORITIES);
  checkInteger("maxConcurrent", options.maxConcurrent, 1, 1000);
  checkPositive("timeoutMs", options.timeoutMs, parts.limits.maxTimeoutMs);
  checkItems("items", items, parts.limits.batchItems);
  const { onResult, maxConcurrent = parts.limits.maxConcurrent } = options;
  using reservation = parts.executor.reserve(Math.min(maxConcurrent, items.length));
  const scope = runScope(reservation, options.totalTimeoutMs, parts.clock);
  return await mapBounded(items, maxConcurrent, async (item, index) => {
    const execution = await executeItem(parts, item, options, scope);
    onResult?.(execution, index);
    return execution;
  });
}

async function executeItem(
  parts: ExecuteManyParts,
  item: ExecuteManyItem,
  { timeoutMs, caller, signal, priority = "batch" }: ExecuteManyOptions,
  scope: RunScope,
): Promise<Execution> {
  const id = idOf(item) ?? preview(item);
  try {
    if (signal?.aborted) throw cancelledError(signal, "The batch");
    if (idOf(item) === undefined)
      throw new RepertoireError(
        "INVALID_INPUT",
        `Expected a batch item to be { id, context, version }, got ${preview(item)}`,
      );
    checkKnownOptions("A batch item", item, ["id", "context", "version"]);
    const options = {
      priority,
      ...(item.version === undefined ? {} : { version: item.version }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(caller === undefined ? {} : { caller }),
      ...(signal === undefined ? {} : { signal }),
    };
    return await parts.executor.execute(item.id, item.context, options, scope);
  } catch (error) {
    const known = asRepertoireError(error);
    if (!ITEM_ERRORS.has(known.code)) throw error;
    return executionOfError(id, known, isoTime(parts.clock.now()));
  }
}

/** What may be wrong with one item; anything else is wrong with the library, and stops the batch. */
const ITEM_ERRORS: ReadonlySet<string> = new Set([
  "NOT_EXECUTABLE",
  "INVALID_INPUT",
  "LIMIT_EXCEEDED",
  "CANCELLED",
]);
