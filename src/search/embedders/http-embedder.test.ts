import * as vitest from "vitest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { embedderContract } from "../embedder.contract.ts";
import type { Embedder } from "../embedder.ts";
import { httpEmbedder } from "./http-embedder.ts";
import type { HttpEmbedderOptions } from "./http-options.ts";
import { embeddingsServer, sendJson, sendStatus } from "./testing-fixtures/embeddings-server.ts";
import type { EmbeddingsServer } from "./testing-fixtures/embeddings-server.ts";
import { declareContract } from "../../testing/contract/run-contract.ts";

const KEY = "sk-secret-0123456789";
const DIMENSIONS = 32;

let shared: EmbeddingsServer;
beforeAll(async () => {
  shared = await embeddingsServer(DIMENSIONS);
});
afterAll(() => shared[Symbol.asyncDispose]());

declareContract(
  embedderContract("httpEmbedder", () =>
    httpEmbedder({ url: shared.url, model: "m", batchSize: 4 }),
  ),
  vitest,
);
declareContract(
  embedderContract("httpEmbedder with base64", () =>
    httpEmbedder({ url: shared.url, model: "m", batchSize: 4, encodingFormat: "base64" }),
  ),
  vitest,
);

function open(
  server: EmbeddingsServer,
  options: Partial<HttpEmbedderOptions> = {},
): Promise<Embedder> {
  return httpEmbedder({
    url: server.url,
    model: "m",
    apiKey: KEY,
    dimensions: DIMENSIONS,
    retries: 1,
    ...options,
  });
}

const vectorOf = (first: number): number[] => [first, ...Array.from({ length: 31 }, () => 1)];

describe("what is sent", () => {
  test("is the model, the texts with their prefix cut to length, the key, and further headers", async () => {
    await using server = await embeddingsServer();
    const embedder = await open(server, {
      headers: { "x-gateway": "blue" },
      queryPrefix: "query: ",
      documentPrefix: "passage: ",
      maxTextCharacters: 4,
    });
    await embedder.embed(["letters"], "query");
    await embedder.embed(["abc\u{1F980}"], "document");
    expect(server.requests).toMatchObject([
      {
        path: "/v1/embeddings",
        model: "m",
        input: ["query: lett"],
        encoding_format: "float",
        headers: { authorization: `Bearer ${KEY}`, "x-gateway": "blue" },
      },
      { input: ["passage: abc\uFFFD"] },
    ]);
    expect(server.requests[0]).not.toHaveProperty("dimensions");
  });

  test("asks for shorter vectors only where that is wanted", async () => {
    await using server = await embeddingsServer();
    await (await open(server, { shortens: true })).embed(["text"], "query");
    expect(server.requests[0]?.dimensions).toBe(DIMENSIONS);
  });

  test("are batches, so many at once", async () => {
    await using server = await embeddingsServer();
    const embedder = await open(server, { batchSize: 3, maxConcurrent: 2 });
    await embedder.embed(
      Array.from({ length: 20 }, (_, n) => `text ${n}`),
      "document",
    );
    expect(server.requests.map(({ input }) => input.length).toSorted((a, b) => a - b)).toEqual([
      2, 3, 3, 3, 3, 3, 3,
    ]);
    expect(server.mostAtOnce()).toBeLessThanOrEqual(2);
    expect(embedder.batchSize).toBe(6);
  });
});

describe("the space", () => {
  test("is learned from the endpoint where its length is not given", async () => {
    await using server = await embeddingsServer(8);
    const { host } = new URL(server.url);
    const embedder = await httpEmbedder({ url: server.url, model: "m" });
    expect(embedder).toMatchObject({ id: `${host}/m@8`, dimensions: 8 });
    expect(server.requests).toHaveLength(1);
  });

  test("has another id for another model, length or prefix, and the one it is given", async () => {
    const url = "https://models.example/v1";
    const given = { url, model: "m", dimensions: 8 };
    const ids = [];
    for (const options of [
      given,
      { ...given, model: "n" },
      { ...given, dimensions: 9 },
      { ...given, queryPrefix: "q" },
      { ...given, documentPrefix: "q" },
      { ...given, id: "mine" },
    ])
      ids.push((await httpEmbedder(options)).id);
    expect(ids[0]).toBe("models.example/m@8");
    expect(ids.at(-1)).toBe("mine");
    expect(new Set(ids).size).toBe(6);
  });
});

