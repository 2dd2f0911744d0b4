/**
 * How the start of a run is posted to a worker. Small runs spend most of their time on messages, so
 * a program is sent once and then named by a number, and limits travel as a list: the names of an
 * object's properties cost more to copy than their values.
 *
 * Only the host thread decides what a worker remembers; the worker does as it is told. Messages of
 * one port keep their order, so a number never means a program that was not sent yet.
 */
import { LRUCache } from "lru-cache";
import { RUN_LIMIT_RANGES } from "../../base/limits.ts";
import type { RunLimits } from "../../base/limits.ts";
import type { Program } from "../sandbox.ts";
import type { Job } from "../run/job.ts";
import type { ToWorker } from "./wire.ts";

type Start = Extract<ToWorker, { readonly kind: "start" }>;

/** A start as it is posted; the program is there when its number means another one so far. */
export type PackedStart = readonly [
  slot: number,
  attempt: number,
  programNumber: number,
  program: Program | undefined,
  rest: Omit<Job, "program" | "limits">,
  /** Absent when they are those of the start before. */
  limits: readonly number[] | undefined,
];

/** Programs a worker remembers, and the length of all their texts. */
const MAX_PROGRAMS = 256;
const MAX_PROGRAMS_LENGTH = 8 * 1024 * 1024;

/** The number of a program too long to be remembered. */
const FORGOTTEN = -1;

/** The worker needs no others: what is kept of a run for later is the host's. */
const LIMIT_NAMES = Object.keys(RUN_LIMIT_RANGES) as readonly (keyof RunLimits)[];

/** Packs the starts of one worker. Programs are told apart by their objects. */
export function createStartPacker(): (start: Start) => PackedStart {
  const freeNumbers: number[] = [];
  let nextNumber = 0;
  const numbers = new LRUCache<Program, number>({
    max: MAX_PROGRAMS,
    maxSize: MAX_PROGRAMS_LENGTH,
    sizeCalculation: (_, program) => textLength(program),
    dispose: (number) => freeNumbers.push(number),
  });

  let lastLimits: RunLimits | undefined;

  function changed(limits: RunLimits): readonly number[] | undefined {
    const last = lastLimits;
    if (last !== undefined && LIMIT_NAMES.every((name) => last[name] === limits[name])) {
      return undefined;
    }
    lastLimits = { ...limits };
    return LIMIT_NAMES.map((name) => limits[name]);
  }

  return ({ slot, attempt, job: { program, limits, ...rest } }) => {
    const values = changed(limits);
    const known = numbers.get(program);
    if (known !== undefined) return [slot, attempt, known, undefined, rest, values];
    if (textLength(program) > MAX_PROGRAMS_LENGTH) {
      return [slot, attempt, FORGOTTEN, program, rest, values];
    }
    const number = freeNumbers.pop() ?? nextNumber++;
    numbers.set(program, number);
    return [slot, attempt, number, program, rest, values];
  };
}

/** The worker's side of {@link createStartPacker}. */
export function createStartUnpacker(): (packed: PackedStart) => Start {
  const programs = new Map<number, Program>();
  let limits: RunLimits | undefined;
  return ([slot, attempt, number, sent, rest, values]) => {
    if (sent !== undefined && number !== FORGOTTEN) programs.set(number, sent);
    const program = sent ?? programs.get(number);
    if (values !== undefined) {
      const entries = LIMIT_NAMES.map((name, index) => [name, values[index]]);
      limits = Object.fromEntries(entries) as unknown as RunLimits;
    }
    if (program === undefined || limits === undefined) {
      throw new Error(`A start refers to the program ${number} and limits that were never sent`);
    }
    return { kind: "start", slot, attempt, job: { ...rest, program, limits } };
  };
}

function textLength({ file, code, inputSchema = "", outputSchema = "" }: Program): number {
  return 1 + file.length + code.length + inputSchema.length + outputSchema.length;
}
