/**
 * What searches gain from use, and how honest their confidence is, on judged queries.
 *
 * Half of a set's queries are learned, each by one caller for every right tool; the other half is
 * searched by keyword, hybrid, and hybrid with what was learned by one caller or by twenty. Then the
 * share of queries called confident where the best hit is right, where it is wrong, with the right
 * tools taken out, and of the queries of the other sets.
 *
 * Run with `node bench/learning.ts <folder of sets>`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { isConfident, CONFIDENCE_HITS } from "../src/search/confidence.ts";
import { embeddingText } from "../src/search/document-text.ts";
import type { Embedder } from "../src/search/embedder.ts";
import { learnedQueries, type LearnedQueries } from "../src/search/learned-queries.ts";
import { normalizedQuery } from "../src/search/normalized-query.ts";
import type { IndexHit, SearchIndex } from "../src/search/search-index.ts";
import { sqliteSearchIndex } from "../src/search/sqlite-index.ts";
import { staticEmbedder } from "../src/search/static-embedder.ts";
import { sqliteRunStore } from "../src/store/sqlite/sqlite-run-store.ts";
import { rankingQuality } from "./retrieval/ranking-quality.ts";
import {
  readSets,
  spread,
  type JudgedQuery,
  type RetrievalSet,
} from "./retrieval/retrieval-set.ts";

const TESTED = 1000;
const CONFIDENCE_QUERIES = 600;
const CALLERS = [1, 20];
const DAY = "2026-01-01T00:00:00.000Z";

interface Way {
  readonly isHybrid: boolean;
  readonly learned?: LearnedQueries;
  readonly removed?: readonly string[];
}

type Search = (text: string, way: Way) => Promise<readonly IndexHit[]>;

async function indexOf(
  { documents, name }: RetrievalSet,
  embedder: Embedder,
  directory: string,
): Promise<SearchIndex> {
  const index = await sqliteSearchIndex({
    path: join(directory, `${name}.sqlite`),
    embedderId: embedder.id,
    dimensions: embedder.dimensions,
  });
  const vectors = await embedder.embed(documents.map(embeddingText), "document");
  const upserts = documents.map((document, n) => ({ ...document, vector: vectors[n]! }));
  await index.apply({ upserts, removals: [], revision: 1 });
  return index;
}

function searchOn(index: SearchIndex, embedder: Embedder, ids: readonly string[]): Search {
  return async (text, { isHybrid, learned, removed = [] }) => {
    const [vector] = isHybrid ? await embedder.embed([text], "query") : [];
    const nowMs = Date.parse(DAY);
    const meaning = vector === undefined ? {} : { vector };
    return (
      await index.search({
        text,
        ...meaning,
        filter: {
          status: "active",
          ...(removed.length > 0
            ? { only: new Set(ids.filter((id) => !removed.includes(id))) }
            : {}),
        },
        limit: CONFIDENCE_HITS,
        ...(learned === undefined ? {} : { learned: learned.signals({ text, nowMs, ...meaning }) }),
      })
    ).hits;
  };
}

/** Learns through a store, within whose bounds everything stays. */
async function learn(
  queries: readonly JudgedQuery[],
  callers: number,
  embedder: Embedder,
  path: string,
): Promise<LearnedQueries> {
  const store = await sqliteRunStore({ path });
  const uses = queries.flatMap(({ text, right }, n) =>
    right.map((skillId) => ({
      query: normalizedQuery(text),
      skillId,
      caller: `caller ${n % callers}`,
      at: DAY,
    })),
  );
  await store.recordUses(uses);
  const learned = learnedQueries(embedder.dimensions);
  for (const { lastAt, ...use } of (await store.usesSince(0)).uses)
    learned.put({ ...use, lastAtMs: Date.parse(lastAt) });
  await store.close();
  const texts = learned.withoutVector;
  const vectors = await embedder.embed(texts, "query");
  for (const [n, text] of texts.entries()) learned.setVector(text, vectors[n]!);
  return learned;
}