describe("an endpoint that fails in passing", () => {
  test("is asked again, no sooner than it said", async () => {
    await using server = await embeddingsServer();
    server.misbehave = (_, response) =>
      server.requests.length === 1 && sendStatus(response, 429, "", { "retry-after": "1" });
    await (await open(server)).embed(["text"], "document");
    const [first, second] = server.requests;
    expect(second!.atMs - first!.atMs).toBeGreaterThanOrEqual(990);
    expect(server.requests).toHaveLength(2);
  });

  test("is asked as often as `retries` says, and then named with its last answer", async () => {
    await using server = await embeddingsServer();
    server.misbehave = (_, response) => sendStatus(response, 503, "over\n  loaded");
    await expect((await open(server)).embed(["text"], "document")).rejects.toMatchObject({
      code: "EMBEDDER_UNAVAILABLE",
      message: `The embeddings endpoint ${server.url}/embeddings failed: HTTP 503: over loaded`,
      details: { status: 503 },
    });
    expect(server.requests).toHaveLength(2);
  });

  test("is not waited for when it wants a long pause, nor by a query", async () => {
    await using server = await embeddingsServer();
    server.misbehave = (_, response) => sendStatus(response, 429, "", { "retry-after": "3600" });
    const message = expect.stringContaining("HTTP 429") as string;
    await expect((await open(server)).embed(["text"], "document")).rejects.toMatchObject({
      message,
    });
    server.misbehave = (_, response) => sendStatus(response, 429, "", { "retry-after": "5" });
    await expect((await open(server)).embed(["text"], "query")).rejects.toMatchObject({ message });
    expect(server.requests).toHaveLength(2);
  });

  test("may cut an answer short, hang up, or be gone", async () => {
    await using server = await embeddingsServer();
    const embedder = await open(server);
    for (const fails of [
      (response: { end(text: string): void }) => response.end('{"data":[{"embed'),
      (response: { destroy(): void }) => response.destroy(),
    ]) {
      let asked = 0;
      server.misbehave = (_, response) => {
        asked += 1;
        if (asked > 1) return false;
        fails(response);
        return true;
      };
      expect(await embedder.embed(["text"], "document")).toHaveLength(1);
      expect(asked).toBe(2);
    }
    const gone = await httpEmbedder({
      url: "http://127.0.0.1:9",
      model: "m",
      dimensions: 2,
      retries: 0,
    });
    await expect(gone.embed(["text"], "query")).rejects.toMatchObject({
      code: "EMBEDDER_UNAVAILABLE",
    });
  });

  test("is given up on when it does not answer in time", async () => {
    await using server = await embeddingsServer();
    server.misbehave = () => true;
    const embedder = await open(server, { timeoutMs: 50, retries: 0 });
    await expect(embedder.embed(["text"], "document")).rejects.toMatchObject({
      code: "EMBEDDER_UNAVAILABLE",
      message: expect.stringContaining("no answer within 50 ms"),
    });
  });
});

describe("an endpoint that refuses", () => {
  test("is asked once; a wrong key is its failure, wrong texts are the caller's", async () => {
    await using server = await embeddingsServer();
    for (const [status, code] of [
      [401, "EMBEDDER_UNAVAILABLE"],
      [404, "EMBEDDER_UNAVAILABLE"],
      [400, "INVALID_INPUT"],
      [413, "INVALID_INPUT"],
    ] as const) {
      server.misbehave = (_, response) => sendStatus(response, status, "no");
      await expect((await open(server)).embed(["text"], "document")).rejects.toMatchObject({
        code,
        details: { status },
      });
    }
    expect(server.requests).toHaveLength(4);
  });

  test("never gets the key into an error, nor is it sent where the endpoint points to", async () => {
    await using server = await embeddingsServer();
    await using other = await embeddingsServer();
    const embedder = await open(server, { retries: 0, headers: { "x-token": "other-secret" } });
    server.misbehave = (_, response) =>
      sendStatus(response, 401, `Incorrect API key provided: ${KEY}, other-secret`);
    const error = (await embedder.embed(["text"], "query").catch((e: unknown) => e)) as Error;
    expect(error.message).toContain("Incorrect API key provided: [redacted], [redacted]");
    server.misbehave = (_, response) =>
      sendStatus(response, 307, "", { location: `${other.url}/embeddings` });
    const moved = (await embedder.embed(["text"], "query").catch((e: unknown) => e)) as Error;
    expect(JSON.stringify([moved.message, String(moved.cause)])).not.toContain(KEY);
    expect(other.requests).toEqual([]);
    const unsendable = open(server, { apiKey: `${KEY}\n` });
    await expect(unsendable).rejects.toMatchObject({ code: "INVALID_INPUT" });
    await expect(unsendable).rejects.not.toMatchObject({
      message: expect.stringContaining(KEY) as string,
    });
  });
});

