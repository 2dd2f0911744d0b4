/**
 * The accounting: what agents were told, held against what the library has.
 *
 * - An update is lost when an agent was told that it is committed and the history does not show it
 *   at that version, or when a counter falls short of the increments that were acknowledged.
 * - A read is stale when it began after some agent had the acknowledgement of a newer version.
 *   Times are of one clock for the whole machine, so this holds across processes.
 */
import type { Commit, Sighting } from "./agent-record.ts";
import type { CounterState } from "./counter.ts";

/** One stored version, as far as the audit needs it. */
export interface HistoryEntry {
  readonly version: number;
  readonly contentHash: string;
  /** The version's message: the operation that made it. */
  readonly operation: string | undefined;
  /** What a counter's metadata says at this version; absent for other skills. */
  readonly counter?: CounterState;
}

export type Histories = ReadonlyMap<string, readonly HistoryEntry[]>;

export interface UpdateAudit {
  readonly acknowledged: number;
  /** Of those, how many raised a counter. */
  readonly increments: number;
  /** Skills whose histories were read. */
  readonly skills: number;
  /** Updates that were acknowledged and are not there, in words. */
  readonly lost: readonly string[];
  /** Anything else that is not as it must be: a gap in the versions, a count that jumps. */
  readonly irregular: readonly string[];
}

export interface ReadAudit {
  readonly checked: number;
  /** Reads begun after an acknowledgement they do not show, in words. */
  readonly stale: readonly string[];
  /** Reads of something that was never committed, in words. */
  readonly phantom: readonly string[];
}

/**
 * @param isComplete whether every agent lived to say what it was told; when one did not, versions
 *   that nobody was told of are no fault
 */
export function auditUpdates(
  commits: readonly Commit[],
  histories: Histories,
  isComplete = true,
): UpdateAudit {
  const lost: string[] = [];
  const irregular: string[] = [];
  for (const commit of commits) {
    const entry = histories.get(commit.skillId)?.find(({ version }) => version === commit.version);
    if (entry?.operation === commit.operation && entry.contentHash === commit.contentHash) continue;
    const found =
      entry === undefined ? "is not in the history" : `is by ${entry.operation ?? "nobody"}`;
    lost.push(
      `${commit.operation} was acknowledged as ${commit.skillId}@${commit.version}, which ${found}`,
    );
  }
  for (const [skillId, history] of histories) {
    irregular.push(...findGaps(skillId, history));
    const increments = commits.filter((commit) => commit.isIncrement && commit.skillId === skillId);
    const audit = auditCounter(skillId, history, increments, isComplete);
    lost.push(...audit.lost);
    irregular.push(...audit.irregular);
  }
  return {
    acknowledged: commits.length,
    increments: commits.filter((commit) => commit.isIncrement).length,
    skills: histories.size,
    lost,
    irregular,
  };
}

function findGaps(skillId: string, history: readonly HistoryEntry[]): readonly string[] {
  return history.flatMap(({ version }, index) =>
    version === index + 1
      ? []
      : [`${skillId} has version ${version} where version ${index + 1} belongs`],
  );
}

function auditCounter(
  skillId: string,
  history: readonly HistoryEntry[],
  increments: readonly Commit[],
  isComplete: boolean,
): { readonly lost: readonly string[]; readonly irregular: readonly string[] } {
  const end = history.at(-1)?.counter;
  if (end === undefined) return { lost: [], irregular: [] };
  const lost: string[] = [];
  const irregular: string[] = [];
  if (end.count < increments.length)
    lost.push(`${skillId} counts ${end.count}; ${increments.length} increments were acknowledged`);
  if (end.count > increments.length && isComplete)
    irregular.push(`${skillId} counts ${end.count}, more than the ${increments.length} known of`);
  for (const [agent, own] of Map.groupBy(increments, (commit) => commit.agent)) {
    const counted = end.by[agent] ?? 0;
    if (counted < own.length)
      lost.push(`${skillId} counts ${counted} of the ${own.length} increments of agent ${agent}`);
  }
  // A count of 0 is where the counter was set up, and may stand anywhere in an older history.
  history.forEach(({ version, counter }, index) => {
    const before = history[index - 1]?.counter?.count;
    const count = counter?.count;
    if (count === 0 || before === undefined || count === before + 1) return;
    irregular.push(`${skillId}@${version} counts ${String(count)} after ${before}`);
  });
  return { lost, irregular };
}

export function auditReads(
  sightings: readonly Sighting[],
  commits: readonly Commit[],
  histories: Histories,
): ReadAudit {
  const stale: string[] = [];
  const phantom: string[] = [];
  const floors = new Map(
    [...Map.groupBy(commits, (commit) => commit.skillId)].map(([id, own]) => [id, floorOf(own)]),
  );
  for (const sighting of sightings) {
    const { skillId, version, agent, via, beganMs, contentHash } = sighting;
    const seen = `${via} by agent ${agent} shows ${skillId}@${version}`;
    const newest = floors.get(skillId)?.(beganMs);
    if (newest !== undefined && version < newest.version) {
      const earlyMs = (beganMs - newest.acknowledgedMs).toFixed(2);
      stale.push(
        `${seen}, begun ${earlyMs} ms after version ${newest.version} was acknowledged to agent ${newest.agent}`,
      );
    }
    const history = histories.get(skillId);
    if (history === undefined) continue;
    const entry = history.find((candidate) => candidate.version === version);
    if (entry === undefined) phantom.push(`${seen}, which is not in the history`);
    else if (contentHash !== undefined && contentHash !== entry.contentHash)
      phantom.push(`${seen} with content that is not that version's`);
  }
  return { checked: sightings.length, stale, phantom };
}

/** The newest version acknowledged before a moment, found by halving. */
function floorOf(commits: readonly Commit[]): (momentMs: number) => Commit | undefined {
  const floors: { readonly fromMs: number; readonly newest: Commit }[] = [];
  for (const commit of commits.toSorted((a, b) => a.acknowledgedMs - b.acknowledgedMs)) {
    const before = floors.at(-1)?.newest;
    const newest = before !== undefined && before.version > commit.version ? before : commit;
    floors.push({ fromMs: commit.acknowledgedMs, newest });
  }
  return (momentMs) => {
    let low = 0;
    let high = floors.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((floors[middle]?.fromMs ?? Infinity) < momentMs) low = middle + 1;
      else high = middle;
    }
    return floors[low - 1]?.newest;
  };
}
