import type { Command } from "commander";
import type { Divergence, Replay } from "../../index.ts";
import type { Paint } from "../terminal/colours.ts";
import { declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import { runSignal } from "../context.ts";
import type { CliContext } from "../context.ts";
import { EXIT } from "../failures/exit-codes.ts";
import { wholeNumber } from "../options/numbers.ts";
import { renderEnding } from "../render/render-execution.ts";
import { skillAt } from "../render/skill-at.ts";
import { indented } from "../terminal/text-width.ts";

interface ReplayFlags {
  readonly version?: number;
}

export const replayCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "replay <runId>",
    summary: "Repeat a recorded run from its journal; no tool, skill or network is asked.",
    example: "replay 5d5f2c0e-6a3b-4b0e-9d0f-2f6f0a1f3c11 --version 4",
  })
    .option("--version <n>", "give this version what the recorded one was given", wholeNumber(1))
    .addHelpText(
      "after",
      "\nExits with 0 when the replay is identical to the run, however that ended, and with 5 when it\ndiffers.",
    )
    .action((runId: string, flags: ReplayFlags, command: Command) =>
      run(command, (context) => replay(context, runId, flags)),
    );
};

async function replay(context: CliContext, runId: string, flags: ReplayFlags): Promise<void> {
  const { output, json } = context;
  const { version } = flags;
  const library = await context.library();
  const options = { ...defined({ version }), signal: runSignal(context) };
  const replayed = await library.replay(runId, options);
  context.exit(replayed.identical ? EXIT.ok : EXIT.skillFailed);
  if (json) return output.json(replayed);
  output.note(renderEnding(replayed.execution, output.paintNote));
  output.text(renderVerdict(replayed, output.paint));
}

function renderVerdict({ recorded, divergence }: Replay, paint: Paint): string {
  const run = `run ${recorded.runId} of ${skillAt(recorded)}`;
  if (divergence === undefined) return `${paint("green", "✓")} identical to ${run}\n`;
  const { expected, actual } = divergence;
  return [
    `${paint("red", "✗")} differs from ${run} in ${placeOf(divergence)}`,
    paint("red", `- ${indented(expected)}`),
    paint("green", `+ ${indented(actual)}`),
    "",
  ].join("\n");
}

function placeOf({ what, callId }: Divergence): string {
  const place = PLACES[what];
  return callId === undefined ? place : `${place} ${callId}`;
}

const PLACES: Readonly<Record<Divergence["what"], string>> = {
  call: "call",
  "missing-call": "the missing call",
  "unrecorded-call": "the additional call",
  status: "how it ended",
  value: "its value",
  error: "its error",
  logs: "its logs",
};
