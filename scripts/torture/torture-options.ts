/** What `npm run torture` is told on the command line. */
import { parseArgs } from "node:util";

export interface TortureFlags {
  readonly minutes: number;
  readonly processes: number;
  readonly seed: number;
  readonly round: number;
}

export const USAGE = `Usage: npm run torture -- [--minutes M] [--processes N] [--seed S] [--round R]

Many processes work on one library, some are killed, some are suspended, and every fourth round is on
a disk that fills up (that needs root). Every history is checked.

  --minutes M    how long (default: 1); may be a fraction
  --processes N  at once, from 1 to 64 (default: 6)
  --seed S       a whole number; the same one repeats operations and faults (default: of the clock)
  --round R      number of the first round, of 15 s each; a replay begins with the one where something
                 was found (default: 0)

Ends with 0 when nothing was found, with 1 when something was, and with 2 when an option is wrong.
`;

const MAX_PROCESSES = 64;
const MAX_MINUTES = 7 * 24 * 60;

/** @throws {TypeError} for what it does not know, in words for people; @returns "help" when asked for it */
export function tortureFlags(given: readonly string[]): TortureFlags | "help" {
  const { values } = parseArgs({
    args: [...given],
    options: {
      help: { type: "boolean", short: "h", default: false },
      minutes: { type: "string", default: "1" },
      processes: { type: "string", default: "6" },
      round: { type: "string", default: "0" },
      seed: { type: "string", default: String(1 + (Date.now() % 1_000_000)) },
    },
  });
  if (values.help) return "help";
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= MAX_MINUTES))
    throw new TypeError(
      `Expected --minutes to be a number above 0 and at most ${MAX_MINUTES}, got "${values.minutes}"`,
    );
  return {
    minutes,
    processes: whole("processes", values.processes, 1, MAX_PROCESSES),
    round: whole("round", values.round, 0, 1_000_000_000),
    seed: whole("seed", values.seed, 0, Number.MAX_SAFE_INTEGER),
  };
}

function whole(name: string, given: string, min: number, max: number): number {
  const value = given.trim() === "" ? Number.NaN : Number(given);
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new TypeError(
    `Expected --${name} to be a whole number from ${min} to ${max}, got "${given}"`,
  );
}

/** The command that begins with the round in which something was found. */
export function replayCommand({ minutes, processes, seed }: TortureFlags, round: number): string {
  return `npm run torture -- --minutes ${minutes} --processes ${processes} --seed ${seed} --round ${round}`;
}