describe("an answer", () => {
  test("is put in the order of the texts, and to unit length", async () => {
    await using server = await embeddingsServer();
    server.misbehave = ({ input }, response) =>
      sendJson(response, {
        data: input
          .map((text, index) => ({ index, embedding: vectorOf(Number(text)) }))
          .toReversed(),
      });
    const vectors = await (await open(server)).embed(["10", "0", "100"], "document");
    expect(vectors.map((vector) => Math.round(vector[0]! / vector[1]!))).toEqual([10, 0, 100]);
    expect(vectors.map((vector) => Math.hypot(...vector).toFixed(4))).toEqual([
      "1.0000",
      "1.0000",
      "1.0000",
    ]);
  });

  test("that is not one sound vector for every text is refused", async () => {
    await using server = await embeddingsServer();
    const embedder = await open(server, { retries: 0 });
    const sound = { embedding: vectorOf(1) };
    for (const [answer, message] of [
      [{ data: [sound] }, "Expected 2 vectors in the endpoint's answer, got 1"],
      [{ data: [sound, sound, sound] }, "got 3"],
      [
        {
          data: [
            { index: 1, ...sound },
            { index: 1, ...sound },
          ],
        },
        "got 1 twice",
      ],
      [{ data: [{ index: 2, ...sound }, sound] }, "an index below 2"],
      [{ data: [sound, { embedding: [1, 2] }] }, "32 components, got 2"],
      [{ data: [sound, { embedding: vectorOf("NaN" as never) }] }, "finite numbers, got NaN"],
      [{ data: [sound, { embedding: vectorOf(null as never) }] }, "finite numbers, got null"],
      [{ data: [sound, {}] }, "an `embedding`"],
      [{ data: [sound, null] }, "an `embedding`"],
      [{ data: [sound, { embedding: "AAAAAAA=" }] }, "got 5 bytes"],
      [{ error: "none" }, "a list `data`"],
      [null, "a list `data`"],
    ] as const) {
      server.misbehave = (_, response) => sendJson(response, answer);
      await expect(embedder.embed(["a", "b"], "document")).rejects.toMatchObject({
        code: "EMBEDDER_UNAVAILABLE",
        message: expect.stringContaining(message),
      });
    }
  });
});

test("a signal ends a request under way, and the waits between attempts", async () => {
  await using server = await embeddingsServer();
  const embedder = await open(server, { retries: 4 });
  const reason = new Error("enough");
  for (const answers of [false, true]) {
    const controller = new AbortController();
    server.misbehave = (_, response) => {
      setImmediate(() => controller.abort(reason));
      return answers ? sendStatus(response, 500) : true;
    };
    await expect(embedder.embed(["text"], "document", controller.signal)).rejects.toMatchObject({
      code: "CANCELLED",
      cause: reason,
    });
  }
  expect(server.requests).toHaveLength(2);
});

test("queries go before documents that wait", async () => {
  await using server = await embeddingsServer();
  const embedder = await open(server, { batchSize: 1, maxConcurrent: 1 });
  const documents = embedder.embed(["d1", "d2", "d3", "d4"], "document");
  await expect.poll(() => server.requests.length).toBeGreaterThan(0);
  const before = server.requests.length;
  await embedder.embed(["query"], "query");
  await documents;
  const place = server.requests.findIndex(({ input }) => input[0] === "query");
  expect(place - before).toBeLessThanOrEqual(1);
});

test("options that are wrong are refused before anything is sent", async () => {
  await using server = await embeddingsServer();
  for (const options of [
    { url: "ftp://models.example" },
    { url: "models" },
    { url: "https://user:secret@models.example" },
    { model: "" },
    { id: "" },
    { dimensions: 0 },
    { batchSize: 1.5 },
    { maxConcurrent: 0 },
    { retries: -1 },
    { timeoutMs: Number.NaN },
    { requestsPerMinute: 0 },
    { headers: { "x-a": "b\r\nc: d" } },
    { encodingFormat: "text" as never },
  ])
    await expect(open(server, options)).rejects.toMatchObject({ code: "INVALID_INPUT" });
  await expect(httpEmbedder({ url: server.url, model: "m", shortens: true })).rejects.toMatchObject(
    { code: "INVALID_INPUT" },
  );
  expect(server.requests).toEqual([]);
});
