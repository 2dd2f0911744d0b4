import { Option } from "commander";
import { LIMITS } from "../../base/limits.ts";
import type { FacetCount } from "../../index.ts";
import { SKILL_STATUSES } from "../../skill/skill.ts";
import type { SkillStatus } from "../../skill/skill.ts";
import { collect, declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import type { CliContext } from "../context.ts";
import { wholeNumber } from "../options/numbers.ts";
import { plural } from "../terminal/plural.ts";
import { renderTable } from "../terminal/table.ts";
import type { Column } from "../terminal/table.ts";

interface FacetFlags {
  readonly category?: string;
  readonly tag?: readonly string[];
  readonly status?: SkillStatus;
  readonly limit?: number;
}

type Row = FacetCount & { readonly facet: string };

export const facetsCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "facets",
    summary: "Count the categories, tags and statuses of the skills.",
    example: "facets --status active --limit 10",
  })
    .option("--category <category>", "only skills of this category")
    .option("--tag <tag>", "only skills with this tag; repeat it for several", collect)
    .addOption(
      new Option("--status <status>", "only skills of this status").choices(SKILL_STATUSES),
    )
    .option(
      "--limit <n>",
      "at most this many of each (default: 50)",
      wholeNumber(1, LIMITS.pageSize),
    )
    .action((flags: FacetFlags, command) => run(command, (context) => facets(context, flags)));
};

async function facets(
  { library, output, json }: CliContext,
  { category, tag: tags, status, limit }: FacetFlags,
): Promise<void> {
  const found = await (await library()).facets(defined({ category, tags, status, limit }));
  if (json) return output.json(found);
  const rows = (facet: string, counts: readonly FacetCount[]): readonly Row[] =>
    counts.map((each) => ({ facet, ...each }));
  const shown = [
    ...rows("status", found.statuses),
    ...rows("category", found.categories),
    ...rows("tag", found.tags),
  ];
  output.text(renderTable(COLUMNS, shown, output));
  const { categories, tags: different } = found.totals;
  output.note(
    `${plural(found.skills, "skill")}, ${categories} different categories, ${plural(different, "different tag")}`,
  );
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "FACET", value: ({ facet }) => facet },
  { title: "VALUE", value: ({ value }) => value, style: () => "cyan", shrinks: true },
  { title: "SKILLS", value: ({ count }) => String(count), align: "right" },
];