async function reportQuality(
  name: string,
  queries: readonly JudgedQuery[],
  search: Search,
  way: Way,
) {
  const rankings = [];
  const begun = performance.now();
  for (const { text, right } of queries) {
    const hits = await search(text, way);
    rankings.push({ ids: hits.map(({ summary }) => summary.id), right });
  }
  const ms = (performance.now() - begun) / queries.length;
  const cells = Object.values(rankingQuality(rankings)).map((value: number) =>
    value.toFixed(1).padStart(7),
  );
  console.log(`  ${name.padEnd(38)}${cells.join("")}${ms.toFixed(2).padStart(8)}`);
}

async function reportConfidence(
  queries: readonly JudgedQuery[],
  others: readonly JudgedQuery[],
  search: Search,
  isHybrid: boolean,
): Promise<void> {
  const counts = new Map<string, { confident: number; all: number }>();
  const count = (kind: string, hits: readonly IndexHit[], text: string): void => {
    const sum = counts.get(kind) ?? { confident: 0, all: 0 };
    counts.set(kind, sum);
    sum.all += 1;
    if (isConfident(hits, text)) sum.confident += 1;
  };
  for (const { text, right } of spread(queries, CONFIDENCE_QUERIES)) {
    const hits = await search(text, { isHybrid });
    const isRight = hits[0] !== undefined && right.includes(hits[0].summary.id);
    count(isRight ? "best is right" : "best is wrong", hits, text);
    count("right removed", await search(text, { isHybrid, removed: right }), text);
  }
  for (const { text } of spread(others, CONFIDENCE_QUERIES))
    count("of other sets", await search(text, { isHybrid }), text);
  const shares = [...counts].map(
    ([kind, { confident, all }]) => `${kind} ${((100 * confident) / all).toFixed(0)} % of ${all}`,
  );
  console.log(`  confident, ${isHybrid ? "hybrid" : "keyword"}: ${shares.join(" · ")}`);
}

async function benchSet(
  set: RetrievalSet,
  others: readonly JudgedQuery[],
  embedder: Embedder,
  directory: string,
): Promise<void> {
  const index = await indexOf(set, embedder, directory);
  const ids = set.documents.map(({ summary }) => summary.id);
  const search = searchOn(index, embedder, ids);
  const half = (rest: number): readonly JudgedQuery[] =>
    set.queries.filter((_, n) => n % 2 === rest);
  const [train, test] = [half(0), spread(half(1), TESTED)];
  console.log(
    `\n${set.name}: ${set.documents.length} tools, ${train.length} queries to learn, ${test.length} to test`,
  );
  console.log(`  ${"".padEnd(38)}    R@1    R@5   R@10    MRR nDCG@10     ms`);
  await reportQuality("keyword", test, search, { isHybrid: false });
  await reportQuality("hybrid", test, search, { isHybrid: true });
  for (const callers of CALLERS) {
    const path = join(directory, `${set.name}-${callers}-runs.sqlite`);
    const learned = await learn(train, callers, embedder, path);
    const name = `hybrid + ${learned.size} learned, callers: ${callers}`;
    await reportQuality(name, test, search, { isHybrid: true, learned });
  }
  await reportConfidence(set.queries, others, search, true);
  await reportConfidence(set.queries, others, search, false);
  await index.close();
}

const [folder] = process.argv.slice(2);
if (folder === undefined)
  throw new Error("Name the folder of sets: node bench/learning.ts <folder>");
const directory = mkdtempSync(join(tmpdir(), "bench-learning-"));
try {
  console.log(
    `machine: ${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.version}`,
  );
  const embedder = await staticEmbedder();
  const sets = readSets(folder);
  for (const set of sets) {
    const others = sets.filter((each) => each !== set).flatMap(({ queries }) => queries);
    await benchSet(set, others, embedder, directory);
  }
} finally {
  rmSync(directory, { recursive: true });
}
