import type { Command } from "commander";
import type { ExpectedVersion } from "../../store/skill-store.ts";
import { claimOption, leaseOfClaim } from "../options/claim-option.ts";
import { declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import { noteDependents } from "../render/note-dependents.ts";
import { parseExpectedVersion } from "../options/numbers.ts";

interface RemoveFlags {
  readonly expectedVersion?: ExpectedVersion;
  readonly claim?: bigint;
}

export const removeCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "remove <id>",
    summary: "Take a skill out of the library; its history stays.",
    example: "remove old_slugify --expected-version 4",
  })
    .option("--expected-version <n>", "only if the skill is at this version", parseExpectedVersion)
    .addOption(claimOption())
    .action((id: string, { expectedVersion, claim }: RemoveFlags, command: Command) =>
      run(command, async ({ library, output, json }) => {
        const result = await (
          await library()
        ).remove(id, {
          ...defined({ expectedVersion }),
          ...leaseOfClaim(id, claim),
        });
        noteDependents(output, result, "removed");
        if (json) output.json(result);
        else
          output.text(
            `${output.paint("green", "✓")} removed ${id}; its versions can still be read, and rolled back to\n`,
          );
      }),
    );
};
