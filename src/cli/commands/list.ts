import { throwIfAborted } from "../../base/abort.ts";
import { LIMITS } from "../../base/limits.ts";
import type { ListedSkill, ListOrder } from "../../index.ts";
import { SKILL_STATUSES } from "../../skill/skill.ts";
import type { SkillStatus } from "../../skill/skill.ts";
import { noteClaims } from "../render/claim-text.ts";
import { statusStyle } from "../terminal/colours.ts";
import { atOption, readerOf } from "../options/at-option.ts";
import type { AtFlags } from "../options/at-option.ts";
import { collect, declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import type { CliContext } from "../context.ts";
import { wholeNumber } from "../options/numbers.ts";
import { plural } from "../terminal/plural.ts";
import { renderTable } from "../terminal/table.ts";
import type { Column } from "../terminal/table.ts";
import { Option } from "commander";

interface ListFlags extends AtFlags {
  readonly category?: string;
  readonly tag?: readonly string[];
  readonly status?: SkillStatus;
  readonly limit?: number;
  readonly order?: ListOrder;
  readonly after?: string;
}

const ORDERS: readonly ListOrder[] = ["id", "name", "recent", "uses", "success"];

export const listCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "list",
    summary: "List skills, in order of their ids or as asked.",
    example: "list --category data --status active",
  })
    .option("--category <category>", "only of this category")
    .option("--tag <tag>", "only with this tag; repeat it for several", collect)
    .addOption(new Option("--status <status>", "only of this status").choices(SKILL_STATUSES))
    .option("--limit <n>", "at most this many (default: all)", wholeNumber(1))
    .addOption(new Option("--order <order>", "what to order them by (default: id)").choices(ORDERS))
    .option("--after <id>", "start after this id; in another order, after this cursor")
    .addOption(atOption())
    .action((flags: ListFlags, command) => run(command, (context) => list(context, flags)));
};

async function list(context: CliContext, flags: ListFlags): Promise<void> {
  const { output, json } = context;
  const shown: ListedSkill[] = [];
  for await (const page of pages(context, flags)) {
    if (json) {
      for (const summary of page) output.json(summary);
      await output.drain();
    } else shown.push(...page);
  }
  if (json) return;
  const isByEvidence = flags.order === "uses" || flags.order === "success";
  const columns = isByEvidence ? [...EVIDENCE_COLUMNS, ...SUMMARY_COLUMNS] : SUMMARY_COLUMNS;
  output.text(renderTable(columns, shown, output));
  noteClaims(output, shown);
  output.note(plural(shown.length, "skill"));
}

/** Every summary asked for, a page at a time, until nobody reads any more. */
async function* pages(
  { library, output, signal }: CliContext,
  {
    category,
    tag: tags,
    status,
    limit = Number.POSITIVE_INFINITY,
    order: orderBy,
    after: first,
    ...flags
  }: ListFlags,
): AsyncGenerator<readonly ListedSkill[]> {
  const opened = await readerOf(await library(), flags);
  let after = first;
  let left = limit;
  while (left > 0 && !output.closed.aborted) {
    throwIfAborted(signal, "Listing");
    const asked = Math.min(left, LIMITS.pageSize);
    const page = await opened.list({
      ...defined({ category, tags, status, orderBy, after }),
      limit: asked,
    });
    yield page;
    if (page.length < asked) return;
    left -= page.length;
    const last = page.at(-1);
    after = last?.cursor ?? last?.id;
  }
}

const EVIDENCE_COLUMNS: readonly Column<ListedSkill>[] = [
  { title: "USES", value: ({ uses = 0 }) => String(uses), align: "right" },
  {
    title: "SUCCESS",
    value: ({ successRate }) => (successRate == null ? "–" : `${Math.round(successRate * 100)} %`),
    align: "right",
  },
];

const SUMMARY_COLUMNS: readonly Column<ListedSkill>[] = [
  { title: "ID", value: ({ id }) => id, style: () => "cyan" },
  { title: "VERSION", value: ({ version }) => String(version), align: "right" },
  { title: "STATUS", value: ({ status }) => status, style: ({ status }) => statusStyle(status) },
  { title: "CATEGORY", value: ({ category }) => category },
  { title: "DESCRIPTION", value: ({ description }) => description, shrinks: true },
];
