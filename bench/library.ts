/** What a caller of the library waits for, beside the part that does the work. */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Bench } from "tinybench";
import { openLibrary } from "../src/index.ts";
import type { SkillDraft, SkillLibrary } from "../src/index.ts";

const BULK = 2000;

function draft(id: string, result: number): SkillDraft {
  return { id, name: id, description: `Gives ${result}`, code: `export default () => ${result}` };
}

async function measure(library: SkillLibrary): Promise<void> {
  const bench = new Bench({ time: 1500, warmupTime: 300 });
  await library.add(draft("one", 1));
  let next = 0;
  bench
    .add("get, cached and coherent", () => library.get("one"))
    .add("get, from the store", () => library.get("one", { useCache: false }))
    .add("execute, one at a time", () => library.execute("one"))
    .add("add, without examples", () => library.add(draft(`added-${next++}`, 1)));
  await bench.run();
  for (const { name, result } of bench.tasks) {
    if (!("latency" in result)) throw new Error(`${name} did not finish`);
    const { p50, p99, samplesCount } = result.latency;
    console.log(
      `${name.padEnd(28)} p50 ${micros(p50)}  p99 ${micros(p99)}  ${samplesCount} samples`,
    );
  }
}

function micros(ms: number | undefined): string {
  return `${((ms ?? Number.NaN) * 1000).toFixed(1).padStart(8)} µs`;
}

async function measureBatches(library: SkillLibrary): Promise<void> {
  const drafts = Array.from({ length: BULK }, (_, at) => draft(`bulk-${at}`, at));
  const adding = await seconds(() => library.addMany(drafts));
  const running = await seconds(() => library.executeMany(drafts.map(({ id }) => ({ id }))));
  console.log(`addMany      ${(BULK / adding).toFixed(0).padStart(6)} drafts/s (${BULK}, once)`);
  console.log(
    `executeMany  ${(BULK / running).toFixed(0).padStart(6)} runs/s (${BULK} different skills, once)`,
  );
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

const directory = mkdtempSync(join(tmpdir(), "repertoire-bench-"));
try {
  await using library = await openLibrary({ path: join(directory, "library") });
  console.log(
    `machine: ${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.version}`,
  );
  await measure(library);
  await measureBatches(library);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
