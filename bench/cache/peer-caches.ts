/** Other caches for Node, each by one interface. None of them is a dependency. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { MODULES } from "../foreign-modules.ts";

export interface CachedEntry {
  readonly version: number;
  readonly code?: string;
}

export interface PeerCache {
  /** Its name, version and how it was set up. */
  readonly name: string;
  getOrLoad(key: string, load: () => Promise<CachedEntry>): Promise<CachedEntry>;
  set(key: string, value: CachedEntry): Promise<unknown>;
  delete(key: string): Promise<unknown>;
}

interface Bento {
  getOrSet(options: { key: string; factory: () => Promise<CachedEntry> }): Promise<CachedEntry>;
  set(options: { key: string; value: CachedEntry }): Promise<unknown>;
  delete(options: { key: string }): Promise<unknown>;
}

interface BentoModule {
  readonly BentoCache: new (options: object) => Bento;
  bentostore(): { useL1Layer(driver: unknown): unknown };
}

interface CacheableModule {
  readonly Cacheable: new () => {
    getOrSet(key: string, load: () => Promise<CachedEntry>): Promise<CachedEntry>;
    set(key: string, value: CachedEntry): Promise<unknown>;
    delete(key: string): Promise<unknown>;
  };
}

interface LruModule {
  readonly LRUCache: new (options: object) => {
    fetch(key: string, options: { context: () => Promise<CachedEntry> }): Promise<CachedEntry>;
    set(key: string, value: CachedEntry): unknown;
    delete(key: string): boolean;
  };
}

async function bentocache(serialize: boolean): Promise<PeerCache> {
  const { BentoCache, bentostore } = await load<BentoModule>("bentocache");
  const { memoryDriver } = await load<{ memoryDriver(options: object): unknown }>(
    "bentocache/drivers/memory",
  );
  const memory = memoryDriver({ maxItems: 1000, serialize });
  const cache = new BentoCache({
    default: "memory",
    stores: { memory: bentostore().useL1Layer(memory) },
  });
  return {
    name: `bentocache ${versionOf("bentocache")}${serialize ? ", default" : ", serialize: false"}`,
    getOrLoad: (key, factory) => cache.getOrSet({ key, factory }),
    set: (key, value) => cache.set({ key, value }),
    delete: (key) => cache.delete({ key }),
  };
}

async function cacheable(): Promise<PeerCache> {
  const { Cacheable } = await load<CacheableModule>("cacheable");
  const cache = new Cacheable();
  return {
    name: `cacheable ${versionOf("cacheable")}`,
    getOrLoad: (key, factory) => cache.getOrSet(key, factory),
    set: (key, value) => cache.set(key, value),
    delete: (key) => cache.delete(key),
  };
}

async function lruCache(): Promise<PeerCache> {
  const { LRUCache } = await load<LruModule>("lru-cache");
  type Load = () => Promise<CachedEntry>;
  const cache = new LRUCache({
    max: 1000,
    fetchMethod: (_key: string, _stale: unknown, { context }: { context: Load }) => context(),
  });
  return {
    name: `lru-cache ${versionOf("lru-cache")}, fetch`,
    getOrLoad: (key, context) => cache.fetch(key, { context }),
    set: async (key, value) => cache.set(key, value),
    delete: async (key) => cache.delete(key),
  };
}

function load<T>(name: string): Promise<T> {
  const resolve = createRequire(join(MODULES ?? "", "package.json")).resolve;
  return import(pathToFileURL(resolve(name)).href) as Promise<T>;
}

function versionOf(name: string): string {
  const file = join(MODULES ?? "", name, "package.json");
  const require = createRequire(join(MODULES ?? "", "package.json"));
  return existsSync(file) ? (require(file) as { version: string }).version : "";
}

/** A fresh one of each that can be had; a line says which can not. */
export async function peerCaches(): Promise<readonly PeerCache[]> {
  if (MODULES === undefined) {
    console.log("Other caches are left out: REPERTOIRE_BENCH_MODULES names no folder of modules");
    return [];
  }
  const makers = {
    "lru-cache": lruCache,
    bentocache: () => bentocache(true),
    "bentocache, plain": () => bentocache(false),
    cacheable,
  };
  const found: PeerCache[] = [];
  for (const [name, make] of Object.entries(makers)) {
    try {
      found.push(await make());
    } catch (error) {
      console.log(`${name} is left out: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return found;
}
