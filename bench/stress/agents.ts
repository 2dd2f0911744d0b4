/** Agents at work on one store, in one process: what each of them did and saw, and when. */
import { setTimeout as sleep } from "node:timers/promises";
import { SHARED } from "./counting-store.ts";
import type { Counted, CountingStore } from "./counting-store.ts";

export interface ReadLog extends Counted {
  readonly skill: string;
  readonly beganUs: number;
}

export interface WriteLog {
  readonly skill: string;
  readonly by: string;
  readonly beganUs: number;
  /** Absent when it was not acknowledged. */
  readonly endedUs?: number;
}

export interface AgentsLog {
  readonly reads: ReadLog[];
  readonly writes: WriteLog[];
  /** Own skills whose addition was acknowledged. */
  readonly added: string[];
  refused: number;
  readonly errors: string[];
}

/** Acknowledged updates that each agent makes. */
const UPDATES = 25;
/** An own skill is added after this many updates. */
const ADD_EVERY = 5;
const MAX_TRIES = 200;
const THINKING_MS = 2;
const DEADLINE_MS = 60_000;

/** On the clock that all processes of a machine share. */
const nowUs = (): number => Number(process.hrtime.bigint()) / 1000;

export async function workAsAgents(
  store: CountingStore,
  names: readonly string[],
): Promise<AgentsLog> {
  const log: AgentsLog = { reads: [], writes: [], added: [], refused: 0, errors: [] };
  const endMs = performance.now() + DEADLINE_MS;

  /** One more, by reading, thinking and writing, until it is acknowledged. */
  async function update(skill: string, by: string): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES && performance.now() < endMs; tries++) {
      const attempt = `${by} ${tries}`;
      let beganUs = nowUs();
      let isWriting = false;
      try {
        const seen = await store.read(skill);
        log.reads.push({ skill, ...seen, beganUs });
        await sleep(Math.random() * THINKING_MS);
        beganUs = nowUs();
        isWriting = true;
        if (await store.write(skill, seen, attempt)) {
          log.writes.push({ skill, by: attempt, beganUs, endedUs: nowUs() });
          return;
        }
        log.refused += 1;
      } catch (error) {
        // What failed may have been written all the same.
        if (isWriting) log.writes.push({ skill, by: attempt, beganUs });
        log.errors.push(error instanceof Error ? error.message : String(error));
      }
    }
  }

  async function work(name: string): Promise<void> {
    for (let n = 1; n <= UPDATES; n++) {
      await update(SHARED[Math.floor(Math.random() * SHARED.length)] as string, `${name} ${n}`);
      if (n % ADD_EVERY !== 0) continue;
      const id = `own_${name}_${n}`;
      try {
        await store.add(id);
        log.added.push(id);
      } catch (error) {
        log.errors.push(error instanceof Error ? error.message : String(error));
      }
    }
  }

  await Promise.all(names.map(work));
  return log;
}
