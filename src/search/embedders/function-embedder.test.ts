import * as vitest from "vitest";
import { expect, test } from "vitest";
import { embedderContract } from "../embedder.contract.ts";
import { functionEmbedder } from "./function-embedder.ts";
import { hashedWords } from "./testing-fixtures/hashed-words.ts";
import { declareContract } from "../../testing/contract/run-contract.ts";

const DIMENSIONS = 32;

declareContract(
  embedderContract("functionEmbedder", () =>
    Promise.resolve(
      functionEmbedder({
        id: "words",
        dimensions: DIMENSIONS,
        batchSize: 5,
        embed: (texts) => texts.map((text) => hashedWords(text, DIMENSIONS)),
      }),
    ),
  ),
  vitest,
);

test("what the function gives is brought to unit length, whatever kind of list it is", async () => {
  const embedder = functionEmbedder({
    id: "own",
    dimensions: 2,
    embed: () => [[3, 4], Float64Array.of(0, 1e-200), [0, 0], [-1e300, 0]],
  });
  const [long, short, zero, huge] = await embedder.embed(["a", "b", "c", "d"], "query");
  expect([...long!]).toEqual([Math.fround(0.6), Math.fround(0.8)]);
  expect([...short!]).toEqual([0, 1]);
  expect([...zero!]).toEqual([0, 0]);
  expect([...huge!]).toEqual([-1, 0]);
});

test("what is not one sound vector for every text is refused", async () => {
  for (const [given, message] of [
    [[], "to give 1 vectors, got 0"],
    ["vectors", "to give 1 vectors, got"],
    [[[1]], "2 components, got 1"],
    [[[1, Number.NaN]], "finite numbers, got NaN at 1"],
    [[["1", 2]], "finite numbers, got 1 at 0"],
    [[null], "2 components, got 0"],
  ] as const) {
    const embedder = functionEmbedder({ id: "own", dimensions: 2, embed: () => given as never });
    await expect(embedder.embed(["text"], "document")).rejects.toMatchObject({
      code: "EMBEDDER_UNAVAILABLE",
      message: expect.stringContaining(message),
    });
  }
});

test("what the function throws reaches the caller", async () => {
  const own = new Error("no quota");
  const embedder = functionEmbedder({ id: "own", dimensions: 2, embed: () => Promise.reject(own) });
  await expect(embedder.embed(["text"], "document")).rejects.toBe(own);
});

test("an id that is empty and counts that are none are refused", () => {
  const embed = (): [] => [];
  for (const options of [
    { id: "", dimensions: 2 },
    { id: "own", dimensions: 0 },
    { id: "own", dimensions: 1.5 },
    { id: "own", dimensions: 2, batchSize: -1 },
  ])
    expect(() => functionEmbedder({ ...options, embed })).toThrow(
      expect.objectContaining({ code: "INVALID_INPUT" }) as Error,
    );
});
