import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import fc from "fast-check";
import * as vitest from "vitest";
import { afterEach, beforeEach, expect, test } from "vitest";
import { declareContract } from "../../testing/contract/run-contract.ts";
import type { IndexQuery, SearchIndex } from "../search-index.ts";
import {
  CONTRACT_DIMENSIONS,
  idsOf,
  indexDocument,
  searchIndexContract,
} from "../search-index.contract.ts";
import { sqliteSearchIndex } from "../sqlite-index.ts";
import { randomDocument, randomQuestion, randomVector } from "../testing-fixtures/random-index.ts";

let directory: string;
let opened: SearchIndex[];
let workers: Worker[];
const noteWorker = (worker: Worker): unknown => workers.push(worker);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "search-thread-"));
  opened = [];
  workers = [];
  process.on("worker", noteWorker);
});
afterEach(async () => {
  process.off("worker", noteWorker);
  await Promise.all(opened.map((index) => index.close()));
  rmSync(directory, { recursive: true });
});

async function open(threadFrom = 0, name = "index"): Promise<SearchIndex> {
  const index = await sqliteSearchIndex({
    path: join(directory, `${name}.sqlite`),
    embedderId: "contract",
    dimensions: CONTRACT_DIMENSIONS,
    threadFrom,
  });
  opened.push(index);
  return index;
}

let files = 0;
declareContract(
  searchIndexContract("sqliteSearchIndex on a thread", () => open(0, `contract-${++files}`)),
  vitest,
);

const ANY: IndexQuery = { text: "word", filter: { status: "active" }, limit: 10 };

const part = fc.record({ ...randomDocument, vector: randomVector });
const step = fc.record({ n: fc.nat(8), document: fc.option(part, { freq: 4 }) });

test("a thread answers every question exactly as the caller's own thread does", async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(step, randomQuestion), { minLength: 1, maxLength: 10 }),
      async (steps) => {
        const name = `same-${++run}`;
        const [here, there] = [await open(Infinity, name), await open(0, name)];
        for (const [at, [{ n, document }, asked]] of steps.entries()) {
          const id = `d${n}`;
          // By turns, so that each also takes over what the other wrote.
          const writer = at % 2 === 0 ? here : there;
          await writer.state();
          await writer.apply({
            upserts: document === null ? [] : [indexDocument(id, document)],
            removals: document === null ? [id] : [],
            revision: at + 1,
          });
          expect((await there.search(asked)).hits).toEqual((await here.search(asked)).hits);
          expect(await there.neighbours(id, 3)).toEqual(await here.neighbours(id, 3));
        }
        expect([here.activity().threaded, there.activity().threaded]).toEqual([false, true]);
        await Promise.all([here.close(), there.close()]);
      },
    ),
    { numRuns: 8 },
  );
});

test("an index that grows moves to a thread and goes on answering", async () => {
  const index = await open(3);
  const threaded: boolean[] = [];
  for (let n = 1; n <= 4; n++) {
    await index.state();
    await index.apply({ upserts: [indexDocument(`word${n}`)], removals: [], revision: n });
    expect(idsOf((await index.search({ ...ANY, text: `word${n}` })).hits)[0]).toBe(`word${n}`);
    threaded.push(index.activity().threaded);
  }
  expect(threaded).toEqual([false, false, false, true]);
});

test("a thread that dies is replaced, and what was asked of it is answered", async () => {
  const index = await open();
  await index.apply({ upserts: [indexDocument("word")], removals: [], revision: 1 });
  const answers = Promise.all([index.search(ANY), index.search(ANY), index.search(ANY)]);
  await workers[0]!.terminate();
  for (const { hits } of await answers) expect(idsOf(hits)).toEqual(["word"]);
  await workers.at(-1)!.terminate();
  expect(idsOf((await index.search(ANY)).hits)).toEqual(["word"]);
  expect(index.activity()).toMatchObject({ threaded: true, replacedThreads: 2 });
});

test("a search is answered here when threads die of it again and again", async () => {
  const index = await open();
  await index.apply({ upserts: [indexDocument("word")], removals: [], revision: 1 });
  await workers[0]!.terminate();
  const kill = (worker: Worker): unknown => worker.terminate();
  process.on("worker", kill);
  try {
    expect(idsOf((await index.search(ANY)).hits)).toEqual(["word"]);
  } finally {
    process.off("worker", kill);
  }
  expect(index.activity().replacedThreads).toBeGreaterThanOrEqual(2);
});

test("an aborted search ends at once, the others are answered", async () => {
  const index = await open();
  await index.apply({ upserts: [indexDocument("word")], removals: [], revision: 1 });
  const controller = new AbortController();
  const asked = Array.from({ length: 10 }, (_, n) =>
    index.search(n === 5 ? { ...ANY, signal: controller.signal } : ANY).then(
      ({ hits }) => hits.length,
      (error: { code: string }) => error.code,
    ),
  );
  controller.abort();
  expect(await Promise.all(asked)).toEqual([1, 1, 1, 1, 1, "CANCELLED", 1, 1, 1, 1]);
  const late = index.search({ ...ANY, signal: controller.signal });
  await expect(late).rejects.toMatchObject({ code: "CANCELLED" });
});

test("more searches than it can keep waiting are refused, and no other is lost", async () => {
  const index = await open();
  await index.apply({ upserts: [indexDocument("word")], removals: [], revision: 1 });
  const asked = Array.from({ length: 1500 }, () =>
    index.search(ANY).then(
      ({ hits }) => hits.length,
      (error: { code: string }) => error.code,
    ),
  );
  const answers = await Promise.all(asked);
  const refused = answers.filter((answer) => answer === "LIMIT_EXCEEDED").length;
  expect(refused).toBeGreaterThan(0);
  expect(answers.filter((answer) => answer === 1)).toHaveLength(1500 - refused);
  expect(idsOf((await index.search(ANY)).hits)).toEqual(["word"]);
});

test("what was built for one search alone is kept when it is closed, and not built again", async () => {
  const index = await open();
  await index.apply({ upserts: [indexDocument("word")], removals: [], revision: 1 });
  const first = (await index.search(ANY)).hits;
  await index.close();
  expect(existsSync(join(directory, "index.sqlite.pack"))).toBe(true);
  const again = await open();
  expect((await again.search(ANY)).hits).toStrictEqual(first);
  expect(again.activity()).toMatchObject({ threaded: true, builds: 0, rejectedPacks: 0 });
});

test("closing ends the thread, and what it was asked with it", async () => {
  const index = await open();
  await index.apply({ upserts: [indexDocument("word")], removals: [], revision: 1 });
  const asked = index.search(ANY).catch((error: { code: string }) => error.code);
  const ended = new Promise((resolve) => workers[0]!.once("exit", resolve));
  await index.close();
  expect(await asked).toBe("CLOSED");
  await ended;
  await expect(index.search(ANY)).rejects.toMatchObject({ code: "CLOSED" });
});
