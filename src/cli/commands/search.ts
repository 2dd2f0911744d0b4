import { LIMITS } from "../../base/limits.ts";
import type { SearchResult, SkillMatch } from "../../index.ts";
import { atOption, readerOf } from "../options/at-option.ts";
import type { AtFlags } from "../options/at-option.ts";
import { noteClaims } from "../render/claim-text.ts";
import { collect, declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import type { CliContext } from "../context.ts";
import { parseFraction, wholeNumber } from "../options/numbers.ts";
import { plural } from "../terminal/plural.ts";
import { renderTable } from "../terminal/table.ts";
import type { Column } from "../terminal/table.ts";
import { oneLine } from "../terminal/text-width.ts";

interface SearchFlags extends AtFlags {
  readonly category?: string;
  readonly tag?: readonly string[];
  readonly limit?: number;
  readonly withDependencies?: true;
  readonly minSuccessRate?: number;
}

export const searchCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "search <query>",
    summary: "Find active skills for a task put in words.",
    example: 'search "read a table from a web page" --limit 5',
  })
    .option("--category <category>", "only of this category")
    .option("--tag <tag>", "only with this tag; repeat it for several", collect)
    .option("--limit <n>", "at most this many (default: 10)", wholeNumber(1, LIMITS.pageSize))
    .option("--with-dependencies", "also the skills each match calls")
    .option(
      "--min-success-rate <rate>",
      "only skills whose runs succeed at least this often, 0 to 1",
      parseFraction,
    )
    .addOption(atOption())
    .action((query: string, flags: SearchFlags, command) =>
      run(command, (context) => search(context, query, flags)),
    );
};

async function search(context: CliContext, query: string, flags: SearchFlags): Promise<void> {
  const { category, tag: tags, limit, minSuccessRate, withDependencies } = flags;
  const library = await readerOf(await context.library(), flags);
  const result = await library.search(query, {
    ...defined({ category, tags, limit, minSuccessRate, withDependencies }),
    signal: context.signal,
  });
  if (context.json) context.output.json(result);
  else show(context, result);
}

function show(
  { output }: CliContext,
  { matches, mode, modeReason, confident }: SearchResult,
): void {
  if (matches.length > 0) output.text(renderTable(MATCH_COLUMNS, matches, output));
  for (const match of matches) noteDependencies(output, match);
  noteClaims(output, matches);
  const why = modeReason === undefined ? "" : `: ${oneLine(modeReason)}`;
  output.note(`${plural(matches.length, "skill")}, found by ${mode} search${why}`);
  if (!confident && matches.length > 0)
    output.note(output.paintNote("yellow", "Nothing in the library fits this query well."));
}

function noteDependencies(
  { note }: CliContext["output"],
  { id, dependencies = [], missingDependencies = [], moreDependencies }: SkillMatch,
): void {
  const called = [
    ...dependencies.map((each) => each.id),
    ...missingDependencies.map((missing) => `${missing} (not in the library)`),
    ...(moreDependencies ? ["and more"] : []),
  ];
  if (called.length > 0) note(`${id} needs ${called.join(", ")}`);
}

const MATCH_COLUMNS: readonly Column<SkillMatch>[] = [
  { title: "SCORE", value: ({ score }) => score.toFixed(2), align: "right" },
  { title: "ID", value: ({ id }) => id, style: () => "cyan" },
  { title: "VERSION", value: ({ version }) => String(version), align: "right" },
  {
    title: "SUCCESS",
    value: ({ successRate }) => (successRate === null ? "–" : `${Math.round(successRate * 100)} %`),
    align: "right",
  },
  { title: "CATEGORY", value: ({ category }) => category },
  { title: "DESCRIPTION", value: ({ description }) => description, shrinks: true },
];
