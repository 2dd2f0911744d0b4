/** What the logs of agents and the end of a store say about it. */
import type { AgentsLog, ReadLog, WriteLog } from "./agents.ts";
import type { CountingStore } from "./counting-store.ts";
import { SHARED } from "./counting-store.ts";

export interface Verdict {
  readonly acknowledged: number;
  /** Writes that were refused because somebody else came first, and made again. */
  readonly refused: number;
  /** Acknowledged updates that the counts at the end do not have. */
  readonly lost: number;
  readonly reads: number;
  readonly stale: number;
  readonly added: number;
  /** Own skills, acknowledged and touched by nobody else, that are not there at the end. */
  readonly dropped: number;
  readonly errors: number;
  readonly firstError: string | undefined;
}

/** @param store as it is opened anew, after the agents have ended */
export async function judge(logs: readonly AgentsLog[], store: CountingStore): Promise<Verdict> {
  const all = <T>(of: (log: AgentsLog) => readonly T[]): T[] => logs.flatMap((log) => of(log));
  const writes = all((log) => log.writes);
  const reads = all((log) => log.reads);
  const added = all((log) => log.added);
  const errors = all((log) => log.errors);
  const acknowledged = writes.filter(({ endedUs }) => endedUs !== undefined).length;
  let counted = 0;
  for (const skill of SHARED) counted += (await store.read(skill)).count;
  return {
    acknowledged,
    refused: logs.reduce((sum, log) => sum + log.refused, 0),
    lost: Math.max(0, acknowledged - counted),
    reads: reads.length,
    stale: SHARED.reduce((sum, skill) => sum + staleReads(skill, reads, writes), 0),
    added: added.length,
    dropped: added.length - (await store.present(added)).length,
    errors: errors.length,
    firstError: errors[0],
  };
}

/**
 * Reads that were given a text although another write began after the one that made it was
 * acknowledged, and was acknowledged itself before the read began. That holds where the last of two
 * writers wins, too: what it wrote over is not stale, it is lost. Where a store keeps no name of the
 * writer, reads that counted less than was acknowledged before they began.
 */
function staleReads(skill: string, reads: readonly ReadLog[], writes: readonly WriteLog[]): number {
  const ours = writes.filter((write) => write.skill === skill);
  const ended = ours.filter((write) => write.endedUs !== undefined) as Required<WriteLog>[];
  const endOf = new Map(ours.map(({ by, endedUs = Infinity }) => [by, endedUs]));
  return reads.filter((read) => {
    if (read.skill !== skill) return false;
    const before = ended.filter(({ endedUs }) => endedUs < read.beganUs);
    if (read.by === undefined) return read.count < before.length;
    const writtenUs = endOf.get(read.by) ?? -Infinity;
    return before.some(({ beganUs }) => beganUs > writtenUs);
  }).length;
}
