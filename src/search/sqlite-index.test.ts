import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import fc from "fast-check";
import * as vitest from "vitest";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Clock } from "../base/clock.ts";
import {
  CONTRACT_DIMENSIONS,
  searchIndexContract,
  direction,
  idsOf,
  indexDocument,
} from "./search-index.contract.ts";
import type { IndexFilter, SearchIndex } from "./search-index.ts";
import { sqliteSearchIndex, type SqliteSearchIndexOptions } from "./sqlite-index.ts";
import { declareContract } from "../testing/contract/run-contract.ts";

const HEADER_BYTES = 100;
const PAGE_BYTES = 4096;
const ACTIVE: IndexFilter = { status: "active" };

let directory = "";
let path = "";
const opened: SearchIndex[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "search-index-"));
  path = join(directory, "index.sqlite");
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((index) => index.close()));
  rmSync(directory, { recursive: true });
});

async function open(options: Partial<SqliteSearchIndexOptions> = {}): Promise<SearchIndex> {
  const index = await sqliteSearchIndex({
    path,
    embedderId: "test",
    dimensions: CONTRACT_DIMENSIONS,
    ...options,
  });
  opened.push(index);
  return index;
}

async function find(index: SearchIndex, text: string): Promise<readonly string[]> {
  return idsOf((await index.search({ text, filter: ACTIVE, limit: 10 })).hits);
}

declareContract(
  searchIndexContract("sqliteSearchIndex", () =>
    sqliteSearchIndex({ path, embedderId: "test", dimensions: CONTRACT_DIMENSIONS }),
  ),
  vitest,
);

describe("words", () => {
  test("find a hyphenated name joined, split, and as an identifier", async () => {
    const index = await open();
    const extract = indexDocument("extract_emails", { name: "Extract e-mail addresses" });
    const mail = indexDocument("postbox", { name: "Deliver post" });
    await index.apply({ upserts: [extract, mail], removals: [], revision: 1 });
    expect(await find(index, "email")).toEqual(["extract_emails"]);
    expect(await find(index, "e-mails")).toEqual(["extract_emails"]);
    expect(await find(index, "extractEmail")).toEqual(["extract_emails"]);
    expect(await find(index, "mail address")).toEqual(["extract_emails"]);
  });

  test("are found in every column, best in the name", async () => {
    const index = await open();
    const documents = [
      indexDocument("by_code", { code: "const tokenBucket = 1; // leaky" }),
      indexDocument("by_instructions", { instructions: "Use a token." }),
      indexDocument("by_parameters", { parameters: "token: what to spend" }),
      indexDocument("by_tag", { tags: ["token"] }),
      indexDocument("by_name", { name: "Token" }),
      indexDocument("other", {}),
    ];
    await index.apply({ upserts: documents, removals: [], revision: 1 });
    const found = await find(index, "tokens");
    expect(found.toSorted()).toEqual([
      "by_code",
      "by_instructions",
      "by_name",
      "by_parameters",
      "by_tag",
    ]);
    expect(found[0]).toBe("by_name");
    expect(await find(index, "bucket")).toEqual(["by_code"]);
  });

  test("of any language and any syntax neither throw nor pass the filter", async () => {
    const index = await open();
    const words = ["OR", "NEAR", "name", "日本語の検索", "поиск", "हिन्दी", "don't", 'a"b'];
    await index.apply({
      upserts: words.flatMap((description, n) => [
        indexDocument(`shown${n}`, { description, category: "in" }),
        indexDocument(`hidden${n}`, { description, category: "out" }),
      ]),
      removals: [],
      revision: 1,
    });
    const fragment = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(...words, '"', "*", "(", ")", "^", ":", "-", "{", "}", "NOT", "AND", "\0"),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fragment), async (fragments) => {
        const text = fragments.join(" ");
        const filter: IndexFilter = { status: "active", category: "in" };
        const hits = (await index.search({ text, filter, limit: 50 })).hits;
        expect(hits.every(({ summary }) => summary.category === "in")).toBe(true);
      }),
      { numRuns: 100 },
    );
    expect(await find(index, "検索")).toEqual(["hidden3", "shown3"]);
    expect(await find(index, "ПОИСК")).toEqual(["hidden4", "shown4"]);
  });
});

