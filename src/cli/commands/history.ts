import type { Command } from "commander";
import type { SkillVersion } from "../../skill/skill.ts";
import { statusStyle } from "../terminal/colours.ts";
import { atOption, readerOf } from "../options/at-option.ts";
import type { AtFlags } from "../options/at-option.ts";
import { declareCommand } from "../command.ts";
import type { Install } from "../command.ts";
import { renderTable } from "../terminal/table.ts";
import type { Column } from "../terminal/table.ts";

export const historyCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "history <id>",
    summary: "List every version of a skill, newest last, also of a removed one.",
    example: "history slugify",
  })
    .addOption(atOption())
    .action((id: string, flags: AtFlags, command: Command) =>
      run(command, async ({ library, output, json }) => {
        const history = await (await readerOf(await library(), flags)).getVersionHistory(id);
        if (json) output.json(history);
        else output.text(renderTable(COLUMNS, history, output));
      }),
    );
};

const COLUMNS: readonly Column<SkillVersion>[] = [
  { title: "VERSION", value: ({ version }) => String(version), align: "right" },
  { title: "STATUS", value: ({ status }) => status, style: ({ status }) => statusStyle(status) },
  { title: "CREATED", value: ({ createdAt }) => createdAt },
  { title: "AUTHOR", value: ({ author }) => author ?? "–", shrinks: true },
  { title: "HASH", value: ({ contentHash }) => contentHash.slice(0, 12) },
  { title: "MESSAGE", value: ({ message }) => message ?? "", shrinks: true },
];
