import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FoundRows } from "../found-rows.ts";
import { indexConnection } from "../index-connection.ts";
import { indexEngine, type IndexEngine } from "../index-engine.ts";
import type { IndexQuery } from "../search-index.ts";
import { openPackFile, writePackFile } from "./pack-file.ts";
import { CONTRACT_DIMENSIONS, direction, indexDocument } from "../search-index.contract.ts";

const SPACE = { embedderId: "contract", dimensions: CONTRACT_DIMENSIONS };
const QUERY: IndexQuery = {
  text: "word mail",
  vector: direction(40),
  filter: { status: "active" },
  limit: 50,
};

let directory: string;
let path: string;
let opened: IndexEngine[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "index-pack-"));
  path = join(directory, "index.sqlite");
  opened = [];
});
afterEach(() => {
  for (const engine of opened) engine.close();
  rmSync(directory, { recursive: true });
});

async function open(usesPack = true, space = SPACE): Promise<IndexEngine> {
  const engine = await indexEngine({ path, usesPack, ...space });
  opened.push(engine);
  return engine;
}

async function apply(
  engine: IndexEngine,
  revision: number,
  ...ids: readonly string[]
): Promise<void> {
  const connection = await indexConnection({ path, ...SPACE });
  const { generation } = connection.opened;
  connection.close();
  const upserts = ids.map((id, n) =>
    indexDocument(id, { description: "word mail ".repeat(n + 1), vector: direction(n * 9) }),
  );
  await engine.apply({ upserts, removals: [], revision }, generation);
}

async function saved(): Promise<FoundRows> {
  const engine = await open();
  await apply(engine, 1, "a", "b", "naïve-ü", "d");
  const hits = await engine.search(QUERY);
  await engine.save();
  return hits;
}

test("a pack is read back in place of the rows, and gives the same answers", async () => {
  const hits = await saved();
  const engine = await open();
  expect(await engine.search(QUERY)).toEqual(hits);
  expect([engine.held.builds, engine.held.rejectedPacks]).toEqual([0, 0]);
  const built = await open(false);
  expect(await built.search(QUERY)).toEqual(hits);
  expect(built.held.builds).toBe(1);
});

test("what changed since the pack was written is taken over", async () => {
  await saved();
  const writer = await open(false);
  await apply(writer, 2, "a", "e");
  const expected = await writer.search(QUERY);
  const engine = await open();
  expect(await engine.search(QUERY)).toEqual(expected);
  expect(engine.held.builds).toBe(0);
});

test("a pack with any byte changed, or cut anywhere, is counted and built anew", async () => {
  const hits = await saved();
  const whole = readFileSync(`${path}.pack`);
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.boolean(), async (at, isCut) => {
      const damaged = Buffer.from(whole);
      damaged[at] = damaged[at]! ^ 0x55;
      writeFileSync(`${path}.pack`, damaged);
      if (isCut) truncateSync(`${path}.pack`, at);
      const engine = await open();
      expect(await engine.search(QUERY)).toEqual(hits);
      expect([engine.held.builds, engine.held.rejectedPacks]).toEqual([1, 1]);
    }),
    { numRuns: 25 },
  );
  const engine = await open();
  await engine.search(QUERY);
  await engine.save();
  const next = await open();
  expect(await next.search(QUERY)).toEqual(hits);
  expect(next.held.builds).toBe(0);
});

test("the pack of another embedder or of an index that was emptied is not used", async () => {
  await saved();
  const other = await open(true, { embedderId: "other", dimensions: CONTRACT_DIMENSIONS });
  const { vector: _, ...byKeyword } = QUERY;
  expect((await other.search(byKeyword)).scores).toHaveLength(4);
  expect([other.held.builds, other.held.rejectedPacks]).toEqual([1, 1]);
});

test("a pack of an earlier format is counted and built anew", async () => {
  const hits = await saved();
  const pack = openPackFile<{ readonly format: number }>(`${path}.pack`);
  if (pack === undefined || pack === "damaged") throw new Error("no pack was written");
  const blocks = pack.blocks.map(({ name, bytes }) => ({ name, bytes: new Uint8Array(bytes) }));
  for (const { name, bytes } of blocks) expect(pack.read(name, bytes)).toBe(true);
  pack.close();
  for (const format of [pack.about.format, pack.about.format - 1]) {
    writePackFile(`${path}.pack`, { ...pack.about, format }, blocks);
    const engine = await open();
    expect(await engine.search(QUERY)).toEqual(hits);
    const isOurs = format === pack.about.format;
    expect([engine.held.builds, engine.held.rejectedPacks]).toEqual(isOurs ? [0, 0] : [1, 1]);
    opened.pop()!.close();
  }
});

test("writing leaves nothing beside it, and clears away what a dead process left", async () => {
  const left = `${path}.pack.dead.tmp`;
  writeFileSync(left, "half a pack");
  utimesSync(left, 0, 0);
  writeFileSync(`${path}.pack.busy.tmp`, "just being written");
  await saved();
  expect(existsSync(left)).toBe(false);
  expect(readdirSync(directory).filter((name) => name.endsWith(".tmp"))).toEqual([
    "index.sqlite.pack.busy.tmp",
  ]);
});
