/** The command line: every command, and how mistakes in it are told. */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addSharedOptions } from "./command.ts";
import type { Install, Run } from "./command.ts";
import { addCommand } from "./commands/add.ts";
import { backupCommand } from "./commands/backup.ts";
import { batchCommand } from "./commands/batch.ts";
import { claimCommand } from "./commands/claim.ts";
import { completionCommand } from "./commands/completion.ts";
import { composeCommand } from "./commands/compose.ts";
import { demoCommand } from "./commands/demo.ts";
import { diffCommand } from "./commands/diff.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { facetsCommand } from "./commands/facets.ts";
import { getCommand } from "./commands/get.ts";
import { historyCommand } from "./commands/history.ts";
import { learnedCommand } from "./commands/learned.ts";
import { listCommand } from "./commands/list.ts";
import { replayCommand } from "./commands/replay.ts";
import { removeCommand } from "./commands/remove.ts";
import { releaseCommand } from "./commands/release.ts";
import { restoreCommand } from "./commands/restore.ts";
import { rollbackCommand } from "./commands/rollback.ts";
import { runCommand } from "./commands/run.ts";
import { runsCommand } from "./commands/runs.ts";
import { searchCommand } from "./commands/search.ts";
import { statsCommand } from "./commands/stats.ts";
import { statusCommand } from "./commands/status.ts";
import { versionCommand } from "./commands/version.ts";
import type { Output } from "./terminal/output.ts";
import { printable } from "./terminal/text-width.ts";

const COMMANDS: readonly Install[] = [
  addCommand,
  getCommand,
  listCommand,
  facetsCommand,
  searchCommand,
  runCommand,
  batchCommand,
  composeCommand,
  versionCommand,
  historyCommand,
  diffCommand,
  rollbackCommand,
  statusCommand,
  removeCommand,
  claimCommand,
  releaseCommand,
  learnedCommand,
  statsCommand,
  runsCommand,
  replayCommand,
  doctorCommand,
  backupCommand,
  restoreCommand,
  demoCommand,
  completionCommand,
];

const EXIT_CODES = `
Exit codes:
  0 ok · 1 internal · 2 usage · 3 not found · 4 invalid input · 5 the skill failed
  6 version conflict or lost claim · 7 denied · 124 timeout · 130 interrupted`;

export function buildProgram(output: Output, run: Run): Command {
  const program = new Command("repertoire")
    .description("A shared, versioned, sandboxed skill library for AI agents.")
    .version(packageVersion(), "--version", "print the version")
    // Options of a command, such as `run --version`, are its own.
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError('Run "repertoire --help" for the commands.')
    .configureOutput({
      writeOut: (text) => output.text(text),
      writeErr: (text) => output.note(text.trimEnd()),
      outputError: (text, write) =>
        write(printable(text).replace(/^error:/, output.paintNote("red", "error:"))),
    })
    .addHelpText("after", EXIT_CODES);
  addSharedOptions(program);
  for (const install of COMMANDS) install(program, run);
  return program;
}

function packageVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
