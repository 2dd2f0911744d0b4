/** What agents want done, in words; the skills that do it are in the starter set or in es-toolkit. */
import type { JsonObject, WorkflowStep } from "../../index.ts";

export interface AgentTask {
  /** The task as an agent would put it. */
  readonly words: string;
  /** Skills that do it; any of them is right. */
  readonly skills: readonly string[];
}

export interface AgentWorkflow {
  readonly name: string;
  readonly steps: readonly WorkflowStep[];
  readonly context: JsonObject;
}

/** A function of es-toolkit, which has many of them a second time in its lodash-compatible half. */
function toolkit(...names: readonly string[]): readonly string[] {
  return names.flatMap((name) => [`es-toolkit/${name}`, `es-toolkit-compat/${name}`]);
}

export const AGENT_TASKS: readonly AgentTask[] = [
  { words: "turn an article title into a URL slug", skills: ["slugify"] },
  { words: "find all e-mail addresses on this page", skills: ["extract_emails"] },
  { words: "check whether a bank account number is valid", skills: ["validate_iban"] },
  { words: "is this credit card number mistyped", skills: ["validate_card_number"] },
  { words: "load a spreadsheet export into rows", skills: ["parse_csv"] },
  { words: "render rows as a Markdown table", skills: ["markdown_table"] },
  { words: "total sales per region", skills: ["group_rows"] },
  { words: "merge orders with their customers on a key", skills: ["join_rows"] },
  { words: "remove duplicate records after scraping", skills: ["dedupe_rows"] },
  { words: "what changed between two versions of a text", skills: ["diff_lines"] },
  { words: "read the prices in a receipt with their currency", skills: ["extract_prices"] },
  { words: "get the readable text of a web page without markup", skills: ["html_to_text"] },
  { words: "scrape a table from HTML into rows", skills: ["extract_html_tables"] },
  { words: "due date in ten working days", skills: ["add_business_days"] },
  { words: "when does this crontab line run next", skills: ["next_cron_runs"] },
  { words: "what should I do after this error message", skills: ["suggest_recovery"] },
  { words: "does the invoice add up to its total", skills: ["reconcile_totals"] },
  { words: "how long does this article take to read", skills: ["text_stats"] },
  { words: "split an array into chunks of a given size", skills: toolkit("chunk") },
  { words: "convert a string to camel case", skills: toolkit("camel_case") },
  { words: "median of a list of numbers", skills: toolkit("median", "median_by") },
  { words: "keep only some keys of an object", skills: toolkit("pick", "pick_by") },
  { words: "elements that two arrays have in common", skills: toolkit("intersection") },
  { words: "limit a number to a range", skills: toolkit("clamp") },
  { words: "escape HTML special characters in a string", skills: toolkit("escape") },
  { words: "are two values deeply equal", skills: toolkit("is_equal") },
  { words: "swap the keys and values of an object", skills: toolkit("invert") },
  { words: "flatten a nested array completely", skills: toolkit("flatten_deep") },
];

export const AGENT_WORKFLOWS: readonly AgentWorkflow[] = [
  {
    name: "sales report",
    steps: [
      { skill: "parse_csv" },
      {
        skill: "group_rows",
        context: { by: ["region"], aggregate: { total: { op: "sum", column: "amount" } } },
      },
      { skill: "markdown_table" },
    ],
    context: { text: "region,amount\nnorth,120\nsouth,80\nnorth,45.5\n" },
  },
  {
    name: "contacts of a page",
    steps: [{ skill: "html_to_text" }, { skill: "extract_emails" }, { skill: "dedupe_rows" }],
    context: { html: "<p>Ask <b>ada@example.com</b> or bo [at] example [dot] org</p>" },
  },
  {
    name: "profile of a table",
    steps: [{ skill: "parse_csv" }, { skill: "describe_rows" }],
    context: { text: "day,visits\n2026-03-01,10\n2026-03-02,14\n2026-03-03,9\n" },
  },
];
