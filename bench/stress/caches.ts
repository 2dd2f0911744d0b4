/**
 * How many reads are stale when caches are used by many at once.
 *
 * Readers ask for a few keys, whose values take a moment to load; writers change the truth and then
 * invalidate the key, and wait until that is acknowledged. A read that began after that and is given
 * an older value is stale. `one instance`: all of them use the same cache. `two instances`: writers
 * use one and readers another, as two processes do; what is written stands in one file for ours.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SkillCache } from "../../src/cache/skill-cache.ts";
import { openLibrary } from "../../src/index.ts";
import { peerCaches } from "../cache/peer-caches.ts";
import type { CachedEntry } from "../cache/peer-caches.ts";

const KEYS = ["a", "b", "c"];
const READERS = 8;
const WRITERS = 2;
const LOAD_MS = 3;

interface Side {
  readonly name: string;
  readonly instances: "one" | "two";
  read(key: string, load: () => Promise<CachedEntry>): Promise<CachedEntry>;
  /** Resolves when whoever reads from now on must see what `truth` says. */
  write(key: string, version: number): Promise<unknown>;
  close?(): Promise<unknown>;
}

interface Counts {
  reads: number;
  stale: number;
  /** Reads that were rejected. */
  failed: number;
  writes: number;
}

async function stress(side: Side, durationMs: number): Promise<Counts> {
  const truth = new Map(KEYS.map((key) => [key, 1]));
  const acknowledged = new Map(KEYS.map((key) => [key, 1]));
  const counts: Counts = { reads: 0, stale: 0, failed: 0, writes: 0 };
  const endMs = performance.now() + durationMs;
  const pick = (): string => KEYS[Math.floor(Math.random() * KEYS.length)] as string;

  async function reading(): Promise<void> {
    while (performance.now() < endMs) {
      const key = pick();
      const atLeast = acknowledged.get(key) ?? 0;
      const reading = side.read(key, async () => {
        await sleep(Math.random() * LOAD_MS);
        const found = { version: truth.get(key) ?? 0 };
        await sleep(Math.random() * LOAD_MS);
        return found;
      });
      // Some end whoever waits for a load when its key is deleted.
      const found = await reading.catch(() => undefined);
      counts.reads += 1;
      if (found === undefined) counts.failed += 1;
      else if (found.version < atLeast) counts.stale += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async function writing(own: string): Promise<void> {
    while (performance.now() < endMs) {
      await sleep(Math.random() * 10);
      const version = (truth.get(own) ?? 0) + 1;
      truth.set(own, version);
      await side.write(own, version);
      acknowledged.set(own, version);
      counts.writes += 1;
    }
  }

  const writers = KEYS.slice(0, WRITERS).map(writing);
  await Promise.all([...Array.from({ length: READERS }, reading), ...writers]);
  await side.close?.();
  return counts;
}

function ownCache(): Side {
  const cache = new SkillCache();
  return {
    name: "SkillCache",
    instances: "one",
    read: async (key, load) => (await cache.getOrLoad(key, load)) as CachedEntry,
    write: async (key) => cache.invalidate(key),
  };
}

async function ownLibraries(): Promise<Side> {
  const path = mkdtempSync(join(tmpdir(), "repertoire-bench-"));
  const options = { path, embedder: false, durability: "normal" } as const;
  const [writer, reader] = [await openLibrary(options), await openLibrary(options)];
  const write = (id: string, version: number): Promise<unknown> =>
    writer.add(
      { id, name: id, description: id, instructions: `${version}` },
      { expectedVersion: "any" },
    );
  for (const key of KEYS) await write(key, 1);
  return {
    name: "library.get",
    instances: "two",
    read: async (key) => ({ version: (await reader.get(key))?.version ?? 0 }),
    write,
    async close() {
      await Promise.all([writer.close(), reader.close()]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

export async function stressCaches(durationMs: number): Promise<void> {
  const sides: Side[] = [ownCache(), await ownLibraries()];
  const second = await peerCaches();
  for (const [at, peer] of (await peerCaches()).entries()) {
    const { name } = peer;
    const read: Side["read"] = (key, load) => peer.getOrLoad(key, load);
    sides.push({ name, instances: "one", read, write: (key) => peer.delete(key) });
    const other = second[at];
    if (other !== undefined)
      sides.push({
        name,
        instances: "two",
        read: (key, load) => other.getOrLoad(key, load),
        write: (key) => peer.delete(key),
      });
  }
  console.log(`Caches: ${READERS} readers, ${WRITERS} writers, ${durationMs} ms each`);
  const rows: object[] = [];
  for (const side of sides) {
    const { reads, stale, failed, writes } = await stress(side, durationMs);
    rows.push({ cache: side.name, instances: side.instances, writes, reads, stale, failed });
  }
  console.table(rows);
}
