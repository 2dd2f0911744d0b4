import { auditHistory } from "../history/audit-history.ts";
import type { HistoryAudit } from "../history/audit-history.ts";
import type { FailedCall, History, SkillOperation } from "../history/history-file.ts";
import type { Pause } from "../faults/process-faults.ts";
import { checkHistory } from "../linearizability/check-history.ts";
import type { HistoryReport } from "../linearizability/check-history.ts";
import { skillModel } from "../linearizability/skill-model.ts";
import type { SkillAnswer, SkillCall } from "../linearizability/skill-model.ts";

export interface StressReport extends HistoryAudit {
  readonly seed: number;
  /** Whether every history is linearizable and nothing else was found. */
  readonly isSound: boolean;
  /** What was found, for people; with the seed, and how to see it again. Empty when sound. */
  readonly findings: readonly string[];
  readonly check: HistoryReport<SkillCall, SkillAnswer>;
  readonly history: History;
  /** Calls that were refused without effect, by the code of their error. */
  readonly refused: Readonly<Record<string, number>>;
  /** Longest time from the begin of a call to its answer, its client's own pauses excepted. */
  readonly worstWaitMs: number;
}

/** Checks a history, and says what is wrong with it. */
export function stressReport(
  seed: number,
  history: History,
  options: {
    readonly maxSteps?: number;
    /** Pauses of clients, by name. */
    readonly pauses?: ReadonlyMap<string, readonly Pause[]>;
    /** What else was found. */
    readonly findings?: readonly string[];
  } = {},
): StressReport {
  const { pauses = new Map<string, readonly Pause[]>(), findings = [], maxSteps } = options;
  const check = checkHistory(
    history.operations,
    skillModel(),
    maxSteps === undefined ? {} : { maxSteps },
  );
  const audit = auditHistory(history);
  const isNothingAnswered = history.operations.every(({ returned }) => returned === undefined);
  const all = [
    ...findings,
    // Nothing can be wrong with nothing: it must not pass for a proof.
    ...(isNothingAnswered
      ? [`No call was answered (${describeRefused(history)}), so nothing was checked`]
      : []),
    ...check.failures.map(({ explanation }) => explanation),
    ...check.undecided.map(
      (key) => `"${key}" is undecided: its history takes more steps than allowed`,
    ),
  ];
  return {
    seed,
    isSound: all.length === 0,
    findings: all.length === 0 ? [] : [`Found with seed ${seed}:`, ...all],
    check,
    history,
    ...audit,
    refused: countByError(history.failed),
    worstWaitMs: worstWait(history.operations, pauses),
  };
}

function describeRefused({ operations, failed }: History): string {
  const refused = Object.entries(countByError(failed)).map(([error, count]) => `${count} ${error}`);
  return [`${operations.length} of unknown outcome`, ...refused].join(", ");
}

function countByError(failed: readonly FailedCall[]): Readonly<Record<string, number>> {
  const groups = Object.entries(Object.groupBy(failed, ({ error }) => error));
  return Object.fromEntries(groups.map(([error, calls = []]) => [error, calls.length]));
}

function worstWait(
  operations: readonly SkillOperation[],
  pauses: ReadonlyMap<string, readonly Pause[]>,
): number {
  let worst = 0;
  for (const { client, calledAt, returned } of operations) {
    if (returned === undefined) continue;
    const own = pauses.get(client) ?? [];
    const isPaused = own.some(({ from, until }) => from < returned.at && until > calledAt);
    if (!isPaused) worst = Math.max(worst, returned.at - calledAt);
  }
  return worst / 1e6;
}
