import { Argument } from "commander";
import { declareCommand } from "../command.ts";
import type { Install } from "../command.ts";
import { completionScript, SHELLS } from "../completion.ts";
import type { Shell } from "../completion.ts";
import type { Command } from "commander";

export const completionCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "completion",
    summary: "Print a script that completes commands and options in a shell.",
    example: "completion bash >> ~/.bashrc",
  })
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .action((shell: Shell, _flags: object, command: Command) =>
      run(command, async ({ output, json }) => {
        const script = completionScript(program, shell);
        if (json) output.json({ shell, script });
        else output.text(script);
      }),
    );
};
