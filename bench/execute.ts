/**
 * What running a skill costs: as a plain function, on bare engines with less and with more between
 * runs, and in the library's sandboxes; then how many runs a second they do.
 *
 *     node bench/execute.ts [rounds] [part of an engine's name]
 *
 * Engines take turns for several rounds, so that a busy moment of the machine falls on all of them.
 * Trust ratios and processor time more than microseconds. Packages that are no dependencies are
 * looked for in the folder named by REPERTOIRE_BENCH_MODULES.
 */
import { availableParallelism, cpus, totalmem } from "node:os";
import { BASELINE, ENGINES, OWN_ENGINES } from "./execute/engines.ts";
import { NotInstalled, runChecked } from "./execute/engine.ts";
import { measureRound, measureThroughput, quantile } from "./execute/measuring.ts";
import { openSandbox } from "./execute/own-engine.ts";
import { CPU_BOUND, SKILLS, TRIVIAL } from "./execute/skills.ts";
import type { BenchEngine, OpenEngine } from "./execute/engine.ts";
import type { Samples } from "./execute/measuring.ts";
import type { BenchSkill } from "./execute/skills.ts";

const ROUNDS = Number(process.argv[2] ?? 7);
const ONLY = process.argv[3] ?? "";
const ROUND_MS = 200;
const WARM_UP_MS = 1500;
const CONCURRENCIES = [1, 2, 4, 8, 16];

/** Anew for each skill: what one skill left behind must not slow the next. */
async function openEngines(
  candidates: readonly BenchEngine[],
): Promise<ReadonlyMap<BenchEngine, OpenEngine>> {
  const opened = new Map<BenchEngine, OpenEngine>();
  for (const engine of candidates) {
    try {
      opened.set(engine, await engine.open());
    } catch (error) {
      if (!(error instanceof NotInstalled)) throw error;
      console.log(`${engine.name}: ${error.message}`);
    }
  }
  return opened;
}

async function latency(skill: BenchSkill): Promise<void> {
  const engines = await openEngines(
    ENGINES.filter((engine) => engine === BASELINE || engine.name.includes(ONLY)).filter(
      (engine) => engine.callsHost || !skill.callsHost,
    ),
  );
  const results = new Map<BenchEngine, Samples>();
  for (const [engine, opened] of engines) {
    await measureRound(opened, skill, WARM_UP_MS, noSamples());
    results.set(engine, noSamples());
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [engine, samples] of results) {
      await measureRound(engines.get(engine) as OpenEngine, skill, ROUND_MS, samples);
    }
  }
  for (const engine of engines.values()) await engine.close();
  const baselineUs = quantile(results.get(BASELINE)?.roundsUs ?? [], 0.5);
  console.log(`\n${skill.name}, one run at a time`);
  console.table(
    [...results].map(([{ name, pristine }, { timesUs, roundsUs, cpuUs }]) => ({
      engine: name,
      "fresh for each run": pristine,
      "p50 µs": shown(quantile(roundsUs, 0.5)),
      "p99 µs": shown(quantile(timesUs, 0.99)),
      "CPU µs/run": shown(cpuUs / timesUs.length),
      runs: timesUs.length,
      "p50 / baseline": Number((quantile(roundsUs, 0.5) / baselineUs).toFixed(3)),
    })),
  );
}

function noSamples(): Samples {
  return { timesUs: [], roundsUs: [], cpuUs: 0 };
}

function shown(value: number): number {
  return Number(value.toPrecision(4));
}

async function throughput(name: string, skill: BenchSkill): Promise<void> {
  const create = OWN_ENGINES[name];
  if (create === undefined) throw new Error(`There is no engine ${name}`);
  const sizes = [1, 2].map((workers) => ({ workers, engine: openSandbox(create(workers)) }));
  // Workers start when they are needed: all are up before anything is measured.
  for (const { engine } of sizes) {
    await Promise.all(Array.from({ length: 200 }, () => runChecked(engine, skill)));
  }
  const cells = sizes.flatMap(({ workers, engine }) =>
    CONCURRENCIES.map((concurrency) => ({
      workers,
      engine,
      concurrency,
      perSecond: [] as number[],
      cpuUs: [] as number[],
    })),
  );
  for (let round = 0; round < ROUNDS; round++) {
    for (const cell of cells) {
      const { engine, concurrency } = cell;
      const measured = await measureThroughput(engine, skill, concurrency, ROUND_MS);
      cell.perSecond.push(measured.perSecond);
      cell.cpuUs.push(measured.cpuUs);
    }
  }
  console.log(`\n${skill.name}, several runs at a time, our ${name}`);
  console.table(
    cells.map(({ workers, concurrency, perSecond, cpuUs }) => ({
      workers,
      "runs at once": concurrency,
      "runs/s": shown(quantile(perSecond, 0.5)),
      "best round": shown(Math.max(...perSecond)),
      "CPU µs/run": shown(quantile(cpuUs, 0.5)),
    })),
  );
  for (const { engine } of sizes) await engine.close();
}

console.log(
  `${availableParallelism()} × ${cpus()[0]?.model ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.version}; ${ROUNDS} rounds of ${ROUND_MS} ms`,
);
for (const skill of SKILLS) await latency(skill);
for (const name of Object.keys(OWN_ENGINES)) {
  await throughput(name, TRIVIAL);
  await throughput(name, CPU_BOUND);
}
