import type { Command } from "commander";
import type { ExpectedVersion } from "../../store/skill-store.ts";
import { claimOption, leaseOfClaim } from "../options/claim-option.ts";
import { declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import { parseExpectedVersion, wholeNumber } from "../options/numbers.ts";
import { noteAdded } from "../render/note-added.ts";

interface RollbackFlags {
  readonly expectedVersion?: ExpectedVersion;
  readonly author?: string;
  readonly message?: string;
  readonly claim?: bigint;
}

export const rollbackCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "rollback",
    summary: "Make a new version with the content of an old one.",
    example: "rollback slugify 1 --expected-version 3",
  })
    .argument("<id>")
    .argument("<version>", "the version to go back to", wholeNumber(1))
    .option("--expected-version <n>", "only if the skill is at this version", parseExpectedVersion)
    .option("--author <name>", "who does it")
    .option("--message <text>", "why")
    .addOption(claimOption())
    .action((id: string, version: number, flags: RollbackFlags, command: Command) =>
      run(command, async ({ library, output, json }) => {
        const { expectedVersion, author, message } = flags;
        const result = await (
          await library()
        ).rollback(id, version, {
          ...defined({ expectedVersion, author, message }),
          ...leaseOfClaim(id, flags.claim),
        });
        if (json) output.json(result);
        else noteAdded(output, result);
      }),
    );
};
