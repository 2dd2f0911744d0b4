/**
 * Keeps the built corpus between runs, for as long as neither the package, the bundler nor a file
 * of this folder changes.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { VERSION as BUNDLER_VERSION } from "rolldown";
import type { Corpus } from "./corpus.ts";
import { packageVersion } from "./find-functions.ts";

const CACHE_FILE = fileURLToPath(
  new URL("../../node_modules/.cache/repertoire/corpus.json", import.meta.url),
);

interface CacheEntry {
  readonly key: string;
  readonly corpus: Corpus;
}

export function readCachedCorpus(): Corpus | undefined {
  try {
    const entry = JSON.parse(readFileSync(CACHE_FILE, "utf8")) as CacheEntry;
    return entry.key === cacheKey() ? entry.corpus : undefined;
  } catch {
    return undefined; // Absent or damaged: the corpus is built again.
  }
}

export function writeCachedCorpus(corpus: Corpus): void {
  const entry: CacheEntry = { key: cacheKey(), corpus };
  const unfinished = `${CACHE_FILE}.${process.pid}`;
  mkdirSync(dirname(CACHE_FILE), { recursive: true });
  writeFileSync(unfinished, JSON.stringify(entry));
  renameSync(unfinished, CACHE_FILE);
}

function cacheKey(): string {
  const folder = import.meta.dirname;
  const hash = createHash("sha256").update(`${packageVersion()}\0${BUNDLER_VERSION}`);
  for (const file of readdirSync(folder).sort())
    if (!file.endsWith(".test.ts")) hash.update(`\0${readFileSync(`${folder}/${file}`, "utf8")}`);
  return hash.digest("hex");
}
