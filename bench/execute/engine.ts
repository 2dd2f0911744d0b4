/** What the program asks of everything it measures. */
import type { BenchSkill } from "./skills.ts";

/** Something that runs skills and is ready to. */
export interface OpenEngine {
  /** The result as JSON text. */
  run(skill: BenchSkill): Promise<string> | string;
  close(): Promise<void> | void;
}

export interface BenchEngine {
  readonly name: string;
  /** What a run has for itself: nothing, a realm, memory, a process. */
  readonly pristine: string;
  /** Whether the bare engine was given a way to call its host. */
  readonly callsHost: boolean;
  /** Throws {@link NotInstalled} when it can not be measured here. */
  open(): Promise<OpenEngine>;
}

/** The engine is no dependency and not there; the message says how to get it. */
export class NotInstalled extends Error {}

/** Runs a skill and sees to it that it did its work. */
export async function runChecked(engine: OpenEngine, skill: BenchSkill): Promise<void> {
  const json = await engine.run(skill);
  if (json.length === skill.resultLength) return;
  throw new Error(`"${skill.name}" gave ${json.slice(0, 100)}`);
}
