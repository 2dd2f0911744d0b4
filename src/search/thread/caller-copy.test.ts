import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { IndexAnswer, IndexQuery, SearchIndex } from "../search-index.ts";
import { CONTRACT_DIMENSIONS, direction, idsOf, indexDocument } from "../search-index.contract.ts";
import { sqliteSearchIndex } from "../sqlite-index.ts";
import { randomDocument, randomQuestion, randomVector } from "../testing-fixtures/random-index.ts";

const QUERY: IndexQuery = {
  text: "word mail",
  vector: direction(40),
  filter: { status: "active" },
  limit: 10,
};

let directory: string;
let opened: SearchIndex[];
let workers: Worker[];
const noteWorker = (worker: Worker): unknown => workers.push(worker);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "caller-copy-"));
  opened = [];
  workers = [];
  process.on("worker", noteWorker);
});
afterEach(async () => {
  process.off("worker", noteWorker);
  await Promise.all(opened.map((index) => index.close()));
  rmSync(directory, { recursive: true });
});

async function open(
  options: { readonly threadFrom?: number; readonly copyUpTo?: number } = {},
  name = "index",
): Promise<SearchIndex> {
  const index = await sqliteSearchIndex({
    path: join(directory, `${name}.sqlite`),
    embedderId: "contract",
    dimensions: CONTRACT_DIMENSIONS,
    threadFrom: 0,
    ...options,
  });
  opened.push(index);
  return index;
}

async function add(index: SearchIndex, ...ids: readonly string[]): Promise<void> {
  const { revision } = await index.state();
  for (const [at, id] of ids.entries()) {
    const upserts = [indexDocument(id, { vector: direction(id.length * 7) })];
    await index.apply({ upserts, removals: [], revision: revision + at + 1 });
  }
}

/** As whoever owns an index does: its state first, then the search. */
async function search(index: SearchIndex, query = QUERY): Promise<IndexAnswer> {
  await index.state();
  return index.search(query);
}

/** As so many changes of other skills would leave it, with this one among them. */
async function jump(index: SearchIndex, revisions: number, id: string): Promise<void> {
  const { revision } = await index.state();
  const upserts = [indexDocument(id, { vector: direction(3) })];
  await index.apply({ upserts, removals: [], revision: revision + revisions });
}

async function rounds(count: number): Promise<void> {
  for (let round = 0; round < count; round++) await new Promise((resolve) => setImmediate(resolve));
}

async function searchUntilCopied(index: SearchIndex, copies = 1): Promise<void> {
  while (index.activity().copies < copies) {
    await search(index);
    await rounds(1);
  }
}

test("whoever searches more than a few times is answered without the thread", async () => {
  const index = await open();
  await add(index, "word", "mail", "letter");
  const answer = await search(index);
  await search(index);
  expect(index.activity()).toMatchObject({ threaded: true, copies: 0 });

  await searchUntilCopied(index);
  await workers[0]!.terminate();
  expect(await search(index)).toEqual(answer);
  expect(await index.neighbours("word", 3)).toHaveLength(2);
  expect(workers).toHaveLength(1);
});

test("searches that are made at once are all answered, by the copy and the thread", async () => {
  const index = await open();
  await add(index, "word", "mail", "letter");
  await searchUntilCopied(index);
  const { hits } = await search(index);
  const answers = await Promise.all(Array.from({ length: 200 }, () => index.search(QUERY)));
  expect(answers.map((answer) => answer.hits)).toEqual(answers.map(() => hits));
});

test("an index that has grown too large is left to the thread, and what was copied is dropped", async () => {
  const index = await open({ copyUpTo: 3 });
  await add(index, "word", "mail", "letter");
  await searchUntilCopied(index);
  await add(index, "words");
  await workers[0]!.terminate();
  expect(idsOf((await search(index, { ...QUERY, text: "words" })).hits)).toContain("words");
  expect(workers).toHaveLength(2);
});

