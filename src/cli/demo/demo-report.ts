/** The report: what happened in figures, and whether every promise was kept. */
import type { AdmissionReport } from "./admit.ts";
import { OPERATION_KINDS } from "./agent-record.ts";
import type { AgentRecord, OperationKind } from "./agent-record.ts";
import type { ReadAudit, UpdateAudit } from "./audit.ts";
import { storyFaults } from "./conflict-story.ts";
import type { Story } from "./conflict-story.ts";
import { quantile } from "./quantile.ts";

export interface OperationReport {
  readonly count: number;
  readonly perSecond: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

/** One promise, and whether it was kept. */
export interface Guarantee {
  readonly name: string;
  readonly held: boolean;
  /** The figures behind it, or what went wrong. */
  readonly detail: string;
}

export interface LibraryFigures {
  readonly skills: number;
  readonly versions: number;
  readonly revision: number;
  /** Runs recorded during the demo. */
  readonly runsRecorded: number;
}

export interface DemoReport {
  /** Whether every guarantee held. */
  readonly ok: boolean;
  readonly guarantees: readonly Guarantee[];
  readonly seed: number;
  readonly agents: number;
  /** Time the agents were asked to work, in seconds. */
  readonly seconds: number;
  readonly source: string;
  /** Directory of the library; `null` when it was temporary. */
  readonly library: string | null;
  readonly admission: AdmissionReport;
  readonly story: Story | null;
  readonly operations: Readonly<Record<OperationKind, OperationReport>>;
  readonly operationsPerSecond: number;
  readonly searches: { readonly asked: number; readonly right: number };
  readonly answers: { readonly checked: number; readonly wrong: number };
  readonly runs: Readonly<Record<string, number>>;
  readonly updates: UpdateAudit & { readonly conflicts: number; readonly abandoned: number };
  readonly reads: ReadAudit;
  readonly cache: {
    readonly hits: number;
    readonly misses: number;
    readonly hitRate: number;
    readonly invalidations: number;
  };
  readonly sandbox: { readonly kills: number; readonly retries: number };
  readonly figures: LibraryFigures;
  readonly durationMs: number;
}

export interface ReportParts {
  readonly seed: number;
  readonly agents: number;
  readonly seconds: number;
  readonly source: string;
  readonly library: string | null;
  readonly admission: AdmissionReport;
  readonly story: Story | undefined;
  readonly records: readonly AgentRecord[];
  /** Agents that died or could not go on, and why; what else kept the demo from its end. */
  readonly crashes: readonly string[];
  readonly updates: UpdateAudit;
  readonly reads: ReadAudit;
  readonly figures: LibraryFigures;
  readonly durationMs: number;
}

export function demoReport(parts: ReportParts): DemoReport {
  const { records, story, seconds, crashes: _, ...given } = parts;
  const sum = (figure: (record: AgentRecord) => number): number =>
    records.reduce((total, record) => total + figure(record), 0);
  const hits = sum(({ cache }) => cache.hits);
  const misses = sum(({ cache }) => cache.misses);
  const operations = operationReports(records, seconds);
  const total = OPERATION_KINDS.reduce((count, kind) => count + operations[kind].count, 0);
  const guarantees = guaranteesOf(parts);
  return {
    ok: guarantees.every(({ held }) => held),
    guarantees,
    ...given,
    seconds,
    story: story ?? null,
    operations,
    operationsPerSecond: total / seconds,
    searches: {
      asked: sum(({ searches }) => searches.asked),
      right: sum(({ searches }) => searches.right),
    },
    answers: {
      checked: sum(({ answers }) => answers.checked),
      wrong: sum(({ answers }) => answers.wrong.length),
    },
    runs: runsByStatus(records),
    updates: {
      ...parts.updates,
      conflicts: sum(({ conflicts }) => conflicts),
      abandoned: sum(({ abandonedUpdates }) => abandonedUpdates),
    },
    cache: {
      hits,
      misses,
      hitRate: hits + misses === 0 ? 0 : hits / (hits + misses),
      invalidations: sum(({ cache }) => cache.invalidations),
    },
    sandbox: {
      kills: sum(({ sandbox }) => sandbox.kills),
      retries: sum(({ sandbox }) => sandbox.retries),
    },
  };
}

function operationReports(
  records: readonly AgentRecord[],
  seconds: number,
): Readonly<Record<OperationKind, OperationReport>> {
  const entries = OPERATION_KINDS.map((kind): [OperationKind, OperationReport] => {
    const durations = records.flatMap(({ durationsMs }) => durationsMs[kind]);
    return [
      kind,
      {
        count: durations.length,
        perSecond: durations.length / seconds,
        p50Ms: quantile(durations, 0.5) ?? null,
        p95Ms: quantile(durations, 0.95) ?? null,
      },
    ];
  });
  return Object.fromEntries(entries) as Record<OperationKind, OperationReport>;
}

function runsByStatus(records: readonly AgentRecord[]): Readonly<Record<string, number>> {
  const totals: Record<string, number> = {};
  for (const { runs } of records) {
    for (const [status, count] of Object.entries(runs))
      totals[status] = (totals[status] ?? 0) + count;
  }
  return totals;
}

/** Each promise with its evidence: the first fault when it was not kept, the figures when it was. */
function guaranteesOf(parts: ReportParts): readonly Guarantee[] {
  const { admission, records, updates, reads, story, figures } = parts;
  const runs = Object.values(runsByStatus(records)).reduce((sum, count) => sum + count, 0);
  const runaways = records.flatMap((record) => record.runaways);
  const failures = [
    ...parts.crashes,
    ...records.flatMap(({ agent, failures }) => failures.map((text) => `agent ${agent}, ${text}`)),
  ];
  const wrong = records.flatMap(({ answers }) => answers.wrong);
  const checked = records.reduce((sum, { answers }) => sum + answers.checked, 0);
  return [
    guarantee(
      "skills were admitted",
      admission.admitted > 0 ? [] : ["no skill was admitted"],
      `${admission.admitted} of ${admission.submitted}`,
    ),
    guarantee(
      "no lost update",
      [...updates.lost, ...updates.irregular],
      `${updates.acknowledged} acknowledged, all in the history; ${updates.increments} increments add up; versions without a gap`,
    ),
    guarantee(
      "no stale read",
      [...reads.stale, ...reads.phantom],
      `${reads.checked} reads show every commit acknowledged before they began`,
    ),
    guarantee(
      "runaways are stopped",
      runaways
        .filter(({ status }) => status !== "timeout")
        .map(({ skillId, status }) => `${skillId} ended with ${status}`),
      `${runaways.length} of ${runaways.length}, at most ${overrunMs(runaways)} ms after their deadline`,
    ),
    guarantee(
      "answers are right",
      wrong.map(
        ({ skillId, version, expected, received }) =>
          `${skillId}@${version} answers ${received}, not ${expected}`,
      ),
      `${checked} equal to what the examples document`,
    ),
    guarantee(
      "every run is on record",
      figures.runsRecorded === runs ||
        (figures.runsRecorded > runs && records.length < parts.agents)
        ? []
        : [`${figures.runsRecorded} are recorded of the ${runs} that were made`],
      `${runs} of ${runs}`,
    ),
    guarantee(
      "the conflict was resolved",
      story === undefined ? ["the story did not come to its end"] : storyFaults(story),
      "both changes are in, the other process saw them, the way back restored the content",
    ),
    guarantee("nothing crashed", failures, `${records.length} agent processes ended well`),
  ];
}

function guarantee(name: string, faults: readonly string[], evidence: string): Guarantee {
  const [first] = faults;
  if (first === undefined) return { name, held: true, detail: evidence };
  const more = faults.length === 1 ? "" : ` (and ${faults.length - 1} more)`;
  return { name, held: false, detail: `${first}${more}` };
}

function overrunMs(
  runaways: readonly { readonly durationMs: number; readonly deadlineMs: number }[],
): number {
  return Math.round(
    Math.max(0, ...runaways.map(({ durationMs, deadlineMs }) => durationMs - deadlineMs)),
  );
}
