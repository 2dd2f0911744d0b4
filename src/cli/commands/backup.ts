import type { Command } from "commander";
import type { BackupResult } from "../../index.ts";
import { declareCommand } from "../command.ts";
import type { Install } from "../command.ts";
import { plural } from "../terminal/plural.ts";
import { progressBar } from "../terminal/progress-bar.ts";
import { oneLine } from "../terminal/text-width.ts";

interface BackupFlags {
  readonly force?: boolean;
}

export const backupCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "backup <path>",
    summary:
      "Copy the library to a directory, .tar or .tar.gz, also while others write to it, and check the copy.",
    example: "backup skills-today.tar.gz",
  })
    .option("--force", "replace a backup that is there")
    .action((path: string, { force = false }: BackupFlags, command: Command) =>
      run(command, async ({ library, output, json, signal }) => {
        const result = await (
          await library()
        ).backup(path, {
          force,
          signal,
          onProgress: ({ phase, fraction }) =>
            output.status(progressBar(fraction, phase, output.noteWidth)),
        });
        if (json) output.json(result);
        else
          output.text(
            `${output.paint("green", "✓")} backed up ${contentText(result)} to ${oneLine(result.path)}\n`,
          );
      }),
    );
};

/** What a backup holds, in words. */
export function contentText(
  content: Pick<BackupResult, "skills" | "versions" | "runs" | "revision">,
): string {
  const { skills, versions, runs, revision } = content;
  return `${plural(skills, "skill")}, ${plural(versions, "version")} and ${plural(runs, "run")} as of revision ${revision}`;
}
