import { Option } from "commander";
import type { Command } from "commander";
import { RepertoireError } from "../../base/errors.ts";
import type { JsonObject } from "../../base/json.ts";
import { LIMITS } from "../../base/limits.ts";
import type {
  ComposeOptions,
  RunPriority,
  WorkflowInput,
  WorkflowRun,
  WorkflowStep,
} from "../../index.ts";
import { statusStyle } from "../terminal/colours.ts";
import { atOption, readerOf } from "../options/at-option.ts";
import type { AtFlags } from "../options/at-option.ts";
import type { ExpectedVersion } from "../../store/skill-store.ts";
import { callerOf, callerOption } from "../options/caller-option.ts";
import { claimOption, leaseOfClaim } from "../options/claim-option.ts";
import { declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import { runSignal } from "../context.ts";
import type { CliContext } from "../context.ts";
import { formatDuration, parseDuration } from "../options/duration.ts";
import { exitCodeOfStatus } from "../failures/exit-codes.ts";
import { allowFetchOption, allowPrivateOption, fetchPolicy } from "../options/fetch-options.ts";
import type { FetchFlags } from "../options/fetch-options.ts";
import { noteAdded } from "../render/note-added.ts";
import { plural } from "../terminal/plural.ts";
import { priorityOption } from "../options/priority-option.ts";
import { progressBar } from "../terminal/progress-bar.ts";
import { parseExpectedVersion } from "../options/numbers.ts";
import { parseJson, parseJsonOption, readSource } from "../input/read-input.ts";
import { renderExecutionError, renderValue } from "../render/render-execution.ts";
import { skillAt } from "../render/skill-at.ts";
import { renderTable } from "../terminal/table.ts";
import { oneLine } from "../terminal/text-width.ts";
import { totalTimeoutOption } from "../options/total-timeout-option.ts";
import { UsageError } from "../failures/usage-error.ts";

interface ComposeFlags extends FetchFlags, AtFlags {
  readonly expectedVersion?: ExpectedVersion;
  readonly context?: string;
  readonly name?: string;
  readonly timeoutPerSkill?: number;
  readonly totalTimeout?: number;
  readonly priority?: RunPriority;
  readonly onError?: "stop" | "continue";
  readonly steps?: string;
  readonly save?: string;
  readonly description?: string;
  readonly claim?: bigint;
  readonly caller?: string;
}

export const composeCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "compose [ids...]",
    summary: "Run skills one after another over a shared context, or save them as one skill.",
    example: `compose parse_csv group_rows markdown_table --context @sales.json`,
  })
    .option("--context <json>", "JSON object, @file, or - for stdin (default: {})")
    .addOption(allowFetchOption())
    .addOption(allowPrivateOption())
    .option("--name <name>", "name of the workflow (default: its skills)")
    .option("--timeout-per-skill <duration>", "of each step, such as 300ms, 30s, 2m", (text) =>
      parseDuration(text, LIMITS.maxTimeoutMs),
    )
    .addOption(totalTimeoutOption("workflow"))
    .addOption(
      new Option("--on-error <what>", "what a failing step does (default: stop)").choices([
        "stop",
        "continue",
      ]),
    )
    .option(
      "--steps <file>",
      "JSON array of steps {id, skill, context, needs, retry, …} in place of ids",
    )
    .option("--save <id>", "store the workflow as a skill of this id instead of running it")
    .option("--description <text>", "of the saved skill")
    .option(
      "--expected-version <n>",
      'version the saved skill must be at: 0 for a new one, or "any" (default: 0)',
      parseExpectedVersion,
    )
    .addOption(claimOption())
    .addOption(callerOption())
    .addOption(priorityOption("normal"))
    .addOption(atOption())
    .action((ids: readonly string[], flags: ComposeFlags, command: Command) =>
      run(command, (context) => compose(context, ids, flags)),
    );
};

async function compose(
  context: CliContext,
  ids: readonly string[],
  flags: ComposeFlags,
): Promise<void> {
  checkFlags(ids, flags);
  const steps = flags.steps === undefined ? ids : await readSteps(flags.steps, context.signal);
  if (flags.save !== undefined) return save(context, flags.save, steps, flags);
  const { name, onError, priority } = flags;
  const { timeoutPerSkill: timeoutMsPerSkill, totalTimeout: totalTimeoutMs } = flags;
  const shared =
    flags.context === undefined
      ? {}
      : await parseJsonOption("--context", flags.context, context.signal);
  const library = await readerOf(await context.library(fetchPolicy(flags)), flags);
  const result = await library.compose(steps, shared as JsonObject, {
    ...defined({
      name,
      onError,
      timeoutMsPerSkill,
      totalTimeoutMs,
      priority,
      caller: callerOf(flags),
    }),
    signal: runSignal(context),
    onProgress: progressOn(context),
  });
  context.exit(exitCodeOfStatus(result.status));
  if (context.json) context.output.json(result);
  else show(context, result);
}

