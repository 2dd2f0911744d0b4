import { contractSuite, test } from "../testing/contract/contract-suite.ts";
import type { ContractSuite } from "../testing/contract/contract-suite.ts";
import { expect } from "../testing/contract/expect.ts";
import type { Embedder } from "./embedder.ts";

/** What every embedder does. */
export function embedderContract(name: string, create: () => Promise<Embedder>): ContractSuite {
  return contractSuite(`${name} is an embedder`, () => {
    test("names its space, and the length of its vectors", async () => {
      const { id, dimensions, batchSize = 64 } = await create();
      expect(id).not.toBe("");
      expect(dimensions).toBeGreaterThan(0);
      expect(batchSize).toBeGreaterThan(0);
      expect(await create()).toMatchObject({ id, dimensions });
    });

    test("gives every text one vector of unit length, in order", async () => {
      const embedder = await create();
      const texts = ["sort a list of numbers", "send a letter", "draw a map"];
      const vectors = await embedder.embed(texts, "document");
      expect(vectors).toHaveLength(3);
      for (const vector of vectors) {
        expect(vector).toBeInstanceOf(Float32Array);
        expect(vector).toHaveLength(embedder.dimensions);
        expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
      }
      const turned = await embedder.embed(texts.toReversed(), "document");
      expect(turned.toReversed()).toEqual(vectors);
    });

    test("gives a text the same vector alone, again, and among more than one batch", async () => {
      const embedder = await create();
      const { batchSize = 64 } = embedder;
      const texts = Array.from({ length: batchSize + 3 }, (_, n) => `convert ${n} euros to yen`);
      const vectors = await embedder.embed(texts, "document");
      expect(vectors).toHaveLength(texts.length);
      for (const at of [0, texts.length - 1]) {
        const [alone] = await embedder.embed([texts[at]!], "document");
        expect(cosine(alone!, vectors[at]!)).toBeGreaterThan(0.9999);
      }
      expect(cosine(vectors[0]!, vectors.at(-1)!)).toBeLessThan(0.9999);
    });

    test("gives a text without content the zero vector, and no texts no vectors", async () => {
      const embedder = await create();
      const zero = new Float32Array(embedder.dimensions);
      const [empty, full, blank] = await embedder.embed(["", "weather", " \n"], "document");
      expect([empty, blank]).toEqual([zero, zero]);
      expect(full).not.toEqual(zero);
      expect(await embedder.embed([], "document")).toEqual([]);
    });

    test("bears texts of any length and any characters, for documents and queries", async () => {
      const embedder = await create();
      const texts = ["word ".repeat(5000), "\u{1F980}\uD800", "\0", "日本語"];
      for (const kind of ["document", "query"] as const) {
        const vectors = await embedder.embed(texts, kind);
        expect(vectors.map((vector) => vector.length)).toEqual(
          texts.map(() => embedder.dimensions),
        );
        expect(vectors.every((vector) => vector.every(Number.isFinite))).toBe(true);
      }
    });

    test("does nothing when its signal has aborted", async () => {
      const embedder = await create();
      const reason = new Error("enough");
      await expect(
        embedder.embed(["text"], "query", AbortSignal.abort(reason)),
      ).rejects.toMatchObject({ code: "CANCELLED", cause: reason });
      expect(await embedder.embed(["text"], "query")).toHaveLength(1);
    });
  });
}

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, component, i) => sum + component * b[i]!, 0);
}
