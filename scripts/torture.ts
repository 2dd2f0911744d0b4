/**
 * Many processes on one library, with random operations, kills, pauses and full disks; every history
 * is checked. Ends with 1 when anything is found, with the seed that repeats its plan.
 *
 * Run: `npm run torture -- --minutes 5 [--processes 6] [--seed S] [--round N]`; a replay
 * begins with the round in which something was found.
 */
import { canMount } from "../src/store/testing-fixtures/small-disk.ts";
import { replayCommand, tortureFlags, USAGE } from "./torture/torture-options.ts";
import type { TortureFlags } from "./torture/torture-options.ts";
import { torture } from "./torture/torture.ts";
import type { TortureReport } from "./torture/torture.ts";

const flags = readFlags();
const { minutes, processes, seed, round } = flags;

function readFlags(): TortureFlags {
  try {
    const read = tortureFlags(process.argv.slice(2));
    if (read !== "help") return read;
    console.log(USAGE.trimEnd());
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE.trimEnd()}`);
    process.exit(2);
  }
}

console.log(`torture: ${minutes} minutes, ${processes} processes, seed ${seed}`);
if (!canMount())
  console.log("SKIPPED: the rounds on a full disk; they need root and a system that mounts tmpfs");
const report = await torture({
  durationMs: Math.max(1, Math.round(minutes * 60_000)),
  processes,
  seed,
  firstRound: round,
  onRound: (line) => console.log(line),
});
console.log(summary(report));
process.exitCode = report.isSound ? 0 : 1;

function summary(of: TortureReport): string {
  const whole = (value: number): string => value.toLocaleString("en");
  const guarded =
    of.guardedWrites === undefined
      ? "SKIPPED: this library has no leases across processes"
      : `${whole(of.doubleOwnerWrites)} of ${whole(of.guardedWrites)}`;
  const rows = {
    rounds: `${of.rounds} (${of.fullDiskRounds} on a disk that fills up)`,
    operations: `${whole(of.operations)} (${whole(of.unanswered)} of unknown outcome)`,
    processes: whole(of.processes),
    kills: whole(of.kills),
    pauses: whole(of.pauses),
    "histories checked": whole(of.histories),
    "integrity checks": whole(of.integrityChecks),
    "lost acknowledged writes": `${whole(of.lostWrites)} of ${whole(of.acknowledgedWrites)}`,
    "stale reads": `${whole(of.staleReads)} of ${whole(of.reads)}`,
    "double-owner writes": guarded,
    refused: JSON.stringify(of.refused),
    "worst wait": `${whole(Math.round(of.worstWaitMs))} ms`,
  };
  const lines = Object.entries(rows).map(([name, value]) => `${name.padEnd(26)}${value}`);
  const verdict = of.isSound
    ? "Nothing was found."
    : [
        ...of.findings,
        `Replay with: ${replayCommand(flags, round + Math.max(0, of.rounds - 1))}`,
      ].join("\n");
  return [...lines, verdict].join("\n");
}
