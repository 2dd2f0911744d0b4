import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openLibrary } from "../../src/library/open-library.ts";
import { temporaryDirectory } from "../../src/store/testing-fixtures/temporary-directory.ts";
import type { CoherenceTask } from "../support/coherence-process.ts";
import { ABSENT, findStaleReads } from "../support/stale-reads.ts";
import type { Observation, StaleReadReport } from "../support/stale-reads.ts";
import { noteDraft } from "../support/skill-draft.ts";

const PROGRAM = fileURLToPath(new URL("../support/coherence-process.ts", import.meta.url));
/** Longer on demand, for figures. */
const SECONDS = Number(process.env["REPERTOIRE_STRESS_SECONDS"] ?? 2);
/** Four processes on a busy machine take their time. */
const TIMEOUT_MS = 120_000 + SECONDS * 2000;
const IDS = ["alpha", "beta", "gamma"];

let directory: ReturnType<typeof temporaryDirectory>;
let children: ChildProcess[];

beforeEach(() => {
  directory = temporaryDirectory();
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  directory.remove();
});

async function stress(
  tasks: readonly Pick<CoherenceTask, "writes" | "sabotage">[],
): Promise<StaleReadReport> {
  const seed = Math.floor(Math.random() * 2 ** 31);
  await (await openLibrary({ path: directory.path, embedder: false })).close();
  children = tasks.map((own, at) => {
    const task: CoherenceTask = {
      path: directory.path,
      seed: seed + at,
      ids: IDS,
      durationMs: SECONDS * 1000,
      ...own,
    };
    return fork(PROGRAM, [JSON.stringify(task)], { execArgv: [] });
  });
  await Promise.all(children.map((child) => once(child, "message")));
  const told = Promise.all(
    children.map(async (child) => {
      const ended = once(child, "exit").then(([code]) => {
        throw new Error(`A process ended with ${code} before it told what it saw`);
      });
      const [observations] = (await Promise.race([once(child, "message"), ended])) as [
        readonly Observation[],
      ];
      ended.catch(() => undefined);
      return observations;
    }),
  );
  for (const child of children) child.send("go");
  return findStaleReads((await told).flat());
}

const WRITER = { writes: 0.3 };
const READER = { writes: 0.02 };

describe("the check", () => {
  const write = (revision: number, beganUs: number, endedUs: number): Observation => ({
    kind: "write",
    id: "a",
    beganUs,
    endedUs,
    revision,
    state: { version: revision, status: "active" },
  });
  const read = (version: number, beganUs: number, endedUs: number): Observation => ({
    kind: "read",
    by: "get",
    id: "a",
    beganUs,
    endedUs,
    state: version === 0 ? ABSENT : { version, status: "active" },
  });

  test("lets a read overlap a write either way, and nothing older or never written", () => {
    const writes = [write(1, 10, 20), write(2, 30, 40)];
    const staleOf = (...reads: Observation[]): unknown => {
      const { stale, impossible } = findStaleReads([...writes, ...reads]);
      return [stale["get"] ?? 0, impossible];
    };
    expect(staleOf(read(0, 5, 15), read(1, 15, 16), read(1, 35, 50), read(2, 35, 36))).toEqual([
      0, 0,
    ]);
    expect(staleOf(read(0, 21, 22))).toEqual([1, 0]);
    expect(staleOf(read(1, 41, 42))).toEqual([1, 0]);
    expect(staleOf(read(2, 21, 22))).toEqual([0, 1]);
    expect(staleOf(read(3, 50, 51))).toEqual([0, 1]);
  });

  test.each(["late", "deaf"] as const)(
    "sees what a %s cache gives its readers",
    // A library that is lied to may also fail or hang; whether it is caught when it does not counts.
    { retry: 2, timeout: 60_000 },
    async (sabotage) => {
      const { stale, reads } = await stress([WRITER, { ...READER, sabotage }]);
      expect(reads["get"]).toBeGreaterThan(0);
      expect((stale["get"] ?? 0) + (stale["get at once"] ?? 0)).toBeGreaterThan(0);
    },
  );
});

test(
  "no read of several processes is stale, whatever they write, invalidate and clear",
  { timeout: TIMEOUT_MS },
  async () => {
    const report = await stress([WRITER, WRITER, READER, READER]);
    if (process.env["REPERTOIRE_STRESS_SECONDS"] !== undefined) console.log(report);
    expect(report).toMatchObject({ stale: {}, impossible: 0, examples: [] });
    expect(report.writes).toBeGreaterThan(10);
    for (const by of ["get", "get at once", "list", "search", "stats"])
      expect(report.reads[by]).toBeGreaterThan(0);
  },
);

test("any number of readers of one process load a skill once", async () => {
  await using library = await openLibrary({ path: directory.path, embedder: false });
  await library.add(noteDraft("alpha"));
  const before = library.cache.stats.loads;
  const found = await Promise.all(Array.from({ length: 1000 }, () => library.get("alpha")));
  expect(new Set(found).size).toBe(1);
  const searches = await Promise.all(Array.from({ length: 100 }, () => library.search("alpha")));
  expect(new Set(searches.map(({ matches }) => matches[0]?.id))).toEqual(new Set(["alpha"]));
  expect(library.cache.stats.loads - before).toBe(2);
});
