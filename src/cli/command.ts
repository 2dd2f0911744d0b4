/** How every command is declared: a summary, an example, and the options all of them share. */
import { Option } from "commander";
import type { Command } from "commander";
import type { CliContext } from "./context.ts";

/** Runs the work of a command with a context made from its options. */
export type Run = (command: Command, work: (context: CliContext) => Promise<void>) => Promise<void>;

/** Adds a command to the program. */
export type Install = (program: Command, run: Run) => void;

export interface CommandText {
  /** Name and arguments, as commander takes them. */
  readonly usage: string;
  readonly summary: string;
  /** What a user would type after `repertoire`. */
  readonly example: string;
}

export function declareCommand(
  program: Command,
  { usage, summary, example }: CommandText,
): Command {
  const command = program.command(usage).description(summary);
  addSharedOptions(command);
  return command
    .showHelpAfterError(`Run "repertoire ${command.name()} --help" for its usage.`)
    .addHelpText("after", `\nExample:\n  $ repertoire ${example}`);
}

export function addSharedOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--library <dir>",
        "directory of the library (default: $REPERTOIRE_LIBRARY, else the user's data directory)",
      ),
    )
    .option("--json", "print JSON for programs");
}

/** Collects an option that may be given several times. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

/** An object without its undefined members, for options that must be absent rather than undefined. */
export function defined<T extends object>(
  object: T,
): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  ) as never;
}
