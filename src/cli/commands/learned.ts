import type { Command } from "commander";
import { LIMITS } from "../../base/limits.ts";
import type { LearnedQueryUse } from "../../index.ts";
import { declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import type { CliContext } from "../context.ts";
import { UsageError } from "../failures/usage-error.ts";
import { wholeNumber } from "../options/numbers.ts";
import { plural } from "../terminal/plural.ts";
import { renderTable } from "../terminal/table.ts";
import type { Column } from "../terminal/table.ts";

interface LearnedFlags {
  readonly skill?: string;
  readonly caller?: string;
  readonly query?: string;
  readonly limit?: number;
  readonly forget?: true;
  readonly all?: true;
}

export const learnedCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "learned",
    summary: "List the queries that searches learn from, or forget them.",
    example: "learned --caller agent-7 --forget",
  })
    .option("--skill <id>", "only those that led to this skill")
    .option("--caller <name>", 'only those of this caller; "" are those who named nobody')
    .option("--query <text>", "only this query")
    .option("--limit <n>", "list at most this many (default: 50)", wholeNumber(1, LIMITS.pageSize))
    .option("--forget", "remove them for good; searches find as if they had never been")
    .option("--all", "with --forget, all there are")
    .action((flags: LearnedFlags, command: Command) =>
      run(command, (context) =>
        flags.forget === true ? forget(context, flags) : list(context, flags),
      ),
    );
};

async function list(
  { library, output, json }: CliContext,
  { skill: skillId, caller, query, limit, all }: LearnedFlags,
): Promise<void> {
  if (all === true) throw new UsageError("--all goes with --forget; a list takes --limit");
  const { learned } = await library();
  const uses = await learned.list(defined({ skillId, caller, query, limit }));
  if (json) return output.json(uses);
  output.text(renderTable(COLUMNS, uses, output));
  if (uses.length === 0) output.note("nothing was learned that fits");
}

/** What is named by nothing would be everything, which is to be said. */
async function forget(
  { library, output, json }: CliContext,
  { skill: skillId, caller, query, limit, all }: LearnedFlags,
): Promise<void> {
  const filter = defined({ skillId, caller, query });
  if (limit !== undefined)
    throw new UsageError("--limit is of the list; --forget removes all that fit");
  if ((all === true) === Object.keys(filter).length > 0)
    throw new UsageError(
      "Say what to forget by --skill, --caller or --query, or everything by --all",
    );
  const forgotten = await (await library()).learned.forget(filter);
  if (json) output.json({ forgotten });
  else output.text(`${output.paint("green", "✓")} ${plural(forgotten, "learned use")} forgotten\n`);
}

const COLUMNS: readonly Column<LearnedQueryUse>[] = [
  { title: "LATEST", value: ({ lastAt }) => lastAt },
  { title: "SKILL", value: ({ skillId }) => skillId, style: () => "cyan" },
  { title: "TIMES", value: ({ count }) => String(count), align: "right" },
  { title: "CALLER", value: ({ caller }) => caller, shrinks: true },
  { title: "QUERY", value: ({ query }) => query, shrinks: true },
];
