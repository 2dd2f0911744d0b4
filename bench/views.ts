/**
 * How near the searches of a view are to what the library found at its revision, after some of its
 * skills were rewritten or removed, and what they cost. Beside it, what leaving out the changed skills
 * would find, without searching them as they were.
 *
 * Run with `node bench/views.ts <folder of sets>`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { openLibrary } from "../src/library/open-library.ts";
import { sqliteSkillStore } from "../src/store/sqlite/sqlite-skill-store.ts";
import { newVersion } from "../src/store/testing-fixtures/new-version.ts";
import { rankingQuality } from "./retrieval/ranking-quality.ts";
import type { JudgedRanking } from "./retrieval/ranking-quality.ts";
import { readSets, spread } from "./retrieval/retrieval-set.ts";
import type { RetrievalSet } from "./retrieval/retrieval-set.ts";

const QUERIES = 200;
const SHARES = [0.005, 0.05, 0.25];

interface Found {
  readonly ids: readonly string[];
  readonly ms: number;
}

type Search = (query: string) => Promise<{ readonly matches: readonly { readonly id: string }[] }>;

async function searchAll(queries: readonly string[], search: Search): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const query of queries) {
    const startedMs = performance.now();
    const { matches } = await search(query);
    found.push({ ids: matches.map(({ id }) => id), ms: performance.now() - startedMs });
  }
  return found;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function benchShare(set: RetrievalSet, share: number, directory: string): Promise<void> {
  const path = mkdtempSync(join(directory, "library-"));
  const store = await sqliteSkillStore({
    path: join(path, "library.sqlite"),
    durability: "normal",
  });
  const tools = set.documents.map(({ summary, parameters }) => {
    const { id: unsafe, name, description } = summary;
    const id = unsafe
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]/g, "-")
      .replace(/^[^a-z0-9]/, "x");
    const text = description.slice(0, 1000) || name;
    return { id: id.slice(0, 60), unsafe, name, description: text, instructions: parameters };
  });
  const added = await store.appendMany(
    tools.map(({ id, name, description, instructions }) =>
      newVersion(id, { name, description, instructions }),
    ),
  );
  const idOf = new Map(tools.map(({ id, unsafe }) => [unsafe, id]));
  const library = await openLibrary({ path, learning: false, sandbox: { workers: 1 } });
  const judged = spread(set.queries, QUERIES);
  const queries = judged.map(({ text }) => text);
  const rankings = (found: readonly Found[]): readonly JudgedRanking[] =>
    found.map(({ ids }, at) => ({ ids, right: judged[at]!.right.map((id) => idOf.get(id)!) }));
  await library.search("warm up");
  const view = await library.at();
  const before = await searchAll(queries, (query) => library.search(query));

  // Half of those are removed, the others rewritten to say what a tool far from them in the set says.
  const some = spread(tools, Math.round(tools.length * share));
  const changed = new Set<string>();
  for (const [at, { id }] of some.entries()) {
    changed.add(id);
    if (at % 2 === 0) await store.remove(id, "any");
    else {
      const other = tools[(tools.findIndex((each) => each.id === id) + 997) % tools.length]!;
      const { name, description, instructions } = other;
      await store.append(
        newVersion(
          id,
          { name, description: `${description} `, instructions },
          { expectedVersion: "any" },
        ),
      );
    }
  }
  const firstMs = performance.now();
  await view.search("warm up");
  const first = performance.now() - firstMs;
  const after = await searchAll(queries, (query) => view.search(query, { useCache: false }));
  const now = await searchAll(queries, (query) => library.search(query, { useCache: false }));
  const without = before.map(({ ids, ms }) => ({ ids: ids.filter((id) => !changed.has(id)), ms }));

  const overlap = (found: readonly Found[]): number =>
    (100 *
      found.reduce((sum, { ids }, at) => {
        const then = before[at]!.ids;
        return sum + ids.filter((id) => then.includes(id)).length / Math.max(1, then.length);
      }, 0)) /
    found.length;
  const sameFirst = (found: readonly Found[]): number =>
    (100 * found.filter(({ ids }, at) => ids[0] === before[at]!.ids[0]).length) / found.length;
  const line = (name: string, found: readonly Found[]): string =>
    `  ${name.padEnd(24)} first the same ${sameFirst(found).toFixed(1)} %, of the ten ${overlap(found).toFixed(1)} %, nDCG@10 ${rankingQuality(rankings(found)).ndcg10.toFixed(1)}, median ${median(found.map(({ ms }) => ms)).toFixed(1)} ms`;
  const stored = added.filter(({ ok }) => ok).length;
  console.log(
    `${set.name}: ${stored} skills, ${changed.size} changed since (${100 * share} %), ${queries.length} queries; first search of the view ${first.toFixed(0)} ms`,
  );
  console.log(line("the library then", before));
  console.log(line("the view", after));
  console.log(line("without what changed", without));
  console.log(line("the library now", now));
  await library.close();
  await store.close();
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("Usage: node bench/views.ts <folder of sets>");
const directory = mkdtempSync(join(tmpdir(), "repertoire-views-"));
try {
  console.log(
    `machine: ${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.version}`,
  );
  for (const set of readSets(folder))
    for (const share of SHARES) await benchShare(set, share, directory);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
