import { Argument, Option } from "commander";
import type { Command } from "commander";
import { SKILL_STATUSES } from "../../skill/skill.ts";
import type { SkillStatus } from "../../skill/skill.ts";
import type { ExpectedVersion } from "../../store/skill-store.ts";
import { claimOption, leaseOfClaim } from "../options/claim-option.ts";
import { declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import { noteDependents } from "../render/note-dependents.ts";
import { parseExpectedVersion } from "../options/numbers.ts";

interface StatusFlags {
  readonly reason?: string;
  readonly replacement?: string;
  readonly expectedVersion?: ExpectedVersion;
  readonly expectedStatus?: SkillStatus;
  readonly claim?: bigint;
}

export const statusCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "status",
    summary: "Change the status of a skill; only active ones are offered by search.",
    example: "status old_slugify deprecated --replacement slugify",
  })
    .argument("<id>")
    .addArgument(new Argument("<status>", "the new status").choices(SKILL_STATUSES))
    .option("--reason <text>", "why")
    .option("--replacement <id>", "skill to use instead")
    .option("--expected-version <n>", "only if the skill is at this version", parseExpectedVersion)
    .addOption(
      new Option("--expected-status <status>", "only if it has this status until now").choices(
        SKILL_STATUSES,
      ),
    )
    .addOption(claimOption())
    .action((id: string, status: SkillStatus, flags: StatusFlags, command: Command) =>
      run(command, async ({ library, output, json }) => {
        const { reason, replacement, expectedVersion, expectedStatus } = flags;
        const result = await (
          await library()
        ).setStatus(id, status, {
          ...defined({ reason, replacement, expectedVersion, expectedStatus }),
          ...leaseOfClaim(id, flags.claim),
        });
        noteDependents(output, result, status);
        if (json) output.json(result);
        else
          output.text(
            `${output.paint("green", "✓")} ${id} version ${result.version} is now ${status}\n`,
          );
      }),
    );
};