describe("two handles on one file", () => {
  test("see each other's additions, changes, removals and resets", async () => {
    const [writer, reader] = [await open(), await open()];
    const near = (index: SearchIndex): Promise<readonly string[]> =>
      index
        .search({ text: "", vector: direction(0), filter: ACTIVE, limit: 10 })
        .then(({ hits }) => idsOf(hits));

    const a = indexDocument("a", { vector: direction(1) });
    const b = indexDocument("b", { vector: direction(2) });
    await writer.apply({ upserts: [a, b], removals: [], revision: 1 });
    expect(await near(reader)).toEqual(["a", "b"]);
    const c = indexDocument("c", { vector: direction(3) });
    await writer.apply({ upserts: [c], removals: ["b"], revision: 2 });
    expect(await near(reader)).toEqual(["a", "c"]);
    const retired = indexDocument("a", { vector: direction(1), status: "deprecated" });
    await writer.apply({ upserts: [retired, b], removals: [], revision: 3 });
    expect(await near(reader)).toEqual(["b", "c"]);
    expect((await reader.state()).revision).toBe(3);
    await reader.reset();
    expect(await near(writer)).toEqual([]);
    expect((await writer.state()).revision).toBe(0);
  });

  test("apply the same changes once, whoever comes first", async () => {
    const handles = await Promise.all([open(), open(), open()]);
    const update = { upserts: [indexDocument("a")], removals: [], revision: 7 };
    await Promise.all(handles.map((index) => index.apply(update)));
    expect(await handles[0].state()).toMatchObject({ skills: 1, vectors: 0, pending: 1 });
    expect((await handles[2].state()).revision).toBe(7);
  });

  test("do not apply changes computed against an index that was emptied since", async () => {
    const [slow, other] = [await open(), await open()];
    await slow.apply({ upserts: [indexDocument("a")], removals: [], revision: 1 });
    expect((await slow.state()).revision).toBe(1);
    await other.reset();
    await slow.apply({ upserts: [indexDocument("b")], removals: [], revision: 2 });
    expect((await slow.state()).revision).toBe(0);
    expect(await slow.state()).toMatchObject({ skills: 0, vectors: 0, pending: 0 });
  });

  test("nor when somebody has asked meanwhile where it stands", async () => {
    const [slow, other] = [await open(), await open()];
    await slow.apply({ upserts: [indexDocument("a")], removals: [], revision: 1 });
    const { generation = "" } = await slow.state();
    await other.reset();
    expect((await slow.state()).revision).toBe(0);
    await slow.apply({ upserts: [indexDocument("b")], removals: [], revision: 2, generation });
    expect((await slow.state()).revision).toBe(0);
    expect((await slow.state()).generation).not.toBe(generation);
  });

  test("in processes that empty it again and again get answers, and never an error", async () => {
    const program = `
      const { sqliteSearchIndex } = await import(process.argv[1]);
      const index = await sqliteSearchIndex({ path: process.argv[2] });
      const summary = { id: "a", version: 1, name: "Afar", description: "", category: "c",
        tags: [], status: "active", executable: true, updatedAt: "2026-01-01T00:00:00.000Z" };
      const upserts = [{ summary, parameters: "", instructions: "", code: "" }];
      for (let round = 0; round < 40; round++) {
        await index.reset();
        const { revision, generation } = await index.state();
        await index.apply({ upserts, removals: [], revision: revision + 1, generation });
        await index.search({ text: "afar", filter: { status: "active" }, limit: 1 });
      }
      await index.close();`;
    const module = new URL("sqlite-index.ts", import.meta.url).href;
    const flags = ["--input-type=module", "--eval", program];
    const run = () => promisify(execFile)(process.execPath, [...flags, module, path]);
    await Promise.all([run(), run(), run()]);
  });

  test("in two processes see each other's changes", async () => {
    const index = await open();
    const program = `
      const { sqliteSearchIndex } = await import(process.argv[1]);
      const index = await sqliteSearchIndex({ path: process.argv[2] });
      const summary = { id: "theirs", version: 1, name: "From afar", description: "", category: "c",
        tags: [], status: "active", executable: true, updatedAt: "2026-01-01T00:00:00.000Z" };
      await index.apply({ revision: 2, removals: ["ours"],
        upserts: [{ summary, parameters: "", instructions: "", code: "" }] });
      await index.close();`;
    await index.apply({ upserts: [indexDocument("ours")], removals: [], revision: 1 });
    expect(await find(index, "ours")).toEqual(["ours"]);
    const module = new URL("sqlite-index.ts", import.meta.url).href;
    const flags = ["--input-type=module", "--eval", program];
    await promisify(execFile)(process.execPath, [...flags, module, path]);
    expect(await find(index, "afar ours")).toEqual(["theirs"]);
    expect((await index.state()).revision).toBe(2);
  });
});

