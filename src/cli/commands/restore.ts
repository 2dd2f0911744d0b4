import type { Command } from "commander";
import { declareCommand } from "../command.ts";
import type { Install } from "../command.ts";
import { oneLine } from "../terminal/text-width.ts";
import { contentText } from "./backup.ts";

interface RestoreFlags {
  readonly force?: boolean;
}

export const restoreCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "restore <backup>",
    summary: "Make a library of a backup, after checking it.",
    example: "restore skills-today.tar.gz --library ./restored",
  })
    .option("--force", "replace a library that is there, and keep its files beside")
    .action((backup: string, { force = false }: RestoreFlags, command: Command) =>
      run(command, async ({ libraryPath, output, json, signal }) => {
        const { defaultLibraryPath, restoreLibrary } = await import("../../index.ts");
        const path = libraryPath ?? defaultLibraryPath();
        const result = await restoreLibrary(backup, { path, force, signal });
        if (json) return output.json(result);
        output.text(
          `${output.paint("green", "✓")} restored ${contentText(result)} to ${oneLine(result.path)}\n`,
        );
        if (result.former !== undefined)
          output.note(
            `what was there is kept in ${oneLine(result.former)}; delete it when it is no longer needed`,
          );
      }),
    );
};
