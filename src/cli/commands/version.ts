import type { Command } from "commander";
import { atOption, readerOf } from "../options/at-option.ts";
import type { AtFlags } from "../options/at-option.ts";
import { declareCommand } from "../command.ts";
import type { Install } from "../command.ts";
import { renderVersion } from "../render/render-skill.ts";

export const versionCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "version <id>",
    summary: "Show the record of a skill's current version.",
    example: "version slugify --json",
  })
    .addOption(atOption())
    .action((id: string, flags: AtFlags, command: Command) =>
      run(command, async ({ library, output, json }) => {
        const version = await (await readerOf(await library(), flags)).getVersion(id);
        if (json) output.json(version);
        else output.text(renderVersion(version, output.paint));
      }),
    );
};
