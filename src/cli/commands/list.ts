import { throwIfAborted } from "../../base/abort.ts";
import { LIMITS } from "../../base/limits.ts";
import { SKILL_STATUSES } from "../../skill/skill.ts";
import type { SkillStatus, SkillSummary } from "../../skill/skill.ts";
import { statusStyle } from "../colours.ts";
import { collect, declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import type { CliContext } from "../context.ts";
import { wholeNumber } from "../numbers.ts";
import { plural } from "../plural.ts";
import { renderTable } from "../table.ts";
import type { Column } from "../table.ts";
import { Option } from "commander";

interface ListFlags {
  readonly category?: string;
  readonly tag?: readonly string[];
  readonly status?: SkillStatus;
  readonly limit?: number;
  readonly after?: string;
}

export const listCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "list",
    summary: "List skills in order of their ids.",
    example: "list --category data --status active",
  })
    .option("--category <category>", "only of this category")
    .option("--tag <tag>", "only with this tag; repeat it for several", collect)
    .addOption(new Option("--status <status>", "only of this status").choices(SKILL_STATUSES))
    .option("--limit <n>", "at most this many (default: all)", wholeNumber(1))
    .option("--after <id>", "start after this id")
    .action((flags: ListFlags, command) => run(command, (context) => list(context, flags)));
};

async function list(context: CliContext, flags: ListFlags): Promise<void> {
  const { output, json } = context;
  const shown: SkillSummary[] = [];
  for await (const page of pages(context, flags)) {
    if (json) {
      for (const summary of page) output.json(summary);
      await output.drain();
    } else shown.push(...page);
  }
  if (json) return;
  output.text(renderTable(SUMMARY_COLUMNS, shown, output));
  output.note(plural(shown.length, "skill"));
}

/** Every summary asked for, a page at a time, until nobody reads any more. */
async function* pages(
  { library, output, signal }: CliContext,
  { category, tag: tags, status, limit = Number.POSITIVE_INFINITY, after: first }: ListFlags,
): AsyncGenerator<readonly SkillSummary[]> {
  const opened = await library();
  let after = first;
  let left = limit;
  while (left > 0 && !output.closed.aborted) {
    throwIfAborted(signal, "Listing");
    const asked = Math.min(left, LIMITS.pageSize);
    const page = await opened.list({ ...defined({ category, tags, status, after }), limit: asked });
    yield page;
    if (page.length < asked) return;
    left -= page.length;
    after = page.at(-1)?.id;
  }
}

const SUMMARY_COLUMNS: readonly Column<SkillSummary>[] = [
  { title: "ID", value: ({ id }) => id, style: () => "cyan" },
  { title: "VERSION", value: ({ version }) => String(version), align: "right" },
  { title: "STATUS", value: ({ status }) => status, style: ({ status }) => statusStyle(status) },
  { title: "CATEGORY", value: ({ category }) => category },
  { title: "DESCRIPTION", value: ({ description }) => description, shrinks: true },
];
