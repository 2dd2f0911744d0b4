import type { Command } from "commander";
import type { JsonValue } from "../../base/json.ts";
import { LIMITS } from "../../base/limits.ts";
import type { RunPriority } from "../../index.ts";
import { atOption, readerOf } from "../options/at-option.ts";
import type { AtFlags } from "../options/at-option.ts";
import { callerOf, callerOption } from "../options/caller-option.ts";
import { declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import { runSignal } from "../context.ts";
import type { CliContext } from "../context.ts";
import { parseDuration } from "../options/duration.ts";
import { EXIT, exitCodeOfExecution } from "../failures/exit-codes.ts";
import { allowFetchOption, allowPrivateOption, fetchPolicy } from "../options/fetch-options.ts";
import type { FetchFlags } from "../options/fetch-options.ts";
import { loadTools } from "../input/load-tools.ts";
import { wholeNumber } from "../options/numbers.ts";
import { priorityOption } from "../options/priority-option.ts";
import { progressBar } from "../terminal/progress-bar.ts";
import { parseJsonOption } from "../input/read-input.ts";
import { renderMeasured } from "../render/render-capabilities.ts";
import { renderEnding, renderValue } from "../render/render-execution.ts";
import { similarSkills } from "../failures/similar-skills.ts";
import { oneLine } from "../terminal/text-width.ts";
import { UsageError } from "../failures/usage-error.ts";

interface RunFlags extends FetchFlags, AtFlags {
  readonly context?: string;
  readonly timeout?: number;
  readonly version?: number;
  readonly priority?: RunPriority;
  readonly seed?: number;
  readonly tools?: string;
  readonly caller?: string;
  readonly query?: string;
  readonly dryGrants?: boolean;
}

const MAX_SEED = 2 ** 32 - 1;

export const runCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "run <id>",
    summary: "Run a skill in the sandbox.",
    example: `run slugify --context '{"text": "Crème Brûlée"}'`,
  })
    .option("--context <json>", "JSON, @file, or - for stdin (default: {})")
    .option(
      "--timeout <duration>",
      "such as 300ms, 30s, 2m (default: the skill's own, else 30s)",
      (text) => parseDuration(text, LIMITS.maxTimeoutMs),
    )
    .option("--version <n>", "this version (default: the current one)", wholeNumber(1))
    .addOption(allowFetchOption())
    .addOption(allowPrivateOption())
    .option("--seed <n>", "seed of Math.random within the run", wholeNumber(0, MAX_SEED))
    .option("--tools <module>", "ES module whose exported functions the skill may use as tools")
    .addOption(callerOption())
    .addOption(priorityOption("normal"))
    .addOption(atOption())
    .option("--query <query>", "the search that led here; if the run succeeds, searches learn it")
    .option(
      "--dry-grants",
      "call nothing: report the smallest capabilities the skill needs, by its examples or --context",
    )
    .action((id: string, flags: RunFlags, command: Command) =>
      run(command, (context) => runSkill(context, id, flags)),
    );
};

async function runSkill(context: CliContext, id: string, flags: RunFlags): Promise<void> {
  if (flags.dryGrants === true) return measure(context, id, flags);
  const { output, json, signal } = context;
  const { timeout: timeoutMs, version, seed, query, priority } = flags;
  const given =
    flags.context === undefined ? {} : await parseJsonOption("--context", flags.context, signal);
  const tools = flags.tools === undefined ? undefined : await loadTools(flags.tools);
  const opened = await context.library({ ...defined({ tools }), ...fetchPolicy(flags) });
  const library = await readerOf(opened, flags);
  const execution = await library.execute(id, given, {
    ...defined({ timeoutMs, version, seed, query, priority, caller: callerOf(flags) }),
    signal: runSignal(context),
    ...(output.isInteractive
      ? {
          onProgress: (fraction, message = "") =>
            output.status(progressBar(fraction, oneLine(message), output.noteWidth)),
        }
      : {}),
  });
  context.exit(exitCodeOfExecution(execution));
  if (json) return output.json(execution);
  const { status, skillId } = execution;
  // A skill that it called may be what is not there.
  const similar =
    status === "not-found" && execution.version === 0 && skillId === id
      ? await similarSkills(library, id)
      : [];
  output.note(renderEnding(execution, output.paintNote));
  if (similar.length > 0) output.note(`Did you mean ${similar.join(", ")}?`);
  if (status === "ok") output.text(renderValue(execution.value ?? null));
}

/** Everything is denied, whoever asks, so `--caller` changes nothing here. */
async function measure(context: CliContext, id: string, flags: RunFlags): Promise<void> {
  const { output, json, signal } = context;
  const { timeout: timeoutMs, version } = flags;
  if (flags.tools !== undefined)
    throw new UsageError("--dry-grants calls no tools, so it takes no --tools");
  if (flags.seed !== undefined)
    throw new UsageError("--dry-grants runs as the checks of examples do, so it takes no --seed");
  if (flags.priority !== undefined)
    throw new UsageError(
      "--dry-grants runs as the checks of examples do, so it takes no --priority",
    );
  if (flags.at !== undefined)
    throw new UsageError("--dry-grants measures skills as they are, so it takes no --at");
  const contexts =
    flags.context === undefined
      ? undefined
      : [await parseJsonOption("--context", flags.context, signal)];
  const library = await context.library();
  const measured = await library.measureGrants(id, {
    ...defined({ timeoutMs, version, contexts }),
    signal,
  });
  if (measured.runs.every(({ status }) => status !== "ok")) context.exit(EXIT.skillFailed);
  if (json) return output.json(measured);
  output.note(renderMeasured(measured, output.paintNote));
  output.text(renderValue(measured.capabilities as unknown as JsonValue));
}
