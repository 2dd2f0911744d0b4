/**
 * Search as a caller of the library sees it, at several sizes: latency with and without filters beside
 * other engines, time to open, memory, bytes on disk, how soon a new skill is found, and how long the
 * caller's event loop is held up.
 *
 *     node bench/search.ts [--sizes 1000,10000] [--sets folder] [--keep folder] [--queries 300] [--peers-up-to 10000]
 *
 * Skills are made up, from the tools of the judged sets in `--sets` where it is given. `--keep` names a
 * folder where libraries are kept for the next run: a large one takes long to fill. Cases take turns
 * query by query. Packages that are no dependencies are looked for in the folder named by
 * REPERTOIRE_BENCH_MODULES. On a busy machine trust processor time and ratios more than milliseconds.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { openLibrary } from "../src/library/open-library.ts";
import type { SearchOptions } from "../src/library/retrieval/searcher.ts";
import type { SkillLibrary } from "../src/library/skill-library.ts";
import type { IndexDocument } from "../src/search/search-index.ts";
import type { NewVersion, SkillStore } from "../src/store/skill-store.ts";
import { sqliteSkillStore } from "../src/store/sqlite/sqlite-skill-store.ts";
import { madeSkills, type MadeSkills } from "./search/made-skills.ts";
import { PEERS, type OpenPeer } from "./search/peers.ts";

const CHUNK = 1000;
const WARM_UP = 20;
const UPDATES = 30;
const AT_ONCE = 8;
/** How long writing the pack may take. */
const PACK_MS = 120_000;
/** Smaller indexes work on the caller's thread, and have no pack. */
const PACKED_FROM = 1000;

const { values } = parseArgs({
  options: {
    sizes: { type: "string", default: "1000,10000" },
    sets: { type: "string" },
    keep: { type: "string" },
    queries: { type: "string", default: "300" },
    "peers-up-to": { type: "string", default: "10000" },
  },
});
const QUERIES = Number(values.queries);
const PEERS_UP_TO = Number(values["peers-up-to"]);

const CASES: readonly { readonly name: string; readonly options: SearchOptions }[] = [
  { name: "library.search, hybrid", options: {} },
  { name: "one of 12 categories", options: { category: "category-3" } },
  { name: "a category and a tag", options: { category: "category-3", tags: ["get"] } },
];

function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

function versionOf({ summary, code, parameters }: IndexDocument): NewVersion {
  const { id, name, description, category, tags } = summary;
  return {
    id,
    definition: {
      name,
      description,
      category,
      tags,
      language: "javascript",
      code,
      input: { type: "object", description: parameters },
      capabilities: { tools: [], skills: [], fetch: [] },
      examples: [],
      limits: {},
      metadata: {},
    },
    contentHash: createHash("sha256").update(id).digest("hex"),
    program: code,
    status: "active",
    checks: [],
    expectedVersion: 0,
  };
}

async function fill(store: SkillStore, made: MadeSkills, size: number): Promise<void> {
  const { active } = await store.counts();
  for (let n = active; n < size; n += CHUNK) {
    const count = Math.min(CHUNK, size - n);
    const versions = Array.from({ length: count }, (_, i) => versionOf(made.document(n + i)));
    await store.appendMany(versions);
  }
}

