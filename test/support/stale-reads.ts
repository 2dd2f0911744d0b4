/**
 * Finds stale reads in what several processes did to the same skills.
 *
 * The model of a skill is the list of its committed states, in order of their revisions. A read may
 * answer with any state that was committed by the time it ended, but with none older than the newest
 * that was acknowledged, to whomever, before it began. Times are of one clock for all processes.
 */

/** What a skill is: its version and status, or neither when it is removed or never was. */
export interface SkillState {
  readonly version: number;
  readonly status: string;
}

export interface ObservedWrite {
  readonly kind: "write";
  readonly id: string;
  readonly beganUs: number;
  readonly endedUs: number;
  readonly revision: number;
  readonly state: SkillState;
}

export interface ObservedRead {
  readonly kind: "read";
  /** What was called. */
  readonly by: string;
  readonly id: string;
  readonly beganUs: number;
  readonly endedUs: number;
  readonly state: SkillState;
}

/** A read of the library's revision. */
export interface ObservedRevision {
  readonly kind: "revision";
  readonly by: string;
  readonly beganUs: number;
  readonly endedUs: number;
  readonly revision: number;
}

export type Observation = ObservedWrite | ObservedRead | ObservedRevision;

export interface StaleReadReport {
  readonly writes: number;
  readonly reads: Readonly<Record<string, number>>;
  /** Reads of a state that was over before they began, by what was called. */
  readonly stale: Readonly<Record<string, number>>;
  /** Reads of a state that was never committed, or not yet. */
  readonly impossible: number;
  /** The first few of both, in words. */
  readonly examples: readonly string[];
}

export const ABSENT: SkillState = { version: 0, status: "absent" };

const EXAMPLES = 5;

export function findStaleReads(observations: readonly Observation[]): StaleReadReport {
  const writes = observations.filter((each) => each.kind === "write");
  const skills = new Map(
    [...Map.groupBy(writes, ({ id }) => id)].map(([id, own]) => [id, historyOf(own)]),
  );
  const revisions = historyOf(writes);
  const reads: Record<string, number> = {};
  const stale: Record<string, number> = {};
  const examples: string[] = [];
  let impossible = 0;

  for (const each of observations) {
    if (each.kind === "write") continue;
    reads[each.by] = (reads[each.by] ?? 0) + 1;
    if (each.kind === "revision") {
      if (each.revision >= revisions.acknowledgedBefore(each.beganUs)) continue;
      stale[each.by] = (stale[each.by] ?? 0) + 1;
      continue;
    }
    const history = skills.get(each.id);
    const floor = history?.acknowledgedBefore(each.beganUs) ?? 0;
    const found = history?.revisionsOf(each.state, each.endedUs) ?? [];
    const possible = sameState(each.state, ABSENT) ? [0, ...found] : found;
    if (possible.some((revision) => revision >= floor)) continue;
    if (possible.length === 0) impossible += 1;
    else stale[each.by] = (stale[each.by] ?? 0) + 1;
    if (examples.length < EXAMPLES)
      examples.push(
        `${each.by} of ${each.id} gave version ${each.state.version}, ${each.state.status} (revision ${possible.join(", ") || "none"}), though revision ${floor} was acknowledged before`,
      );
  }
  return { writes: writes.length, reads, stale, impossible, examples };
}

interface WriteHistory {
  /** The newest revision acknowledged before a time; 0 when there was none. */
  acknowledgedBefore(timeUs: number): number;
  /** Revisions with a state, of writes that had begun by a time. */
  revisionsOf(state: SkillState, timeUs: number): readonly number[];
}

function historyOf(writes: readonly ObservedWrite[]): WriteHistory {
  const byEnd = writes.toSorted((a, b) => a.endedUs - b.endedUs);
  let newest = 0;
  const newestByEnd = byEnd.map(({ revision }) => (newest = Math.max(newest, revision)));
  const byState = Map.groupBy(writes, ({ state }) => keyOf(state));
  return {
    acknowledgedBefore(timeUs) {
      let low = 0;
      let high = byEnd.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((byEnd[middle] as ObservedWrite).endedUs < timeUs) low = middle + 1;
        else high = middle;
      }
      return low === 0 ? 0 : (newestByEnd[low - 1] as number);
    },
    revisionsOf: (state, timeUs) =>
      (byState.get(keyOf(state)) ?? [])
        .filter(({ beganUs }) => beganUs <= timeUs)
        .map(({ revision }) => revision),
  };
}

function keyOf({ version, status }: SkillState): string {
  return `${version} ${status}`;
}

function sameState(a: SkillState, b: SkillState): boolean {
  return keyOf(a) === keyOf(b);
}
