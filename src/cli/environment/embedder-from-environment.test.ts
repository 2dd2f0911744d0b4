import { expect, test } from "vitest";
import {
  embeddingsServer,
  sendStatus,
} from "../../search/embedders/testing-fixtures/embeddings-server.ts";
import { embedderFromEnvironment, namedEmbedder } from "./embedder-from-environment.ts";

test("the variables name an endpoint, or that there is no embedder", () => {
  expect(namedEmbedder({})).toEqual({ kind: "default" });
  expect(namedEmbedder({ REPERTOIRE_EMBEDDER_URL: "" })).toEqual({ kind: "default" });
  expect(namedEmbedder({ REPERTOIRE_EMBEDDER_URL: "none" })).toEqual({ kind: "none" });
  expect(namedEmbedder({ REPERTOIRE_EMBEDDER_URL: "false" })).toEqual({ kind: "none" });
  expect(
    namedEmbedder({
      REPERTOIRE_EMBEDDER_URL: "http://localhost/v1",
      REPERTOIRE_EMBEDDER_MODEL: "m",
      REPERTOIRE_EMBEDDER_API_KEY: "k",
      REPERTOIRE_EMBEDDER_DIMENSIONS: "384",
    }),
  ).toEqual({
    kind: "http",
    options: { url: "http://localhost/v1", model: "m", apiKey: "k", dimensions: 384 },
  });
});

test("variables that are missing or wrong are named", () => {
  for (const [environment, message] of [
    [{ URL: "http://localhost" }, "to be set together"],
    [{ MODEL: "m" }, "to be set together"],
    [{ URL: "http://localhost", MODEL: "m", DIMENSIONS: "many" }, 'positive integer, got "many"'],
  ] as const) {
    const variables = Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [`REPERTOIRE_EMBEDDER_${name}`, value]),
    );
    expect(() => namedEmbedder(variables)).toThrow(message);
  }
});

test("an endpoint that answers is used, and one that does not is replaced, audibly", async () => {
  await using server = await embeddingsServer(8);
  const variables = { REPERTOIRE_EMBEDDER_URL: server.url, REPERTOIRE_EMBEDDER_MODEL: "m" };
  const notes: string[] = [];
  const note = (text: string): void => void notes.push(text);
  expect(await embedderFromEnvironment(variables, note)).toMatchObject({
    embedder: { dimensions: 8 },
  });
  expect(notes).toEqual([]);
  server.misbehave = (_, response) => sendStatus(response, 503);
  expect(await embedderFromEnvironment(variables, note)).toEqual({});
  expect(notes).toEqual([
    expect.stringContaining("failed: HTTP 503; the bundled embedder is used"),
  ]);
  // With its dimensions it need not be asked, and the library bears its failures.
  const given = { ...variables, REPERTOIRE_EMBEDDER_DIMENSIONS: "8" };
  expect(await embedderFromEnvironment(given, note)).toMatchObject({ embedder: { dimensions: 8 } });
  expect(notes).toHaveLength(1);
});