function checkFlags(
  ids: readonly string[],
  { steps, save, description, context, caller, allowFetch, allowPrivate, ...flags }: ComposeFlags,
): void {
  if (ids.length === 0 && steps === undefined)
    throw new UsageError("Nothing to compose: name skills in their order, or --steps with a file");
  if (ids.length > 0 && steps !== undefined)
    throw new UsageError("Give either ids or --steps, not both");
  if (save !== undefined && description === undefined)
    throw new UsageError("--save needs --description, by which the saved skill is found");
  if (save === undefined && description !== undefined)
    throw new UsageError("--description is for --save; a workflow that is run has a --name");
  if (save === undefined && flags.expectedVersion !== undefined)
    throw new UsageError("--expected-version is for --save; running a workflow writes nothing");
  if (save === undefined && flags.claim !== undefined)
    throw new UsageError("--claim is for --save; running a workflow writes nothing");
  if (save !== undefined && flags.at !== undefined)
    throw new UsageError("--save stores the workflow in the library as it is, so it takes no --at");
  if (save !== undefined && context !== undefined)
    throw new UsageError("--save stores the workflow without running it, so it takes no --context");
  if (save !== undefined && caller !== undefined)
    throw new UsageError("--save stores the workflow without running it, so it takes no --caller");
  if (save !== undefined && flags.priority !== undefined)
    throw new UsageError(
      "--save stores the workflow without running it, so it takes no --priority",
    );
  if (save !== undefined && flags.totalTimeout !== undefined)
    throw new UsageError(
      "--save stores the workflow without running it, so it takes no --total-timeout; a saved workflow has the time of the run that runs it",
    );
  if (save !== undefined && (allowFetch !== undefined || allowPrivate !== undefined))
    throw new UsageError("--save stores the workflow without running it, so it fetches nothing");
}

async function readSteps(path: string, signal: AbortSignal): Promise<WorkflowInput> {
  const steps = parseJson(await readSource(path, signal));
  if (Array.isArray(steps)) return steps as WorkflowInput;
  throw new RepertoireError("INVALID_INPUT", `${path}: expected a JSON array of steps`, {
    details: { file: path },
  });
}

async function save(
  context: CliContext,
  id: string,
  steps: WorkflowInput,
  { name = id, description = "", timeoutPerSkill: timeoutMs, onError, ...flags }: ComposeFlags,
): Promise<void> {
  const library = await context.library();
  const defaults = defined({ timeoutMs, onError });
  const result = await library.saveWorkflow(
    {
      id,
      name,
      description,
      steps: steps.map((step): WorkflowStep =>
        typeof step === "string" ? { ...defaults, skill: step } : { ...defaults, ...step },
      ),
    },
    {
      ...defined({ expectedVersion: flags.expectedVersion }),
      ...leaseOfClaim(id, flags.claim),
      signal: context.signal,
    },
  );
  if (context.json) context.output.json(result);
  else noteAdded(context.output, result);
}

function progressOn({ output }: CliContext): NonNullable<ComposeOptions["onProgress"]> {
  return ({ step, event, completedSteps, totalSteps }) => {
    if (event === "started")
      output.status(progressBar(completedSteps / totalSteps, oneLine(step), output.noteWidth));
  };
}

function show(
  { output }: CliContext,
  { name, status, steps, completedSteps, totalSteps, durationMs, context }: WorkflowRun,
): void {
  const paint = output.paintNote;
  const table = renderTable(
    [
      { title: "STEP", value: ({ id }) => id },
      {
        title: "SKILL",
        value: skillAt,
        style: () => "cyan",
      },
      { title: "STATUS", value: (step) => step.status, style: (step) => statusStyle(step.status) },
      { title: "TIME", value: (step) => formatDuration(step.durationMs), align: "right" },
    ],
    steps,
    { width: output.noteWidth, paint },
  );
  output.note(table.trimEnd());
  for (const { error } of steps)
    if (error !== undefined) output.note(renderExecutionError(error, paint));
  output.note(
    `${paint(statusStyle(status), status)} ${oneLine(name)}: ${completedSteps} of ${plural(totalSteps, "step")} in ${formatDuration(durationMs)}`,
  );
  if (status === "ok") output.text(renderValue(context["prev_result"] ?? null));
}