describe("a file that is no usable index", () => {
  test("is begun anew when it is damaged behind its header", async () => {
    const first = await open();
    await first.apply({ upserts: [indexDocument("a")], removals: [], revision: 5 });
    await first.close();
    damageFrom(HEADER_BYTES);
    const index = await open();
    expect((await index.state()).revision).toBe(0);
    await index.apply({ upserts: [indexDocument("b")], removals: [], revision: 5 });
    expect(await find(index, "a b")).toEqual(["b"]);
  });

  test("is begun anew when its format is newer", async () => {
    const first = await open();
    await first.apply({ upserts: [indexDocument("a")], removals: [], revision: 5 });
    await first.close();
    const newer = new DatabaseSync(path);
    newer.exec("PRAGMA user_version = 1000");
    newer.close();
    const index = await open();
    expect((await index.state()).revision).toBe(0);
    expect(await index.state()).toMatchObject({ skills: 0, vectors: 0, pending: 0 });
    expect(readdirSync(directory).some((name) => name.includes("not-an-index"))).toBe(false);
  });

  test("is renamed, not deleted, when it is somebody else's", async () => {
    const theirs = new DatabaseSync(path);
    theirs.exec("CREATE TABLE treasure (gold); INSERT INTO treasure VALUES (7)");
    theirs.close();
    const index = await open();
    expect((await index.state()).revision).toBe(0);
    const aside = readdirSync(directory).find((name) => name.includes("not-an-index"));
    const kept = new DatabaseSync(join(directory, aside!));
    expect({ ...kept.prepare("SELECT gold FROM treasure").get() }).toEqual({ gold: 7 });
    kept.close();
  });

  test("is renamed when it is no database at all", async () => {
    writeFileSync(path, "a shopping list");
    const index = await open();
    expect((await index.state()).revision).toBe(0);
    expect(readdirSync(directory).some((name) => name.includes("not-an-index"))).toBe(true);
  });

  test("is noticed by a handle that has the old file open", async () => {
    const index = await open();
    await index.apply({ upserts: [indexDocument("a")], removals: [], revision: 5 });
    for (const suffix of ["-wal", "-shm", ""]) rmSync(`${path}${suffix}`, { force: true });
    expect((await index.state()).revision).toBe(0);
    expect(await find(index, "a")).toEqual([]);
    expect(existsSync(path)).toBe(true);
  });

  test("is reported when damage shows in the middle, and then rebuilt", async () => {
    const first = await open();
    await first.apply({ upserts: [indexDocument("a")], removals: [], revision: 5 });
    await first.close();
    const index = await open();
    damageFrom(PAGE_BYTES);
    await expect(find(index, "a")).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect((await index.state()).revision).toBe(0);
    await index.apply({ upserts: [indexDocument("a")], removals: [], revision: 5 });
    expect(await find(index, "a")).toEqual(["a"]);
  });
});

