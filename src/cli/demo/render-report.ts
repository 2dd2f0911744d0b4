/** The report as text, section by section. */
import { OPERATION_KINDS } from "./agent-record.ts";
import type { DemoReport } from "./demo-report.ts";
import type { AdmissionReport } from "./admit.ts";
import type { Paint } from "./screen.ts";

export function renderAdmission(admission: AdmissionReport, paint: Paint): readonly string[] {
  const { submitted, admitted, refused, left, examples, durationMs } = admission;
  const head = [
    `${figure(submitted)} drafts`,
    paint("green", `${figure(admitted)} admitted`),
    paint(refused.length === 0 ? "green" : "yellow", `${figure(refused.length)} refused`),
    `${figure(examples)} examples run`,
    `${seconds(durationMs)} s`,
  ].join(" · ");
  const width = Math.max(0, ...refused.map(({ skillId }) => skillId.length));
  return [
    head,
    ...(left === 0 ? [] : [`${figure(left)} more drafts were left out to keep the demo short`]),
    ...(refused.length === 0 ? [] : ["refused:"]),
    ...refused.map(
      ({ skillId, reason }) =>
        `  ${paint("yellow", skillId.padEnd(width))}  ${paint("dim", reason)}`,
    ),
  ];
}

export function renderReport(report: DemoReport, paint: Paint): readonly string[] {
  const { searches, updates, cache, sandbox, figures } = report;
  return [
    ...renderOperations(report, paint),
    "",
    fact(
      "runs",
      `${runs(report)}; ${sandbox.kills} workers killed to stop a runaway, ${sandbox.retries} innocent runs repeated`,
    ),
    fact(
      "search",
      `first match is the skill the task is about in ${share(searches.right, searches.asked)} of ${figure(searches.asked)} searches`,
    ),
    fact(
      "updates",
      `${figure(updates.acknowledged)} committed, ${figure(updates.conflicts)} conflicts, ${figure(updates.abandoned)} given up, ${figure(updates.lost.length)} lost`,
    ),
    fact(
      "reads",
      `${figure(report.reads.checked)} checked against acknowledged commits, ${figure(report.reads.stale.length)} stale`,
    ),
    fact(
      "cache",
      `${share(cache.hits, cache.hits + cache.misses)} hits, ${figure(cache.invalidations)} entries dropped because another version came`,
    ),
    fact(
      "library",
      `${figure(figures.skills)} skills, ${figure(figures.versions)} versions, revision ${figure(figures.revision)}`,
    ),
    "",
    ...report.guarantees.map(
      ({ name, held, detail }) =>
        `  ${held ? paint("green", "held  ") : paint(["bold", "red"], "BROKEN")}  ${name.padEnd(28)}${held ? paint("dim", detail) : detail}`,
    ),
    "",
    report.ok
      ? paint(
          ["bold", "green"],
          `Every guarantee held. ${seconds(report.durationMs)} s in all, seed ${report.seed}.`,
        )
      : paint(
          ["bold", "red"],
          `${report.guarantees.filter(({ held }) => !held).length} of ${report.guarantees.length} guarantees did not hold; seed ${report.seed}.`,
        ),
  ];
}

function renderOperations(report: DemoReport, paint: Paint): readonly string[] {
  const head = ["operation".padEnd(10), "count", "per second", "p50 ms", "p95 ms"];
  const rows = OPERATION_KINDS.map((kind) => {
    const { count, perSecond, p50Ms, p95Ms } = report.operations[kind];
    return [kind.padEnd(10), figure(count), figure(perSecond), time(p50Ms), time(p95Ms)];
  });
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell) => cell.padStart(10)).join("  ")}`;
  return [paint("bold", line(head)), ...rows.map(line)];
}

/** What to try next; three lines. */
export function renderNext(library: string | null): readonly string[] {
  const where = library === null ? "" : ` --library ${library}`;
  return [
    ...(library === null
      ? ["  npx repertoire add --starter"]
      : [`  npx repertoire history demo/price_label${where}`]),
    `  npx repertoire search "turn a title into a URL slug"${where}`,
    `  npx repertoire run slugify --context '{"text":"Crème Brûlée"}'${where}`,
  ];
}

function runs({ runs }: DemoReport): string {
  const parts = Object.entries(runs)
    .toSorted(([, a], [, b]) => b - a)
    .map(([status, count]) => `${figure(count)} ${status}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}

function fact(name: string, text: string): string {
  return `  ${name.padEnd(10)}${text}`;
}

function figure(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function time(ms: number | null): string {
  if (ms === null) return "–";
  return ms < 10 ? ms.toFixed(2) : ms.toFixed(0);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

function share(part: number, whole: number): string {
  return whole === 0 ? "–" : `${((100 * part) / whole).toFixed(1)} %`;
}
