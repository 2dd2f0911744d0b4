import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { openLibrary } from "../../src/library/open-library.ts";
import { canMount, smallDisk } from "../../src/store/testing-fixtures/small-disk.ts";
import { temporaryDirectory } from "../../src/store/testing-fixtures/temporary-directory.ts";
import { STRESS_MIX } from "../../src/testing/stress/stress-plan.ts";
import { hasGuardedWrites } from "../../src/testing/stress/stress-subject.ts";
import { stressProcesses } from "../../src/testing/stress/stress-processes.ts";
import type { StressProcessesReport } from "../../src/testing/stress/stress-processes.ts";
import { checkFiles, checkLibrary } from "./check-integrity.ts";

export interface TortureOptions {
  /** Rounds begin for so long, checks included; there is one at least. */
  readonly durationMs: number;
  readonly processes: number;
  readonly seed: number;
  /** Whether some rounds take place on a disk that fills up (default: where a disk can be mounted). */
  readonly fullDisk?: boolean;
  /** Number of the first round; the fourth of every four is on such a disk (default: 0). */
  readonly firstRound?: number;
  /** Length of a round, after which its histories are checked (default: 15,000). */
  readonly roundMs?: number;
  /** Told of each round. */
  readonly onRound?: (line: string) => void;
}

export interface TortureReport {
  readonly seed: number;
  readonly isSound: boolean;
  readonly findings: readonly string[];
  readonly rounds: number;
  readonly fullDiskRounds: number;
  readonly operations: number;
  readonly processes: number;
  readonly kills: number;
  readonly pauses: number;
  readonly histories: number;
  /** Calls whose outcome nobody knows. */
  readonly unanswered: number;
  readonly acknowledgedWrites: number;
  readonly lostWrites: number;
  readonly reads: number;
  readonly staleReads: number;
  /** `undefined` where writes can not be guarded by leases of other processes. */
  readonly guardedWrites: number | undefined;
  readonly doubleOwnerWrites: number;
  readonly integrityChecks: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly worstWaitMs: number;
}

const MODULE = new URL("./library-subject.ts", import.meta.url);
const KEYS = 6;
/** One round of so many is on a disk that fills up. */
const FULL_DISK_ROUND = 4;
const DISK_MIB = 24;

/**
 * Many processes on one library, with random operations, kills, pauses and full disks, in rounds.
 * Every round has skills of its own on the same library; its histories are checked when it is over.
 */
export async function torture(options: TortureOptions): Promise<TortureReport> {
  const { durationMs, processes, seed, firstRound = 0, roundMs = 15_000, onRound } = options;
  const fullDisk = options.fullDisk ?? canMount();
  const place = temporaryDirectory();
  const path = join(place.path, "library");
  const totals = emptyTotals();
  const findings: string[] = [];
  const endMs = performance.now() + durationMs;
  const eachMs = Math.min(roundMs, durationMs);
  let fullDiskRounds = 0;
  let guards: boolean | undefined;
  let round = firstRound;

  const check = async (
    where: string,
    look: () => readonly string[] | Promise<readonly string[]>,
  ) => {
    totals.integrityChecks += 1;
    findings.push(...(await look()).map((problem) => `${where}: ${problem}`));
  };

  try {
    const isOver = (): boolean => round > firstRound && performance.now() >= endMs;
    for (; findings.length === 0 && !isOver(); round++) {
      const isFull = fullDisk && round % FULL_DISK_ROUND === FULL_DISK_ROUND - 1;
      const disk = isFull ? smallDisk(join(place.path, "disk"), `size=${DISK_MIB}m`) : undefined;
      const directory = isFull ? join(place.path, "disk", "library") : path;
      try {
        guards ??= await prepare(directory);
        if (isFull) await prepare(directory);
        const filling = isFull ? fillAndFree(join(place.path, "disk", "filler")) : undefined;
        const report = await stressProcesses({
          module: MODULE,
          argument: directory,
          seed: seed + round,
          durationMs: eachMs,
          processes,
          keys: KEYS,
          prefix: `round${round}x`,
          mix: {
            ...STRESS_MIX,
            get: 30,
            search: 12,
            execute: 10,
            guarded: guards ? 12 : 0,
          },
          kills: Math.max(1, Math.round(eachMs / 2500)),
          pauses: Math.max(1, Math.round(eachMs / 2500)),
          maxPauseMs: 1500,
          ...(filling === undefined ? {} : { onStopped: filling }),
          ...(isFull
            ? {}
            : {
                onKilled: () => check(`round ${round}, after a kill`, () => checkFiles(directory)),
              }),
        });
        addTo(totals, report);
        findings.push(...report.findings);
        await check(`round ${round}, at its end`, () => checkLibrary(directory));
        if (isFull) fullDiskRounds += 1;
        onRound?.(roundLine(round, isFull, report));
      } finally {
        disk?.unmount();
        if (isFull) rmSync(join(place.path, "disk"), { recursive: true, force: true });
      }
    }
    return {
      ...totals,
      seed,
      isSound: findings.length === 0,
      findings,
      rounds: round - firstRound,
      fullDiskRounds,
      guardedWrites: guards ? totals.guardedWrites : undefined,
    };
  } finally {
    place.remove();
  }
}