test("the copy follows what changes, while the thread answers", async () => {
  const [index, writer] = [await open(), await open({ threadFrom: Infinity })];
  await add(index, "word");
  await searchUntilCopied(index);
  await add(writer, ...Array.from({ length: 80 }, (_, n) => `mail${n}`));
  const query = { ...QUERY, text: "mail79" };
  expect(idsOf((await search(index, query)).hits)[0]).toBe("mail79");
  await rounds(100);
  await workers[0]!.terminate();
  expect(idsOf((await search(index, query)).hits)[0]).toBe("mail79");
  expect(workers).toHaveLength(1);
  expect(index.activity().copies).toBe(1);
});

test("what has changed too much is copied anew", async () => {
  const [index, writer] = [await open(), await open({ threadFrom: Infinity })];
  await add(index, "word");
  await searchUntilCopied(index);
  await add(writer, "mail");
  await jump(writer, 600, "letter");
  expect(idsOf((await search(index)).hits)).toContain("letter");
  await searchUntilCopied(index, 2);
  await workers[0]!.terminate();
  expect(idsOf((await search(index)).hits)).toContain("letter");
  expect(workers).toHaveLength(1);
});

test("how far the copy is behind is judged when it is searched, not when the state was told", async () => {
  const [index, writer] = [await open(), await open({ threadFrom: Infinity })];
  await add(index, "word");
  await searchUntilCopied(index);
  await index.state();
  await jump(writer, 600, "mail");
  await workers[0]!.terminate();
  expect(idsOf((await index.search(QUERY)).hits)).toContain("mail");
  expect(workers).toHaveLength(2);
});

test("a signal that aborts while a search waits for its turn ends it", async () => {
  const index = await open();
  await add(index, "word");
  await searchUntilCopied(index);
  await search(index);
  const controller = new AbortController();
  const late = index.search({ ...QUERY, signal: controller.signal });
  controller.abort();
  await expect(late).rejects.toMatchObject({ code: "CANCELLED" });
});

test("an index that was emptied is not answered from the copy", async () => {
  const [index, other] = [await open(), await open()];
  await add(index, "word");
  await searchUntilCopied(index);
  await other.reset();
  expect(await search(index)).toMatchObject({ hits: [], state: { revision: 0, skills: 0 } });
  await add(index, "mail");
  expect(idsOf((await search(index)).hits)).toEqual(["mail"]);
});

test("closing while a copy is on its way ends all", async () => {
  const index = await open();
  await add(index, "word");
  const asked = Array.from({ length: 8 }, () => search(index).catch(() => undefined));
  await index.close();
  await Promise.all(asked);
  await expect(index.search(QUERY)).rejects.toMatchObject({ code: "CLOSED" });
});

const step = fc.record({
  n: fc.nat(8),
  /** Further than is read in passing, and further than is read at all. */
  revisions: fc.constantFrom(1, 1, 1, 9, 600),
  rounds: fc.nat(3),
  document: fc.option(
    fc.record({
      ...randomDocument,
      vector: fc.option(randomVector, { nil: undefined, freq: 3 }),
    }),
    { freq: 4 },
  ),
  question: randomQuestion,
});

test("the copy answers as an index on the caller's thread does, whoever writes", async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const name = `same-${++run}`;
      const [copied, plain] = [await open({}, name), await open({ threadFrom: Infinity }, name)];
      await add(copied, "word", "d1", "d2");
      await searchUntilCopied(copied);
      for (const [at, { n, document, question, ...step }] of steps.entries()) {
        const writer = at % 2 === 0 ? copied : plain;
        const { revision } = await writer.state();
        const { vector, ...rest } = document ?? { vector: undefined };
        await writer.apply({
          upserts:
            document === null
              ? []
              : [indexDocument(`d${n}`, { ...rest, ...(vector === undefined ? {} : { vector }) })],
          removals: document === null ? [`d${n}`] : [],
          revision: revision + step.revisions,
        });
        // Vectors that come later are taken over as well.
        const { generation, skills } = await plain.unembedded({ limit: 1 });
        const vectors = skills.map(({ id, version }) => ({ id, version, vector: direction(at) }));
        if (at % 3 === 0) await plain.addVectors({ generation, vectors });
        await rounds(step.rounds);
        expect(await search(copied, question)).toEqual(await search(plain, question));
      }
      await Promise.all([copied.close(), plain.close()]);
    }),
    { numRuns: 12 },
  );
});
