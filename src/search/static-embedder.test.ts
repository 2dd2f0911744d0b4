import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import * as vitest from "vitest";
import { describe, expect, test } from "vitest";
import { embedderContract } from "./embedder.contract.ts";
import { staticEmbedder } from "./static-embedder.ts";
import { declareContract } from "../testing/contract/run-contract.ts";

declareContract(
  embedderContract("staticEmbedder", () => staticEmbedder()),
  vitest,
);

const embedder = await staticEmbedder();

async function embed(...texts: readonly string[]): Promise<readonly Float32Array[]> {
  return embedder.embed(texts, "document");
}

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, component, i) => sum + component * b[i]!, 0);
}

describe("staticEmbedder", () => {
  test("names its vector space", () => {
    expect([embedder.id, embedder.dimensions]).toEqual(["static-tl256", 256]);
  });

  test("gives every text a vector of length one or zero", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: "binary" })), async (texts) => {
        const vectors = await embed(...texts);
        expect(vectors).toHaveLength(texts.length);
        for (const vector of vectors) {
          expect(vector).toHaveLength(256);
          const length = Math.sqrt(cosine(vector, vector));
          if (length !== 0) expect(length).toBeCloseTo(1, 5);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("gives a text without any known word a zero vector", async () => {
    const zero = new Float32Array(256);
    expect(await embed("", "  \n", "\u{1F980}")).toEqual([zero, zero, zero]);
  });

  test("puts texts that mean the same nearer than texts that do not", async () => {
    const [asked, same, other] = await embed(
      "get the weather forecast for a city",
      "Fetches temperature and rain predictions for a location",
      "Merge two PDF documents into one file",
    );
    expect(cosine(asked!, same!)).toBeGreaterThan(0.5);
    expect(cosine(asked!, other!)).toBeLessThan(0.25);
  });

  test("reads identifiers as the words they are made of", async () => {
    const [spaced, camel, snake, shouting] = await embed(
      "send welcome email",
      "sendWelcomeEmail",
      "send_welcome_email",
      "SEND WELCOME EMAIL",
    );
    expect(camel).toEqual(spaced);
    expect(snake).toEqual(spaced);
    expect(shouting).toEqual(spaced);
  });

  test("gives a text the same vector alone and among many", async () => {
    const texts = Array.from({ length: 1200 }, (_, n) => `convert ${n} euros`);
    const vectors = await embed(...texts);
    expect(vectors[1100]).toEqual((await embed(texts[1100]!))[0]);
  });

  test("stops between texts when its signal aborts", async () => {
    const controller = new AbortController();
    const texts = Array.from({ length: 2000 }, () => "text");
    const embedding = embedder.embed(texts, "document", controller.signal);
    controller.abort(new Error("enough"));
    await expect(embedding).rejects.toMatchObject({ code: "CANCELLED" });
  });

  test("names a table that is missing or incomplete", async () => {
    const directory = mkdtempSync(join(tmpdir(), "table-"));
    const broken = await staticEmbedder({ directory: pathToFileURL(`${directory}/`) });
    const error = { code: "STORE_CORRUPT", message: expect.stringContaining(directory) };
    await expect(broken.embed(["text"], "query")).rejects.toMatchObject(error);
    writeFileSync(join(directory, "vocab.txt"), "[PAD]\nword\n");
    writeFileSync(join(directory, "tl256.i8"), Buffer.alloc(512));
    writeFileSync(join(directory, "tl256.scale.f32"), Buffer.alloc(4));
    await expect(broken.embed(["word"], "query")).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    writeFileSync(join(directory, "tl256.scale.f32"), Buffer.alloc(8));
    expect(await broken.embed(["word"], "query")).toEqual([new Float32Array(256)]);
    rmSync(directory, { recursive: true });
  });
});
