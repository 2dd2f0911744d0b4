/**
 * What a hit of the cache costs, beside a bare `lru-cache` and a `Map`; and what a hit costs that
 * sees every commit of every process, `library.get`, beside caches that know nothing of others.
 *
 * Run: `node bench/cache.ts`; other caches are looked for in the folder named by
 * REPERTOIRE_BENCH_MODULES, a `node_modules` with `bentocache` and `cacheable`. Each sample is
 * 1,000 lookups over 100 keys, or 20 of what takes longer; the cases take turns for several rounds,
 * so that a busy moment of the machine falls on all of them, and the median of the rounds' medians
 * is printed. Trust the ratios more than the nanoseconds.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { LRUCache } from "lru-cache";
import { Bench } from "tinybench";
import { SkillCache } from "../src/cache/skill-cache.ts";
import { openLibrary } from "../src/index.ts";
import { peerCaches } from "./cache/peer-caches.ts";

const ROUNDS = 5;
const ROUND_MS = 100;
const LOOKUPS = 1_000;
/** Of what takes microseconds. */
const FEW_LOOKUPS = 20;
const KEYS = 100;

interface Entry {
  readonly version: number;
}

const keys = Array.from({ length: KEYS }, (_, index) => `skill:extract_emails_${index}@1`);
const map = new Map<string, Entry>();
const lru = new LRUCache<string, Entry>({ max: KEYS });
const lruTtl = new LRUCache<string, Entry>({ max: KEYS, ttl: 3_600_000 });
const cache = new SkillCache({ maxEntries: KEYS });
for (const key of keys) {
  map.set(key, { version: 1 });
  lru.set(key, { version: 1 });
  lruTtl.set(key, { version: 1 });
  cache.set(key, { version: 1 });
}

const load = (): Promise<Entry> => Promise.reject(new Error("a hit does not load"));
let sum = 0;

function lookUps(find: (key: string) => Entry | undefined): () => void {
  return () => {
    for (let index = 0; index < LOOKUPS; index++) {
      sum += find(keys[index % KEYS] as string)?.version ?? 0;
    }
  };
}

async function awaited(): Promise<void> {
  for (let index = 0; index < LOOKUPS; index++) {
    sum += (await cache.getOrLoad(keys[index % KEYS] as string, load))?.version ?? 0;
  }
}

const directory = mkdtempSync(join(tmpdir(), "repertoire-bench-"));
const library = await openLibrary({
  path: join(directory, "library"),
  embedder: false,
  cache: { maxEntries: 2 * KEYS },
});
const ids = keys.map((_, index) => `skill-${index}`);
await library.addMany(
  ids.map((id) => ({ id, name: id, description: id, instructions: "x".repeat(2000) })),
);

async function libraryGets(): Promise<void> {
  for (let index = 0; index < FEW_LOOKUPS; index++)
    sum += (await library.get(ids[index % KEYS] as string))?.version ?? 0;
}

async function librarySearches(): Promise<void> {
  for (let index = 0; index < FEW_LOOKUPS; index++)
    sum += (await library.search(ids[index % 10] as string, { limit: 1 })).matches.length;
}

const SEARCH = "library.search repeated, coherent";
const GET = "library.get, coherent between processes";
const slow = new Set([SEARCH, GET]);
const BASELINE = "lru-cache get, with ttl";
const cases: Record<string, () => void | Promise<void>> = {
  "Map get": lookUps((key) => map.get(key)),
  "lru-cache get, no ttl": lookUps((key) => lru.get(key)),
  [BASELINE]: lookUps((key) => lruTtl.get(key)),
  "SkillCache get": lookUps((key) => cache.get<Entry>(key)),
  "SkillCache getOrLoad": lookUps((key) => cache.getOrLoad(key, load) as Entry | undefined),
  "SkillCache getOrLoad, awaited": awaited,
  [GET]: libraryGets,
  [SEARCH]: librarySearches,
};
for (const peer of await peerCaches()) {
  for (const key of keys) await peer.set(key, { version: 1, code: "x".repeat(2000) });
  slow.add(peer.name);
  cases[peer.name] = async () => {
    for (let index = 0; index < FEW_LOOKUPS; index++)
      sum += (await peer.getOrLoad(keys[index % KEYS] as string, load)).version;
  };
}

const medians = new Map<string, number[]>();
let samples = 0;
for (let round = 0; round < ROUNDS; round++) {
  const bench = new Bench({
    time: ROUND_MS,
    iterations: 10,
    warmupTime: round === 0 ? ROUND_MS : 0,
  });
  for (const [name, run] of Object.entries(cases)) bench.add(name, run);
  for (const task of await bench.run()) {
    if (!("latency" in task.result)) throw new Error(`${task.name} did not run`);
    samples += task.runs;
    const lookups = slow.has(task.name) ? FEW_LOOKUPS : LOOKUPS;
    const ns = (task.result.latency.p50 * 1e6) / lookups;
    medians.set(task.name, [...(medians.get(task.name) ?? []), ns]);
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const baselineNs = median(medians.get(BASELINE) ?? []);
console.log(
  `${availableParallelism()} × ${cpus()[0]?.model ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.version}`,
);
console.log(
  `${samples} samples of ${LOOKUPS} or ${FEW_LOOKUPS} hits over ${KEYS} keys, ${ROUNDS} rounds of ${ROUND_MS} ms a case; found ${sum} versions`,
);
console.table(
  [...medians].map(([name, values]) => ({
    case: name,
    "median ns": Number(median(values).toFixed(1)),
    "slowest round": Number(Math.max(...values).toFixed(1)),
    [`× ${BASELINE}`]: Number((median(values) / baselineNs).toFixed(2)),
  })),
);
await library.close();
rmSync(directory, { recursive: true, force: true });
