/**
 * A process that reads and writes the same few skills as others, at random, and tells what it saw.
 * Its task comes as JSON in the first argument. Some are sabotaged, to show that the check sees it.
 */
import { RepertoireError } from "../../src/base/errors.ts";
import { SkillCache } from "../../src/cache/skill-cache.ts";
import { openLibrary } from "../../src/library/open-library.ts";
import type { SkillLibrary } from "../../src/library/skill-library.ts";
import { sqliteSkillStore } from "../../src/store/sqlite/sqlite-skill-store.ts";
import { noteDraft } from "./skill-draft.ts";
import { ABSENT } from "./stale-reads.ts";
import type { Observation, SkillState } from "./stale-reads.ts";

export interface CoherenceTask {
  readonly path: string;
  readonly seed: number;
  readonly ids: readonly string[];
  readonly durationMs: number;
  /** Share of its calls that write. */
  readonly writes: number;
  /**
   * `late`: it is told of others' commits up to 50 ms late, as by a message. `deaf`: every third
   * invalidation does nothing.
   */
  readonly sabotage?: "late" | "deaf";
}

const task = JSON.parse(process.argv[2] ?? "") as CoherenceTask;
const { ids } = task;
const LATE_MS = 50;
/** However slow the machine is. */
const MIN_OBSERVATIONS = 1500;
const MAX_OBSERVATIONS = 100_000;

let state = task.seed;
/** Numbers that look random and are the same each time (mulberry32). */
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

function pick<T>(items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T;
}

const nowUs = (): number => Number(process.hrtime.bigint() / 1000n);
const observations: Observation[] = [];
let serial = 0;

async function write(library: SkillLibrary, id: string): Promise<void> {
  const beganUs = nowUs();
  serial += 1;
  const mark = `${process.pid}-${serial}`;
  try {
    const observed = await change(library, id, mark);
    observations.push({ kind: "write", id, beganUs, endedUs: nowUs(), ...observed });
  } catch (error) {
    // Somebody else removed it meanwhile.
    if (!(error instanceof RepertoireError && error.code === "SKILL_NOT_FOUND")) throw error;
  }
}

async function change(
  library: SkillLibrary,
  id: string,
  mark: string,
): Promise<{ readonly revision: number; readonly state: SkillState }> {
  const kind = random();
  if (kind < 0.7) {
    const added = await library.add(noteDraft(id, mark), { expectedVersion: "any" });
    return { revision: added.revision, state: { version: added.version, status: "active" } };
  }
  if (kind < 0.9) {
    // With a reason of its own it is always a change.
    const status = pick(["active", "deprecated"] as const);
    const set = await library.setStatus(id, status, { reason: mark });
    return { revision: set.revision, state: { version: set.version, status } };
  }
  return { revision: (await library.remove(id)).revision, state: ABSENT };
}

function observe(by: string, id: string, beganUs: number, found: SkillState | undefined): void {
  const { version, status } = found ?? ABSENT;
  const seen = { version, status };
  observations.push({ kind: "read", by, id, beganUs, endedUs: nowUs(), state: seen });
}

const READS: Readonly<Record<string, (library: SkillLibrary, id: string) => Promise<void>>> = {
  async get(library, id) {
    const beganUs = nowUs();
    observe("get", id, beganUs, await library.get(id));
  },
  async "get at once"(library, id) {
    const beganUs = nowUs();
    for (const found of await Promise.all([1, 2, 3, 4].map(() => library.get(id))))
      observe("get at once", id, beganUs, found);
  },
  async list(library) {
    const beganUs = nowUs();
    const found = new Map((await library.list()).map((skill) => [skill.id, skill]));
    for (const id of ids) observe("list", id, beganUs, found.get(id));
  },
  async search(library, id) {
    for (const status of ["active", "deprecated"] as const) {
      const beganUs = nowUs();
      const { matches } = await library.search(`note ${id}`, { status });
      const match = matches.find((each) => each.id === id);
      if (match !== undefined) observe("search", id, beganUs, { version: match.version, status });
    }
  },
  async stats(library) {
    const beganUs = nowUs();
    const { revision } = await library.stats();
    observations.push({ kind: "revision", by: "stats", beganUs, endedUs: nowUs(), revision });
  },
};

function disturb(library: SkillLibrary, id: string): void {
  const kind = random();
  if (kind < 0.6) library.cache.invalidate(`skill:${id}`);
  else if (kind < 0.9) library.cache.invalidatePattern(pick(["skill:*", "search:*", "*"]));
  else library.cache.clear();
}

async function work(library: SkillLibrary): Promise<void> {
  const endMs = performance.now() + task.durationMs;
  const one = async (): Promise<void> => {
    while (
      (performance.now() < endMs || observations.length < MIN_OBSERVATIONS) &&
      observations.length < MAX_OBSERVATIONS
    ) {
      const id = pick(ids);
      const kind = random();
      if (kind < task.writes) await write(library, id);
      else if (kind < task.writes + 0.02) disturb(library, id);
      else if (kind > 0.98) await (READS["stats"] as (typeof READS)[string])(library, id);
      else if (kind > 0.94) await (READS["list"] as (typeof READS)[string])(library, id);
      else if (kind > 0.86) await (READS["search"] as (typeof READS)[string])(library, id);
      else await pick([READS["get"], READS["get at once"]])?.(library, id);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all([one(), one(), one()]);
}

async function open(): Promise<SkillLibrary> {
  const { path, sabotage } = task;
  const options = { path, durability: "normal", embedder: false, sandbox: { workers: 1 } } as const;
  if (sabotage === "deaf") {
    const { invalidate } = SkillCache.prototype;
    let calls = 0;
    SkillCache.prototype.invalidate = function (key) {
      calls += 1;
      return calls % 3 === 0 ? false : invalidate.call(this, key);
    };
  }
  if (sabotage !== "late") return openLibrary(options);
  const store = await sqliteSkillStore({ path: `${path}/library.sqlite`, durability: "normal" });
  let told = -1;
  let toldMs = Number.NEGATIVE_INFINITY;
  return openLibrary({
    ...options,
    store: {
      ...store,
      revision() {
        const nowMs = performance.now();
        if (nowMs - toldMs < LATE_MS) return told;
        toldMs = nowMs;
        told = store.revision() as number;
        return told;
      },
    },
  });
}

const library = await open();
process.once("message", () => {
  void work(library)
    .then(() => library.close())
    .then(() => process.send?.(observations, () => process.disconnect()));
});
process.send?.("ready");
