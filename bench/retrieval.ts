/**
 * How well the right skill is found, on judged queries: by the library with and without vectors, and
 * by other search there is for Node.
 *
 *     node bench/retrieval.ts [folder of sets] [part of a system's name]
 *
 * The folder, or REPERTOIRE_BENCH_SETS, has a folder for each set: tools.jsonl ({id, name, description,
 * parameters?}), queries.jsonl ({id, text}) and qrels.tsv (query id, tool id, after a line of headings).
 * Packages that are no dependencies are looked for in the folder named by REPERTOIRE_BENCH_MODULES,
 * and so is what the set of functions is made of. Whatever is missing or fails is named, and the rest is
 * measured. At most REPERTOIRE_BENCH_QUERIES queries of a set are asked (default: 1000).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { staticEmbedder } from "../src/search/static-embedder.ts";
import { AGENT_PEERS } from "./retrieval/agent-peers.ts";
import { MODULES } from "./foreign-modules.ts";
import { functionSet } from "./retrieval/function-set.ts";
import { KEYWORD_PEERS } from "./retrieval/keyword-peers.ts";
import { OWN_SYSTEMS } from "./retrieval/own-systems.ts";
import { rankingQuality, type RankingQuality } from "./retrieval/ranking-quality.ts";
import { readSets, spread, type RetrievalSet } from "./retrieval/retrieval-set.ts";
import type { System } from "./retrieval/systems.ts";

const [folder = process.env["REPERTOIRE_BENCH_SETS"], only = ""] = process.argv.slice(2);
const QUERIES = Number(process.env["REPERTOIRE_BENCH_QUERIES"] ?? 1000);

interface Measured {
  readonly quality: RankingQuality;
  readonly p50Ms: number;
}

function openSets(): readonly RetrievalSet[] {
  const sets = folder === undefined ? [] : readSets(folder);
  if (sets.length === 0) {
    console.log(
      `no sets: ${folder === undefined ? "name a folder as the first argument" : `${folder} has none`}`,
    );
  }
  const functions = MODULES === undefined ? undefined : functionSet(MODULES);
  if (functions !== undefined) return [...sets, functions];
  console.log(
    "no set of functions: REPERTOIRE_BENCH_MODULES names no folder with lodash, mathjs, date-fns, ramda and underscore",
  );
  return sets;
}

async function measure(system: System, set: RetrievalSet): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), "bench-retrieval-"));
  try {
    const opened = await system.open(set, { embedder: await staticEmbedder(), directory });
    const rankings = [];
    const times: number[] = [];
    for (const { text, right } of spread(set.queries, QUERIES)) {
      const start = performance.now();
      rankings.push({ ids: await opened.search(text), right });
      times.push(performance.now() - start);
    }
    await opened.close?.();
    times.sort((a, b) => a - b);
    return { quality: rankingQuality(rankings), p50Ms: times[times.length >> 1]! };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function row(name: string, { quality, p50Ms }: Measured): string {
  const cells = Object.values(quality).map((value: number) => value.toFixed(1).padStart(7));
  return `  ${name.padEnd(34)}${cells.join("")}${p50Ms.toFixed(2).padStart(9)}`;
}

function average(all: readonly Measured[]): Measured {
  const mean = (part: (each: Measured) => number): number =>
    all.reduce((sum, each) => sum + part(each), 0) / all.length;
  return {
    quality: {
      recall1: mean(({ quality }) => quality.recall1),
      recall5: mean(({ quality }) => quality.recall5),
      recall10: mean(({ quality }) => quality.recall10),
      mrr: mean(({ quality }) => quality.mrr),
      ndcg10: mean(({ quality }) => quality.ndcg10),
    },
    p50Ms: mean(({ p50Ms }) => p50Ms),
  };
}

const HEADINGS = `  ${"".padEnd(34)}    R@1    R@5   R@10    MRR nDCG@10   p50 ms`;
console.log(
  `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? "unknown processor"}, Node ${process.version}`,
);
const systems = [...OWN_SYSTEMS, ...KEYWORD_PEERS, ...AGENT_PEERS].filter(({ name, isSlow }) =>
  only === "" ? isSlow !== true : name.includes(only),
);
if (only === "") console.log("slow systems are measured when they are named: MiniLM");
const sets = openSets();
const measured = new Map<System, Measured[]>();
for (const set of sets) {
  const asked = Math.min(QUERIES, set.queries.length);
  console.log(`\n${set.name}: ${set.documents.length} skills, ${asked} queries\n${HEADINGS}`);
  for (const system of systems) {
    try {
      const result = await measure(system, set);
      measured.set(system, [...(measured.get(system) ?? []), result]);
      console.log(row(system.name, result));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      console.log(`  ${system.name.padEnd(34)} not measured: ${reason.split("\n")[0]}`);
    }
  }
}
if (sets.length > 1) {
  console.log(`\naverage over ${sets.length} sets\n${HEADINGS}`);
  for (const [{ name }, results] of measured)
    if (results.length === sets.length) console.log(row(name, average(results)));
}
