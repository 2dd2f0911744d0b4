/**
 * Speed of search: latency of hybrid, keyword and filtered queries over made-up skills, beside a bare
 * FTS5 query with bm25 on the same words, and the rate at which an index is built.
 *
 * Run with `node bench/search.ts`.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { documentColumns, embeddingText } from "../src/search/document-text.ts";
import { matchExpression, queryTerms } from "../src/search/query-terms.ts";
import type { IndexDocument, IndexQuery, SearchIndex } from "../src/search/search-index.ts";
import { sqliteSearchIndex } from "../src/search/sqlite-index.ts";
import { staticEmbedder } from "../src/search/static-embedder.ts";

const SIZES = [1000, 10_000];
const QUERIES = 300;
const WARM_UP = 30;
const CATEGORIES = 12;

/** Places of the vocabulary before this one are function words, which names are not made of. */
const FIRST_NAME_WORD = 300;

/** English words, the common ones first; the embedder's vocabulary happens to be in that order. */
const WORDS = readFileSync(new URL("../assets/static-embedding/vocab.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((word) => /^[a-z]{2,}$/u.test(word));

/** A repeatable source of numbers in 0…1 (mulberry32). */
function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface WordSource {
  readonly name: () => string;
  readonly text: (length: number) => string;
}

function wordSource(seed: number): WordSource {
  const random = randomSource(seed);
  // The frequency of a word is inverse to its rank (Zipf's law).
  const word = (from: number): string =>
    WORDS[Math.floor(from * (WORDS.length / from) ** random())] as string;
  return {
    name: () => word(FIRST_NAME_WORD),
    text: (length) => Array.from({ length }, () => word(1)).join(" "),
  };
}

function makeDocuments(count: number): IndexDocument[] {
  const source = wordSource(1);
  return Array.from({ length: count }, (_, n) => {
    const [verb, noun, second] = [source.name(), source.name(), source.name()];
    return {
      summary: {
        id: `${verb}_${noun}_${n}`,
        version: 1,
        name: `${verb} ${noun} ${second}`,
        description: `${source.text(14)}.`,
        category: `category-${n % CATEGORIES}`,
        tags: [noun, second],
        status: "active",
        executable: true,
        updatedAt: "2026-01-01T00:00:00.000Z",
      },
      parameters: `${noun}: ${source.text(8)}; ${second}: ${source.text(8)}`,
      instructions: "",
      code: `export default function (context) { return ${verb}_${noun}(context.${second}, "${source.text(30)}"); }`,
    };
  });
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
}

async function measure(action: (n: number) => unknown): Promise<readonly number[]> {
  const times: number[] = [];
  for (let n = -WARM_UP; n < QUERIES; n++) {
    const start = performance.now();
    await action((n + QUERIES) % QUERIES);
    if (n >= 0) times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b);
}

function report(name: string, times: readonly number[], baseline?: readonly number[]): void {
  const cells = [0.5, 0.95, 0.99].map((share) => percentile(times, share).toFixed(2).padStart(8));
  const ratio = baseline
    ? `${(percentile(times, 0.5) / percentile(baseline, 0.5)).toFixed(2)} x`
    : "1 x";
  console.log(`  ${name.padEnd(34)}${cells.join("")}   ${ratio}`);
}

function bareTable(documents: readonly IndexDocument[]): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  database.exec(
    `CREATE VIRTUAL TABLE t USING fts5 (name, description, tags, parameters, instructions, code,
       content = '', contentless_delete = 1, tokenize = 'porter unicode61'); BEGIN`,
  );
  const insert = database.prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)");
  for (const document of documents) {
    const { name, description, tags, parameters, instructions, code } = documentColumns(document);
    insert.run(name, description, tags, parameters, instructions, code);
  }
  database.exec("COMMIT");
  return database;
}

async function benchSize(size: number, directory: string): Promise<void> {
  const embedder = await staticEmbedder();
  const documents = makeDocuments(size);
  let start = performance.now();
  const vectors = await embedder.embed(documents.map(embeddingText), "document");
  const embedSeconds = (performance.now() - start) / 1000;

  const index: SearchIndex = await sqliteSearchIndex({
    path: join(directory, `index-${size}.sqlite`),
    embedderId: embedder.id,
    dimensions: embedder.dimensions,
  });
  const upserts = documents.map((document, n) => ({ ...document, vector: vectors[n]! }));
  start = performance.now();
  await index.apply({ upserts, removals: [], revision: 1 });
  const indexSeconds = (performance.now() - start) / 1000;
  console.log(`\n${size.toLocaleString("en")} skills, ${QUERIES} queries`);
  console.log(
    `  built at ${Math.round(size / indexSeconds)} skills/s, embedded at ${Math.round(size / embedSeconds)} skills/s`,
  );

  const source = wordSource(2);
  const texts = Array.from(
    { length: QUERIES },
    (_, n) => `${source.text(4 + (n % 12))} ${source.name()}`,
  );
  const base = { filter: { status: "active" }, limit: 10 } as const;
  const hybrid = async (n: number, filter: IndexQuery["filter"]): Promise<unknown> => {
    const [vector] = await embedder.embed([texts[n]!], "query");
    return index.search({ text: texts[n]!, vector: vector!, filter, limit: 10 });
  };

  const bare = bareTable(documents);
  const match = bare.prepare("SELECT rowid FROM t WHERE t MATCH ? ORDER BY bm25(t) LIMIT 10");
  const baseline = await measure((n) => match.all(matchExpression(queryTerms(texts[n]!)) ?? '""'));
  const first = performance.now();
  await hybrid(0, base.filter);
  console.log(`  first search, loading the vectors: ${(performance.now() - first).toFixed(0)} ms`);
  console.log(`  ${"milliseconds".padEnd(34)}     p50     p95     p99   p50 to bare`);
  report("bare FTS5, bm25, 10 row ids", baseline);
  report("keyword", await measure((n) => index.search({ ...base, text: texts[n]! })), baseline);
  report("hybrid, embedding included", await measure((n) => hybrid(n, base.filter)), baseline);
  const category: IndexQuery["filter"] = { status: "active", category: "category-3" };
  report("hybrid, one of 12 categories", await measure((n) => hybrid(n, category)), baseline);
  const accepts: IndexQuery["filter"] = { status: "active", accepts: (id) => id.endsWith("7") };
  report("hybrid, a condition on the id", await measure((n) => hybrid(n, accepts)), baseline);

  let revision = 1;
  const updates = await measure(async (n) => {
    await index.apply({ upserts: [upserts[n]!], removals: [], revision: ++revision });
    await hybrid(n, base.filter);
  });
  report("one update, then hybrid", updates, baseline);
  bare.close();
  await index.close();
}

const directory = mkdtempSync(join(tmpdir(), "bench-search-"));
try {
  const [processor] = cpus();
  console.log(
    `${processor?.model.trim() ?? "unknown processor"}, ${cpus().length} cores, ${process.platform} ${process.arch}, Node ${process.version}`,
  );
  for (const size of SIZES) await benchSize(size, directory);
} finally {
  rmSync(directory, { recursive: true });
}
