import type { Command } from "commander";
import { parseToken } from "../options/claim-option.ts";
import { declareCommand } from "../command.ts";
import type { Install } from "../command.ts";
import type { CliContext } from "../context.ts";
import { UsageError } from "../failures/usage-error.ts";

interface ReleaseFlags {
  readonly token?: bigint;
  readonly force?: true;
}

export const releaseCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "release <id>",
    summary: "Give up a claim of a skill, or end somebody else's.",
    example: "release slugify --token 12",
  })
    .option("--token <token>", "of the claim to give up, as `claim` printed it", parseToken)
    .option("--force", "end the claim whoever has it; its holder is told, and its writes refused")
    .action((id: string, flags: ReleaseFlags, command: Command) =>
      run(command, (context) => release(context, id, flags)),
    );
};

async function release(
  context: CliContext,
  id: string,
  { token, force }: ReleaseFlags,
): Promise<void> {
  if ((token === undefined) === (force === undefined))
    throw new UsageError("Name the claim by --token, or end whoever's it is with --force");
  const { output, json } = context;
  const library = await context.library();
  const released = token === undefined ? await library.endClaim(id) : true;
  if (token !== undefined) await (await library.claim(id, { token })).release();
  if (json) output.json({ id, released });
  else if (released) output.text(`${output.paint("green", "✓")} ${id} is no longer claimed\n`);
  else output.text(`${id} was not claimed\n`);
}
