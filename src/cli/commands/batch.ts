import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { isoTime, systemClock } from "../../base/clock.ts";
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import { LIMITS } from "../../base/limits.ts";
import type { ExecuteManyItem, RunPriority } from "../../index.ts";
import type { ExecutionRecord } from "../../skill/execution.ts";
import { nearest } from "../../skill/nearest.ts";
import { statusStyle } from "../terminal/colours.ts";
import { atOption, readerOf } from "../options/at-option.ts";
import type { AtFlags } from "../options/at-option.ts";
import { callerOf, callerOption } from "../options/caller-option.ts";
import { declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import { runSignal } from "../context.ts";
import type { CliContext } from "../context.ts";
import { formatDuration, parseDuration } from "../options/duration.ts";
import { exitCodeOfExecution } from "../failures/exit-codes.ts";
import { allowFetchOption, allowPrivateOption, fetchPolicy } from "../options/fetch-options.ts";
import type { FetchFlags } from "../options/fetch-options.ts";
import { inOrder } from "../terminal/in-order.ts";
import { wholeNumber } from "../options/numbers.ts";
import { priorityOption } from "../options/priority-option.ts";
import { progressBar } from "../terminal/progress-bar.ts";
import { parseItems, readSource } from "../input/read-input.ts";
import type { Item } from "../input/read-input.ts";
import { skillAt } from "../render/skill-at.ts";
import { cutToWidth, oneLine } from "../terminal/text-width.ts";
import { totalTimeoutOption } from "../options/total-timeout-option.ts";

interface BatchFlags extends FetchFlags, AtFlags {
  readonly maxConcurrent?: number;
  readonly timeout?: number;
  readonly totalTimeout?: number;
  readonly priority?: RunPriority;
  readonly caller?: string;
}

/** A run, or an item that could not become one, with the line it stands on. */
type Result = ExecutionRecord & { readonly line?: number };

const FIELDS = ["id", "context", "version"];
const VALUE_WIDTH = 60;

export const batchCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "batch <file>",
    summary: "Run many skills at once; results are in the order of the items.",
    example: "batch items.jsonl --max-concurrent 4",
  })
    .addHelpText(
      "before",
      "The file, or - for stdin, holds JSON Lines of {id, context, version?}.\n",
    )
    .addOption(allowFetchOption())
    .addOption(allowPrivateOption())
    .option("--max-concurrent <n>", "runs in flight at once (default: 10)", wholeNumber(1, 1000))
    .option("--timeout <duration>", "of each run, such as 300ms, 30s, 2m", (text) =>
      parseDuration(text, LIMITS.maxTimeoutMs),
    )
    .addOption(totalTimeoutOption("batch"))
    .addOption(callerOption())
    .addOption(priorityOption("batch"))
    .addOption(atOption())
    .action((file: string, flags: BatchFlags, command: Command) =>
      run(command, (context) => batch(context, file, flags)),
    );
};

async function batch(context: CliContext, file: string, flags: BatchFlags): Promise<void> {
  const { output, signal } = context;
  const policy = fetchPolicy(flags);
  const items = parseItems(await readSource(file, signal));
  let ended = 0;
  const settle = inOrder<Result>((result) => report(context, result));
  const progress = (): void =>
    output.status(
      progressBar(ended / items.length, `${ended} of ${items.length}`, output.noteWidth),
    );
  const runnable: ExecuteManyItem[] = [];
  const positions: number[] = [];
  items.forEach((item, at) => {
    const checked = checkItem(item);
    if (checked instanceof RepertoireError) {
      ended += 1;
      settle(at, failedItem(item, checked));
    } else {
      runnable.push(checked);
      positions.push(at);
    }
  });
  if (runnable.length === 0) return;
  const { maxConcurrent, timeout: timeoutMs, totalTimeout: totalTimeoutMs, priority } = flags;
  const library = await readerOf(await context.library(policy), flags);
  progress();
  await library.executeMany(runnable, {
    ...defined({ maxConcurrent, timeoutMs, totalTimeoutMs, priority, caller: callerOf(flags) }),
    signal: runSignal(context),
    onResult: (execution, index) => {
      ended += 1;
      settle(positions[index] as number, execution);
      progress();
    },
  });
}

/** Fields with a slip of the pen in them would otherwise silently mean nothing. */
function checkItem(item: Item): ExecuteManyItem | RepertoireError {
  if ("error" in item) return item.error;
  const { value, file, line } = item;
  const place = line === undefined ? file : `${file}:${line}`;
  if (
    typeof value !== "object" ||
    value === null ||
    typeof (value as { id?: unknown }).id !== "string"
  )
    return invalid(`${place}: expected { id, context, version }, got ${preview(value)}`, item);
  const unknown = Object.keys(value).find((key) => !FIELDS.includes(key));
  if (unknown !== undefined) {
    const meant = nearest(unknown, FIELDS);
    const hint = meant === undefined ? `it takes ${FIELDS.join(", ")}` : `did you mean "${meant}"?`;
    return invalid(`${place}: an item has no field "${unknown}"; ${hint}`, item);
  }
  return value as unknown as ExecuteManyItem;
}

function invalid(message: string, { file, line }: Item): RepertoireError {
  return new RepertoireError("INVALID_INPUT", message, { details: defined({ file, line }) });
}

function failedItem(item: Item, { name, message, code }: RepertoireError): Result {
  const id: unknown = "value" in item ? (item.value as { id?: unknown } | null)?.id : undefined;
  return {
    runId: randomUUID(),
    skillId: typeof id === "string" ? id : "",
    version: 0,
    status: "error",
    error: { name, message, code },
    logs: [],
    logsDropped: 0,
    startedAt: isoTime(systemClock.now()),
    durationMs: 0,
    cpuMs: 0,
    hostCalls: 0,
    ...defined({ line: item.line }),
  };
}

function report({ output, json, exit }: CliContext, result: Result): void {
  exit(exitCodeOfExecution(result));
  if (json) return output.json(result);
  const { skillId, version, status, durationMs, value, error } = result;
  const outcome =
    error === undefined ? JSON.stringify(value ?? null) : `${error.name}: ${error.message}`;
  const name = skillId === "" ? "(no skill)" : skillAt({ skillId, version });
  output.text(
    `${output.paint(statusStyle(status), status)} ${name} ${output.paint("dim", formatDuration(durationMs))} ${cutToWidth(oneLine(outcome), Math.max(VALUE_WIDTH, Math.min(output.width, 200) - 40))}\n`,
  );
}