function bytesOf(directory: string, isCounted: (name: string) => boolean): number {
  return readdirSync(directory)
    .filter(isCounted)
    .reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

async function timed<T>(action: () => T | Promise<T>): Promise<readonly [T, number]> {
  const start = performance.now();
  const value = await action();
  return [value, performance.now() - start];
}

/** The index is built by the first search, and its pack is written when nothing else is to be done. */
async function buildIndex(directory: string, query: string, size: number): Promise<void> {
  const library = await openLibrary({ path: directory });
  const [, builtMs] = await timed(() => library.search(query, { useCache: false }));
  console.log(`  first search, indexing what was not: ${(builtMs / 1000).toFixed(1)} s`);
  if (size >= PACKED_FROM) await packWritten(directory);
  await library.close();
}

async function packWritten(directory: string): Promise<void> {
  for (const untilMs = performance.now() + PACK_MS; performance.now() < untilMs;) {
    if (readdirSync(directory).some((name) => name.endsWith(".pack"))) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function openPeers(made: MadeSkills, size: number): Promise<Map<string, OpenPeer>> {
  const opened = new Map<string, OpenPeer>();
  function* documents(): Iterable<IndexDocument> {
    for (let n = 0; n < size; n++) yield made.document(n);
  }
  for (const peer of PEERS) {
    if (size > Math.min(peer.maxSkills, PEERS_UP_TO)) continue;
    const [open, builtMs] = await timed(() => peer.open(documents()));
    if (open === undefined) console.log(`  ${peer.name}: not installed, skipped`);
    else {
      opened.set(peer.name, open);
      console.log(`  ${peer.name}: built in ${(builtMs / 1000).toFixed(1)} s`);
    }
  }
  return opened;
}

async function latencies(
  library: SkillLibrary,
  peers: ReadonlyMap<string, OpenPeer>,
  queries: readonly string[],
): Promise<void> {
  const cases = new Map<string, (query: string) => unknown>([
    ...CASES.map(
      ({ name, options }) =>
        [name, (query: string) => library.search(query, { ...options, useCache: false })] as const,
    ),
    ...[...peers].map(([name, peer]) => [name, (query: string) => peer.search(query)] as const),
  ]);
  const times = new Map<string, number[]>();
  const processorMs = new Map<string, number>();
  for (let n = -WARM_UP; n < queries.length; n++) {
    for (const [name, search] of cases) {
      const before = process.cpuUsage();
      const [, ms] = await timed(() => search(queries[(n + queries.length) % queries.length]!));
      const { user, system } = process.cpuUsage(before);
      if (n < 0) continue;
      times.set(name, [...(times.get(name) ?? []), ms]);
      processorMs.set(name, (processorMs.get(name) ?? 0) + (user + system) / 1000);
    }
  }
  console.table(
    [...times].map(([name, ms]) => ({
      milliseconds: name,
      p50: Number(percentile(ms, 0.5).toFixed(2)),
      p95: Number(percentile(ms, 0.95).toFixed(2)),
      p99: Number(percentile(ms, 0.99).toFixed(2)),
      "processor, mean": Number((processorMs.get(name)! / ms.length).toFixed(2)),
    })),
  );
}

/** How long the event loop was held up while searching, beside while it had nothing to do. */
async function eventLoop(library: SkillLibrary, queries: readonly string[]): Promise<void> {
  async function delays(work: () => Promise<unknown>): Promise<string> {
    const histogram = monitorEventLoopDelay({ resolution: 1 });
    histogram.enable();
    await work();
    histogram.disable();
    const ms = (ns: number): string => (ns / 1e6 - 1).toFixed(1);
    return `p99 ${ms(histogram.percentile(99))}, worst ${ms(histogram.max)} ms`;
  }
  const search = (query: string): Promise<unknown> => library.search(query, { useCache: false });
  const idle = await delays(() => new Promise((resolve) => setTimeout(resolve, 1000)));
  const inBatches = (count: number): Promise<string> =>
    delays(async () => {
      for (let n = 0; n < queries.length; n += count) {
        await Promise.all(queries.slice(n, n + count).map(search));
        // An answer that needed no waiting gives nobody else a turn.
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
  const single = await inBatches(1);
  const several = await inBatches(AT_ONCE);
  console.log(
    `  event loop late by: idle ${idle}; one search at a time ${single}; ${AT_ONCE} ${several}`,
  );
}

/** From appending a skill, as another process would, to having found it. */
async function updates(library: SkillLibrary, directory: string, made: MadeSkills): Promise<void> {
  const store = await sqliteSkillStore({ path: join(directory, "library.sqlite") });
  const times: number[] = [];
  for (let n = 0; n < UPDATES; n++) {
    const unique = `zq${Date.now().toString(36)}x${n}`;
    const document = made.document(n);
    const summary = { ...document.summary, id: unique, name: `${unique} probe` };
    const [, ms] = await timed(async () => {
      await store.append(versionOf({ ...document, summary }));
      const { matches } = await library.search(unique);
      if (matches[0]?.id !== unique) throw new Error(`${unique} was not found`);
    });
    times.push(ms);
    await store.remove(unique, 1);
  }
  await store.close();
  const [p50, p95] = [percentile(times, 0.5), percentile(times, 0.95)];
  console.log(`  one skill appended, then found: p50 ${p50.toFixed(1)}, p95 ${p95.toFixed(1)} ms`);
}

async function benchSize(size: number, directory: string): Promise<void> {
  console.log(`\n${size.toLocaleString("en")} skills, ${QUERIES} queries`);
  const made = madeSkills(values.sets, QUERIES);
  const store = await sqliteSkillStore({
    path: join(directory, "library.sqlite"),
    durability: "normal",
  });
  await fill(store, made, size);
  await store.close();
  await buildIndex(directory, made.queries[0]!, size);

  const rssBefore = process.memoryUsage().rss;
  const [library, openMs] = await timed(() => openLibrary({ path: directory }));
  const [, firstMs] = await timed(() => library.search(made.queries[0]!, { useCache: false }));
  const rssMb = (process.memoryUsage().rss - rssBefore) / 1e6;
  const indexMb = bytesOf(directory, (name) => /^index-.*\.sqlite$/u.test(name)) / 1e6;
  const packMb = bytesOf(directory, (name) => name.endsWith(".pack")) / 1e6;
  console.log(
    `  opened in ${openMs.toFixed(0)} ms, first search after ${firstMs.toFixed(0)} ms; ${rssMb.toFixed(0)} MB more resident; index ${indexMb.toFixed(0)} MB, pack ${packMb.toFixed(0)} MB`,
  );
  const peers = await openPeers(made, size);
  await latencies(library, peers, made.queries);
  for (const peer of peers.values()) peer.close();
  await eventLoop(library, made.queries);
  await updates(library, directory, made);
  await library.close();
}

const [processor] = cpus();
console.log(
  `${processor?.model.trim() ?? "unknown processor"}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, ${process.platform} ${process.arch}, Node ${process.version}`,
);
for (const size of values.sizes.split(",").map(Number)) {
  const kept = values.keep === undefined ? undefined : join(values.keep, `${size}`);
  if (kept !== undefined && !existsSync(kept)) mkdirSync(kept, { recursive: true });
  const directory = kept ?? mkdtempSync(join(tmpdir(), "bench-search-"));
  try {
    await benchSize(size, directory);
  } finally {
    if (kept === undefined) rmSync(directory, { recursive: true });
  }
}
