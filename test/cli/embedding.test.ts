import { expect, test } from "vitest";
import {
  embeddingsServer,
  sendStatus,
} from "../../src/search/embedders/testing-fixtures/embeddings-server.ts";
import { jsonOf, openWorkplace } from "./run-cli.ts";

const note = (id: string): object => ({
  id,
  name: `Note ${id}`,
  description: `About ${id}`,
  instructions: id,
});

test("the embedder of the environment is used, and its failures fail no command", async () => {
  await using server = await embeddingsServer(16);
  using place = openWorkplace();
  const env = {
    REPERTOIRE_EMBEDDER_URL: server.url,
    REPERTOIRE_EMBEDDER_MODEL: "m",
    REPERTOIRE_EMBEDDER_API_KEY: "sk-secret",
    REPERTOIRE_EMBEDDER_DIMENSIONS: "16",
  };
  const embedder = `${new URL(server.url).host}/m@16`;
  place.write("apples.skill.json", note("apples"));
  place.write("pears.skill.json", note("pears"));
  await place.run(["add", "apples.skill.json"], { env });
  expect(jsonOf(await place.run(["search", "apples", "--json"], { env }))).toMatchObject({
    matches: [{ id: "apples" }],
    mode: "hybrid",
    embedder,
  });
  expect(server.requests[0]?.headers.authorization).toBe("Bearer sk-secret");

  server.misbehave = (_, response) => sendStatus(response, 503, "overloaded");
  expect(await place.run(["add", "pears.skill.json"], { env })).toMatchObject({ code: 0 });
  const found = await place.run(["search", "pears", "--json"], { env });
  expect(jsonOf(found)).toMatchObject({
    matches: [{ id: "pears" }],
    mode: "keyword",
    modeReason: expect.stringContaining("HTTP 503: overloaded"),
    embedder: null,
  });
  expect(found.code).toBe(0);

  server.misbehave = () => false;
  expect(await place.run(["doctor", "--reindex"], { env })).toMatchObject({ code: 0 });
  const { search } = jsonOf(await place.run(["stats", "--json"], { env })) as { search: object };
  expect(search).toMatchObject({ skills: 2, vectors: 2, pending: 0, embedder });
});

test("REPERTOIRE_EMBEDDER_URL=none searches by keyword alone", async () => {
  using place = openWorkplace();
  place.write("apples.skill.json", note("apples"));
  await place.run(["add", "apples.skill.json"]);
  const env = { REPERTOIRE_EMBEDDER_URL: "none" };
  expect(jsonOf(await place.run(["search", "apples", "--json"], { env }))).toMatchObject({
    mode: "keyword",
    modeReason: "this library has no embedder",
  });
});