function emptyTotals() {
  return {
    operations: 0,
    processes: 0,
    kills: 0,
    pauses: 0,
    histories: 0,
    unanswered: 0,
    acknowledgedWrites: 0,
    lostWrites: 0,
    reads: 0,
    staleReads: 0,
    guardedWrites: 0,
    doubleOwnerWrites: 0,
    integrityChecks: 0,
    worstWaitMs: 0,
    refused: {} as Record<string, number>,
  };
}

function addTo(totals: ReturnType<typeof emptyTotals>, report: StressProcessesReport): void {
  const { check } = report;
  totals.operations += check.operations;
  totals.histories += check.objects;
  totals.unanswered += check.unanswered;
  for (const name of [
    "processes",
    "kills",
    "pauses",
    "acknowledgedWrites",
    "lostWrites",
    "reads",
    "staleReads",
    "guardedWrites",
    "doubleOwnerWrites",
  ] as const)
    totals[name] += report[name];
  totals.worstWaitMs = Math.max(totals.worstWaitMs, report.worstWaitMs);
  for (const [error, count] of Object.entries(report.refused))
    totals.refused[error] = (totals.refused[error] ?? 0) + count;
}

function roundLine(round: number, isFull: boolean, report: StressProcessesReport): string {
  const { check, kills, pauses, isSound, worstWaitMs, history } = report;
  const place = isFull ? ", on a disk that fills up" : "";
  return `round ${round}${place}: ${check.operations} operations, ${history.failed.length} refused, ${kills} kills, ${pauses} pauses, worst wait ${worstWaitMs.toFixed(0)} ms, ${isSound ? "sound" : "NOT SOUND"}`;
}

/** Makes the library, and tells whether its writes can be guarded. */
async function prepare(directory: string): Promise<boolean> {
  await using library = await openLibrary({ path: directory, sandbox: { workers: 1 } });
  return await hasGuardedWrites(library);
}

/**
 * Fills the disk to the last byte and frees it again, over and over.
 *
 * @returns ends it, with the disk free
 */
function fillAndFree(filler: string): () => Promise<void> {
  const over = new AbortController();
  const block = Buffer.alloc(256 * 1024);
  const turns = (async () => {
    for (;;) {
      await pause(1500, over.signal);
      if (over.signal.aborted) return;
      try {
        for (;;) writeFileSync(filler, block, { flag: "a" });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
      await pause(1500, over.signal);
      rmSync(filler, { force: true });
    }
  })();
  return async () => {
    over.abort();
    await turns;
    rmSync(filler, { force: true });
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // Whoever ends the pause early goes on as after a whole one.
  await wait(ms, undefined, { signal }).catch(() => undefined);
}
