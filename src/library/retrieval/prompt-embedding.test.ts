import { expect, test } from "vitest";
import { functionEmbedder } from "../../search/embedders/function-embedder.ts";
import { PromptEmbedding } from "./prompt-embedding.ts";
import { QueryEmbedding } from "./query-embedding.ts";

/** A clock that stands still until it is told to move. */
function manualClock(): { now(): number; monotonicMs(): number; advance(ms: number): void } {
  let ms = 0;
  return { now: () => ms, monotonicMs: () => ms, advance: (by) => void (ms += by) };
}

const texts = (count: number): string[] => Array.from({ length: count }, (_, n) => `text ${n}`);

test("an embedder that is quick embeds everything, in batches of its size", async () => {
  const sizes: number[] = [];
  const embedder = functionEmbedder({
    id: "quick",
    dimensions: 1,
    batchSize: 30,
    embed: (batch) => {
      sizes.push(batch.length);
      return batch.map(() => [1]);
    },
  });
  const { vectors, error } = await new PromptEmbedding(embedder, manualClock()).embed(texts(100));
  expect(vectors).toEqual(texts(100).map(() => Float32Array.of(1)));
  expect(error).toBeUndefined();
  expect(sizes).toEqual([30, 30, 30, 10]);
});

test("of an embedder that is slow the rest is left, with what it has done kept", async () => {
  const clock = manualClock();
  const embedder = functionEmbedder({
    id: "slow",
    dimensions: 1,
    batchSize: 10,
    embed: (batch) => {
      clock.advance(510);
      return batch.map(() => [1]);
    },
  });
  const embedding = new PromptEmbedding(embedder, clock);
  const { vectors, error } = await embedding.embed(texts(100));
  // Two seconds, and one millisecond for each text it has come to.
  expect(vectors.filter((vector) => vector !== undefined)).toHaveLength(40);
  expect(error).toBeUndefined();
  expect((await embedding.embed(texts(5))).vectors).toEqual(texts(5).map(() => undefined));
});

test("a failure is told, and not asked for again", async () => {
  let calls = 0;
  const embedder = functionEmbedder({
    id: "fails",
    dimensions: 1,
    batchSize: 2,
    embed: (batch) => {
      calls += 1;
      if (calls === 2) throw new Error("no quota");
      return batch.map(() => [1]);
    },
  });
  const embedding = new PromptEmbedding(embedder, manualClock());
  expect(await embedding.embed(texts(5))).toEqual({
    vectors: [Float32Array.of(1), Float32Array.of(1), undefined, undefined, undefined],
    error: "no quota",
  });
  await embedding.embed(texts(5));
  expect(calls).toBe(2);
});

test("after a failure that took long, queries are not sent for ten times as long", async () => {
  const clock = manualClock();
  let calls = 0;
  const embedder = functionEmbedder({
    id: "hangs",
    dimensions: 1,
    embed: () => {
      calls += 1;
      clock.advance(600);
      throw new Error("timed out");
    },
  });
  const queries = new QueryEmbedding(embedder, clock);
  const failed = { reason: "the embedder hangs failed: timed out" };
  expect(await queries.embed("text", undefined)).toEqual(failed);
  clock.advance(1000);
  expect(await queries.embed("text", undefined)).toEqual({
    reason: "the embedder hangs failed: timed out; it is asked again in 5 s",
  });
  expect(calls).toBe(1);
  clock.advance(5000);
  expect(await queries.embed("text", undefined)).toEqual(failed);
  expect(calls).toBe(2);
});
