import { Option } from "commander";
import type { Command } from "commander";
import { LIMITS } from "../../base/limits.ts";
import type { JournalState, RunRecord } from "../../index.ts";
import { EXECUTION_STATUSES } from "../../skill/execution.ts";
import type { ExecutionStatus } from "../../skill/execution.ts";
import { statusStyle } from "../terminal/colours.ts";
import { declareCommand, defined } from "../command.ts";
import type { Install } from "../command.ts";
import { formatDuration } from "../options/duration.ts";
import { wholeNumber } from "../options/numbers.ts";
import { renderCapabilities } from "../render/render-capabilities.ts";
import { skillAt } from "../render/skill-at.ts";
import { renderTable } from "../terminal/table.ts";
import type { Column } from "../terminal/table.ts";

interface RunsFlags {
  readonly skill?: string;
  readonly status?: ExecutionStatus;
  readonly limit?: number;
  readonly redact?: string;
}

export const runsCommand: Install = (program, run) => {
  declareCommand(program, {
    usage: "runs",
    summary: "List recorded runs, newest first.",
    example: "runs --skill slugify --status error",
  })
    .option("--skill <id>", "only of this skill")
    .addOption(
      new Option("--status <status>", "only that ended like this").choices(EXECUTION_STATUSES),
    )
    .option("--limit <n>", "at most this many (default: 50)", wholeNumber(1, LIMITS.runRecords))
    .addOption(
      new Option(
        "--redact <runId>",
        "remove the journal, logs and error text of this run for good",
      ).conflicts(["skill", "status", "limit"]),
    )
    .action((flags: RunsFlags, command: Command) =>
      run(command, async ({ library, output, json }) => {
        const { skill: skillId, status, limit, redact } = flags;
        if (redact !== undefined) {
          const record = await (await library()).redactRun(redact);
          if (json) return output.json(record);
          return output.text(
            `${output.paint("green", "✓")} redacted run ${record.runId} of ${skillAt(record)}\n`,
          );
        }
        const runs = await (await library()).listRuns(defined({ skillId, status, limit }));
        if (json) output.json(runs);
        else output.text(renderTable(columnsFor(runs), runs, output));
      }),
    );
};

/** Whether a run can be replayed, or why not. */
const REPLAY: Readonly<Record<JournalState, string>> = {
  kept: "yes",
  truncated: "partly",
  "too-large": "too large",
  withheld: "withheld",
  off: "off",
  dropped: "dropped",
  redacted: "redacted",
};

/** Who asked and what was used stand there only where somebody did, or something was. */
function columnsFor(runs: readonly RunRecord[]): readonly Column<RunRecord>[] {
  const hasCaller = runs.some(({ caller }) => caller !== undefined);
  const hasUsed = runs.some(({ used }) => used !== undefined);
  return [
    ...COLUMNS.slice(0, -1),
    ...(hasCaller ? [CALLER] : []),
    ...(hasUsed ? [USED] : []),
    ...COLUMNS.slice(-1),
  ];
}

const CALLER: Column<RunRecord> = {
  title: "CALLER",
  value: ({ caller = "" }) => caller,
  shrinks: true,
};

const USED: Column<RunRecord> = {
  title: "USED",
  value: ({ used }) => (used === undefined ? "" : renderCapabilities(used)),
  shrinks: true,
};

const COLUMNS: readonly Column<RunRecord>[] = [
  { title: "STARTED", value: ({ startedAt }) => startedAt },
  { title: "SKILL", value: skillAt, style: () => "cyan" },
  { title: "STATUS", value: ({ status }) => status, style: ({ status }) => statusStyle(status) },
  { title: "TIME", value: ({ durationMs }) => formatDuration(durationMs), align: "right" },
  { title: "RUN", value: ({ runId }) => runId },
  { title: "REPLAY", value: ({ journal }) => (journal === undefined ? "–" : REPLAY[journal]) },
  {
    title: "ERROR",
    value: ({ error }) => (error ? `${error.name}: ${error.message}` : ""),
    shrinks: true,
  },
];
