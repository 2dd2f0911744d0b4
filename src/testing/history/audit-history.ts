/**
 * Counts for people, each by a rule of its own. The verdict is the checker's: it finds these and
 * everything else; a count says at a glance what kind of thing went wrong, and how often.
 */
import type { History, SkillOperation } from "./history-file.ts";

export interface HistoryAudit {
  /** Versions whose making was acknowledged. */
  readonly acknowledgedWrites: number;
  /** Of those, in the last history read of their skill they are missing or of other content. */
  readonly lostWrites: number;
  /** Reads, searches and runs that saw a version or none. */
  readonly reads: number;
  /** Of those, begun after a newer version of the skill was acknowledged. */
  readonly staleReads: number;
  /** Writes accepted under a lease. */
  readonly guardedWrites: number;
  /** Of those, begun after a later lease on the skill was granted. */
  readonly doubleOwnerWrites: number;
}

export function auditHistory({ operations }: Pick<History, "operations">): HistoryAudit {
  const counts = {
    acknowledgedWrites: 0,
    lostWrites: 0,
    reads: 0,
    staleReads: 0,
    guardedWrites: 0,
    doubleOwnerWrites: 0,
  };
  for (const ofSkill of Map.groupBy(operations, ({ key }) => key).values()) {
    const answered = ofSkill.filter(({ returned }) => returned !== undefined);
    countLost(answered, counts);
    countStale(answered, counts);
    countDoubleOwners(answered, counts);
  }
  return counts;
}

type Counts = { -readonly [Name in keyof HistoryAudit]: number };

interface Moment {
  readonly at: number;
  readonly value: bigint;
}

function countLost(operations: readonly SkillOperation[], counts: Counts): void {
  const made = operations.filter(isMade);
  counts.acknowledgedWrites += made.length;
  const last = operations
    .filter(({ returned }) => returned?.answer.kind === "contents")
    .reduce<SkillOperation | undefined>(
      (latest, each) => (latest !== undefined && latest.calledAt > each.calledAt ? latest : each),
      undefined,
    );
  if (last?.returned?.answer.kind !== "contents") return;
  const { contents } = last.returned.answer;
  for (const { returned } of made) {
    if (returned === undefined || returned.at > last.calledAt) continue;
    const { answer } = returned;
    if (answer.kind === "version" && contents[answer.version - 1] !== answer.content)
      counts.lostWrites += 1;
  }
}

function countStale(operations: readonly SkillOperation[], counts: Counts): void {
  const newest = growing(
    operations.filter(isMade).map(({ returned }) => ({
      at: returned?.at ?? 0,
      value: returned?.answer.kind === "version" ? BigInt(returned.answer.version) : 0n,
    })),
  );
  for (const { call, calledAt, returned } of operations) {
    const isRead = call.op === "get" || call.op === "search" || call.op === "execute";
    if (!isRead || returned === undefined) continue;
    counts.reads += 1;
    const { answer } = returned;
    if (answer.kind === "version" && BigInt(answer.version) < newest(calledAt))
      counts.staleReads += 1;
  }
}

function countDoubleOwners(operations: readonly SkillOperation[], counts: Counts): void {
  const greatest = growing(
    operations.flatMap(({ returned }) =>
      returned?.answer.kind === "lease"
        ? [{ at: returned.at, value: BigInt(returned.answer.token) }]
        : [],
    ),
  );
  for (const operation of operations) {
    const { call, calledAt } = operation;
    if (call.op !== "add" || call.token === undefined || !isMade(operation)) continue;
    counts.guardedWrites += 1;
    if (BigInt(call.token) < greatest(calledAt)) counts.doubleOwnerWrites += 1;
  }
}

function isMade({ returned }: SkillOperation): boolean {
  return returned?.answer.kind === "version" && returned.answer.created === true;
}

/** The greatest value of all moments before a time. */
function growing(moments: readonly Moment[]): (time: number) => bigint {
  const sorted = [...moments].sort((a, b) => a.at - b.at);
  let greatest = 0n;
  const steps = sorted.map(({ at, value }) => {
    if (value > greatest) greatest = value;
    return { at, greatest };
  });
  return (time) => {
    let low = 0;
    let high = steps.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((steps[middle]?.at ?? 0) < time) low = middle + 1;
      else high = middle;
    }
    return steps[low - 1]?.greatest ?? 0n;
  };
}