describe("vectors", () => {
  test("of another embedder are dropped, keywords stay", async () => {
    const first = await open();
    await first.apply({
      upserts: [indexDocument("a", { vector: direction(0) })],
      removals: [],
      revision: 1,
    });
    const second = await open({ embedderId: "other", dimensions: 2 });
    expect(await second.state()).toMatchObject({ skills: 1, vectors: 0, pending: 1 });
    expect(await find(second, "a")).toEqual(["a"]);
    expect((await second.state()).revision).toBe(1);

    const query = { text: "", filter: ACTIVE, limit: 10 };
    await second.apply({
      upserts: [indexDocument("b", { vector: Float32Array.of(1, 0) })],
      removals: [],
      revision: 2,
    });
    expect(idsOf((await second.search({ ...query, vector: Float32Array.of(1, 0) })).hits)).toEqual([
      "b",
    ]);
    // The first handle's space is gone: it neither compares nor stores vectors, and still works.
    expect((await first.search({ ...query, vector: direction(0) })).hits).toEqual([]);
    expect((await first.state()).revision).toBe(2);
    const late = indexDocument("c", { vector: direction(0) });
    await first.apply({ upserts: [late], removals: [], revision: 3 });
    expect(await second.state()).toMatchObject({ skills: 3, vectors: 1, pending: 2 });
    expect(await find(first, "c")).toEqual(["c"]);
  });

  test("that one handle fills in are found by another that has searched before", async () => {
    const [first, second] = [await open(), await open()];
    const a = indexDocument("a");
    await first.apply({ upserts: [a, indexDocument("b")], removals: [], revision: 1 });
    const query = { text: "", vector: direction(0), filter: ACTIVE, limit: 10 };
    expect((await second.search(query)).hits).toEqual([]);
    const { generation } = await first.unembedded({ limit: 1 });
    await first.addVectors({
      generation,
      vectors: [{ id: "a", version: 1, vector: direction(5) }],
    });
    expect(idsOf((await second.search(query)).hits)).toEqual(["a"]);
    await second.addVectors({
      generation,
      vectors: [{ id: "b", version: 1, vector: direction(0) }],
    });
    expect(idsOf((await first.search(query)).hits)).toEqual(["b", "a"]);
    const fresh = await open();
    expect(idsOf((await fresh.search(query)).hits)).toEqual(["b", "a"]);
  });

  test("are neither kept nor compared without an embedder, and survive its absence", async () => {
    const withVectors = await open();
    await withVectors.apply({
      upserts: [indexDocument("a", { vector: direction(0) })],
      removals: [],
      revision: 1,
    });
    const plain = await sqliteSearchIndex({ path });
    opened.push(plain);
    const query = { text: "", vector: direction(0), filter: ACTIVE, limit: 10 };
    expect((await plain.search(query)).hits).toEqual([]);
    expect(idsOf((await withVectors.search(query)).hits)).toEqual(["a"]);
  });

  test("of the wrong length or with a component that is no number are refused", async () => {
    const index = await open();
    const wrong = { code: "INVALID_INPUT" };
    const broken = indexDocument("a", { vector: Float32Array.of(NaN, 0, 0, 0) });
    const update = { upserts: [broken], removals: [], revision: 1 };
    await expect(index.apply(update)).rejects.toMatchObject(wrong);
    const query = { text: "", vector: Float32Array.of(1), filter: ACTIVE, limit: 1 };
    await expect(index.search(query)).rejects.toMatchObject(wrong);
    await expect(open({ dimensions: 0 })).rejects.toMatchObject(wrong);
  });
});

test("a write that another process blocks for too long says so", async () => {
  const index = await open({ busyMs: 40, clock: tickingClock(20) });
  const blocker = new DatabaseSync(path);
  blocker.exec("BEGIN IMMEDIATE");
  const update = { upserts: [indexDocument("a")], removals: [], revision: 1 };
  await expect(index.apply(update)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect((await index.state()).revision).toBe(0);
  blocker.exec("ROLLBACK");
  blocker.close();
  await index.apply(update);
  expect((await index.state()).revision).toBe(1);
});

/** Overwrites the file from an offset to its end, as a failing disk would. */
function damageFrom(offset: number): void {
  const content = readFileSync(path);
  writeFileSync(path, content.fill(0xff, offset), { flag: "r+" });
}

/** A clock on which every look costs the same time. */
function tickingClock(stepMs: number): Clock {
  let time = 0;
  const tick = (): number => (time += stepMs);
  return { now: tick, monotonicMs: tick };
}
