import type { Command } from "commander";
import { userInfo } from "node:os";
import { isoTime } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import { callerOf } from "../options/caller-option.ts";
import { parseToken } from "../options/claim-option.ts";
import { declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import type { CliContext } from "../context.ts";
import { parseDuration } from "../options/duration.ts";
import { UsageError } from "../failures/usage-error.ts";

interface ClaimFlags {
  readonly by?: string;
  readonly note?: string;
  readonly for?: number;
  readonly wait?: number;
  readonly token?: bigint;
}

const MAX_MS = 2 ** 31 - 1;

export const claimCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "claim <id>",
    summary: "Say that you are at work on a skill, so that others see it and keep off.",
    example: 'claim slugify --for 30m --by agent-7 --note "handles accents"',
  })
    .option("--by <name>", "who claims it (default: $REPERTOIRE_CALLER, else the user)")
    .option("--note <text>", "what for")
    .option("--for <duration>", "how long it lasts (default: 10m)", (text) =>
      parseDuration(text, MAX_MS),
    )
    .option("--wait <duration>", "how long to wait for who has claimed it (default: not)", (text) =>
      parseDuration(text, MAX_MS),
    )
    .option("--token <token>", "renew the claim with this token instead", parseToken)
    .action((id: string, flags: ClaimFlags, command: Command) =>
      run(command, (context) => claim(context, id, flags)),
    );
};

async function claim(context: CliContext, id: string, flags: ClaimFlags): Promise<void> {
  const { for: ttlMs = LIMITS.claimTtlMs, wait: waitMs, note, token } = flags;
  if (token !== undefined && (flags.by ?? note ?? waitMs) !== undefined)
    throw new UsageError("With --token a claim is renewed: only --for goes with it");
  const { output, json, signal } = context;
  const by = flags.by ?? callerOf({}) ?? userInfo().username;
  const library = await context.library();
  const lease = await library.claim(
    id,
    token === undefined ? { by, ttlMs, signal, ...defined({ note, waitMs }) } : { token, ttlMs },
  );
  // It is for the commands that follow: this process ends now.
  lease.detach();
  const claimed = {
    id,
    ...(token === undefined ? { by, ...defined({ note }) } : {}),
    token: String(lease.token),
    until: isoTime(Date.now() + ttlMs),
  };
  if (json) return output.json(claimed);
  output.text(
    `${output.paint("green", "✓")} ${id} is yours until ${claimed.until}; token ${claimed.token}\n`,
  );
  output.note(
    `Write with --claim ${claimed.token}; renew with: claim ${id} --token ${claimed.token}; give up with: release ${id} --token ${claimed.token}`,
  );
  if ((await library.get(id)) === undefined)
    output.note(`There is no skill "${id}" yet; the claim keeps the id for you.`);
}
