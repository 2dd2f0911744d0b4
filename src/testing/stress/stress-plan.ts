/**
 * What a stress run does, from its seed alone: the operations of each client and the faults of the
 * whole. How they interleave is up to the machine, so a failure of a replay may take several.
 */
import { RepertoireError } from "../../base/errors.ts";
import { preview } from "../../base/json.ts";
import type { SkillStatus } from "../../skill/skill.ts";
import { seededRandom } from "./seeded-random.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** Which version a write expects, as seen from the client. */
export type Expectation =
  /** The one it saw last. */
  | "seen"
  /** One that is surely over. */
  | "old"
  | "any"
  /** None. */
  | "absent";

export type StressOperation =
  | {
      readonly op: "add";
      readonly key: string;
      readonly content: string;
      readonly expect: Expectation;
    }
  | {
      readonly op: "rollback";
      readonly key: string;
      readonly back: number;
      readonly expect: Expectation;
    }
  | {
      readonly op: "status";
      readonly key: string;
      readonly status: SkillStatus;
      readonly expect: Expectation;
    }
  | { readonly op: "remove"; readonly key: string; readonly expect: Expectation }
  /** Reads, merges and writes until it has won, as agents do. */
  | { readonly op: "update"; readonly key: string; readonly content: string }
  /** Writes under a lease, which is held for a while before the write. */
  | {
      readonly op: "guarded";
      readonly key: string;
      readonly content: string;
      readonly holdMs: number;
      readonly ttlMs: number;
    }
  | { readonly op: "get" | "search" | "execute" | "history"; readonly key: string };

export type StressOperationKind = StressOperation["op"];

/** How often each kind of operation comes, relative to the others. */
export type StressMix = Readonly<Partial<Record<StressOperationKind, number>>>;

export const STRESS_MIX: Readonly<Record<StressOperationKind, number>> = {
  add: 20,
  update: 12,
  rollback: 5,
  status: 6,
  remove: 3,
  guarded: 0,
  get: 40,
  history: 2,
  search: 0,
  execute: 0,
};

/**
 * @param can whether what is under stress has leases to write under
 * @throws {INVALID_INPUT} for what is no operation, and for a mix in which nothing has a weight
 */
export function checkMix(mix: StressMix, can: { readonly guarded: boolean }): void {
  const kinds = Object.keys(STRESS_MIX).filter((kind) => can.guarded || kind !== "guarded");
  const weights = Object.entries(mix).filter(([, weight]) => weight !== 0);
  const wrong = weights.find(([kind, weight]) => !kinds.includes(kind) || !(weight > 0));
  if (wrong !== undefined)
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected \`mix\` to give weights from 0 to some of ${kinds.join(", ")}, got ${wrong[0]}: ${preview(wrong[1])}`,
    );
  if (weights.length === 0)
    throw new RepertoireError("INVALID_INPUT", "Expected `mix` to give something a weight above 0");
}

/** Ids of the skills under stress. */
export function stressKeys(count: number, prefix = "skill"): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
}

/** The operations of one client, without end. @param client Its name, which says which life it is */
export function* stressOperations(options: {
  readonly seed: number;
  readonly client: string;
  readonly keys: number;
  readonly prefix?: string;
  readonly mix?: StressMix;
}): Generator<StressOperation, never> {
  const { seed, client, keys, prefix, mix = STRESS_MIX } = options;
  const random = seededRandom(`${seed} ${client}`);
  const ids = stressKeys(keys, prefix);
  const kinds = Object.entries(mix).map(
    ([op, weight]) => [weight, op as StressOperationKind] as const,
  );
  for (let count = 0; ; count++) {
    const op = random.pick(kinds);
    const key = ids[random.below(ids.length)] ?? "";
    const expect = random.pick<Expectation>([
      [6, "seen"],
      [2, "any"],
      [1, "old"],
      [1, "absent"],
    ]);
    // Some contents come again, of the same client or of others.
    const content = random.next() < 0.1 ? `shared ${random.below(3)}` : `${client} ${count}`;
    switch (op) {
      case "add":
        yield { op, key, content, expect };
        break;
      case "update":
        yield { op, key, content };
        break;
      case "guarded":
        yield guardedWrite(random, key, content);
        break;
      case "rollback":
        yield { op, key, back: 1 + random.below(4), expect };
        break;
      case "status": {
        const status = random.next() < 0.6 ? "active" : "deprecated";
        yield { op, key, status, expect };
        break;
      }
      case "remove":
        yield { op, key, expect };
        break;
      default:
        yield { op, key };
    }
  }
}

/** One in four is late: its lease has ended when it writes. */
function guardedWrite(random: SeededRandom, key: string, content: string): StressOperation {
  const ttlMs = 100 + random.below(200);
  const isLate = random.next() < 0.25;
  const holdMs = isLate ? ttlMs + random.below(200) : random.below(60);
  return { op: "guarded", key, content, holdMs, ttlMs };
}

export interface StressFault {
  /** When, in milliseconds since the begin. */
  readonly atMs: number;
  /** Which of the processes, counted from 0. */
  readonly process: number;
  readonly kind: "kill" | "pause";
  /** How long a pause is, in milliseconds. */
  readonly forMs: number;
}

/** Kills and pauses at random moments, in order of time. */
export function stressFaults(options: {
  readonly seed: number;
  readonly processes: number;
  readonly durationMs: number;
  readonly kills: number;
  readonly pauses: number;
  readonly maxPauseMs: number;
}): readonly StressFault[] {
  const { seed, processes, durationMs, kills, pauses, maxPauseMs } = options;
  const random = seededRandom(`${seed} faults`);
  const faults = Array.from({ length: kills + pauses }, (_, index): StressFault => ({
    atMs: Math.round(random.next() * durationMs),
    process: random.below(processes),
    kind: index < kills ? "kill" : "pause",
    forMs: index < kills ? 0 : Math.round(10 + random.next() * (maxPauseMs - 10)),
  }));
  return faults.sort((a, b) => a.atMs - b.atMs);
}
