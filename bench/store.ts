/**
 * What the skill store costs on top of SQLite: appends, compare-and-sets and reads through
 * `sqliteSkillStore`, and the same statements on a bare prepared connection, in one run.
 * The two sides take turns, so that whatever else the machine does meets both.
 */
import { hash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Bench } from "tinybench";
import type { SkillDefinition } from "../src/skill/skill.ts";
import type { NewVersion } from "../src/store/skill-store.ts";
import { sqliteSkillStore } from "../src/store/sqlite/sqlite-skill-store.ts";
import { bareStore } from "./commits/bare-store.ts";
import type { BareStore } from "./commits/bare-store.ts";

const ROUNDS = 4;
const ROUND_MS = 900;
const SKILLS = 1000;

type Durability = "full" | "normal";
type Side = BareStore;

let serial = 0;

function nextVersion(id: string, expectedVersion: number): NewVersion {
  serial += 1;
  const definition: SkillDefinition = {
    name: `Skill ${serial}`,
    description: "Finds every e-mail address in a text",
    category: "extraction",
    tags: ["text", "email"],
    language: "javascript",
    code: `export default (context) => context.text + ${serial}; // ${"x".repeat(5000)}`,
    capabilities: { tools: [], skills: [], fetch: [] },
    examples: [],
    limits: {},
    metadata: { serial },
  };
  const contentHash = hash("sha256", `${id} ${serial}`);
  const status = "active";
  return { id, definition, contentHash, status, checks: [], expectedVersion };
}

async function libraryStore(path: string, durability: Durability) {
  const store = await sqliteSkillStore({ path, durability });
  return {
    append: async (version: NewVersion): Promise<unknown> => store.append(version),
    find: async (id: string): Promise<unknown> => store.find(id),
    close: () => store.close(),
  };
}

interface Sample {
  medianUs: number[];
  count: number;
}

async function measure(side: Side, prefix: string): Promise<Record<string, [number, number]>> {
  const bench = new Bench({ time: ROUND_MS / 3, warmup: false });
  let added = 0;
  let turn = 0;
  const versions = new Map<string, number>();
  bench.add("append a new skill", async () => {
    added += 1;
    await side.append(nextVersion(`${prefix}-${added}`, 0));
  });
  bench.add("compare-and-set a skill", async () => {
    turn += 1;
    const id = `${prefix}-hot-${turn % SKILLS}`;
    const version = versions.get(id) ?? 0;
    await side.append(nextVersion(id, version));
    versions.set(id, version + 1);
  });
  bench.add("read a skill", async () => {
    turn += 1;
    await side.find(`${prefix}-${1 + (turn % Math.min(added, SKILLS))}`);
  });
  await bench.run();
  return Object.fromEntries(
    bench.tasks.map(({ name, result }) => {
      if (!("latency" in result)) throw new Error(`${name} ended with ${result.state}`);
      return [name, [result.latency.p50 * 1000, result.latency.samplesCount]];
    }),
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function compare(durability: Durability): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "repertoire-bench-"));
  const sides = [
    await libraryStore(join(directory, "library.sqlite"), durability),
    bareStore(join(directory, "bare.sqlite"), durability),
  ];
  const samples = sides.map(() => new Map<string, Sample>());
  for (let round = 0; round < ROUNDS; round++)
    for (const [index, side] of sides.entries())
      for (const [name, [us, count]] of Object.entries(await measure(side, `round-${round}`))) {
        const sample = samples[index]?.get(name) ?? { medianUs: [], count: 0 };
        sample.medianUs.push(us);
        sample.count += count;
        samples[index]?.set(name, sample);
      }
  await Promise.all(sides.map((side) => side.close()));
  rmSync(directory, { recursive: true, force: true });

  console.log(`\ndurability ${durability} (median µs; ratio = store / bare)`);
  for (const [name, store] of samples[0] ?? []) {
    const bare = samples[1]?.get(name) ?? { medianUs: [], count: 0 };
    const storeUs = median(store.medianUs);
    const bareUs = median(bare.medianUs);
    console.log(
      `  ${name.padEnd(24)} store ${storeUs.toFixed(1).padStart(8)} (n=${store.count})` +
        `  bare ${bareUs.toFixed(1).padStart(8)} (n=${bare.count})` +
        `  ratio ${(storeUs / bareUs).toFixed(2)}`,
    );
  }
}

await compare("full");
await compare("normal");
const { node, sqlite } = process.versions;
console.log(
  `\n${process.platform} ${process.arch}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${node}, SQLite ${sqlite}`,
);
