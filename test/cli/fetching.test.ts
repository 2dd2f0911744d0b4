import { afterAll, beforeAll, expect, test } from "vitest";
import { httpServer } from "../../src/library/execution/host-fetch/testing-fixtures/local-server.ts";
import type { LocalServer } from "../../src/library/execution/host-fetch/testing-fixtures/local-server.ts";
import { jsonLines, jsonOf, openWorkplace } from "./run-cli.ts";
import type { Workplace } from "./run-cli.ts";

let server: LocalServer;
let place: Workplace;
let origin: string;

beforeAll(async () => {
  server = await httpServer((request, response) => response.end(`you asked for ${request.url}`));
  origin = `http://127.0.0.1:${server.port}`;
  place = openWorkplace();
  place.write("page.json", {
    id: "page",
    name: "Page",
    description: "Fetches a page.",
    code: "export default async ({ path }, host) => (await host.fetch(ORIGIN + path)).text();".replace(
      "ORIGIN",
      JSON.stringify(origin),
    ),
    capabilities: { fetch: [origin] },
  });
  await place.run(["add", "page.json", "--no-validate"]);
});
afterAll(async () => {
  place[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

const context = '{"path":"/a"}';
const lent = (): string[] => ["--allow-fetch", origin, "--allow-private", "127.0.0.1", "--json"];

test("a command lends the network only as far as it is told to", async () => {
  const denied = await place.run(["run", "page", "--context", context, "--json"]);
  expect([denied.code, jsonOf(denied)]).toMatchObject([
    7,
    { status: "denied", error: { code: "FETCH_ORIGIN_DENIED" } },
  ]);
  const privately = await place.run(["run", "page", "--context", context, "--allow-fetch", origin]);
  expect(privately.code).toBe(7);
  expect(privately.stderr).toContain("is an address that is not public");
  expect(server.connections.made).toBe(0);
  const run = await place.run(["run", "page", "--context", context, ...lent()]);
  expect([run.code, jsonOf(run)]).toMatchObject([0, { value: "you asked for /a" }]);
});

test("batch and compose lend it as run does", async () => {
  const stdin = '{"id":"page","context":{"path":"/1"}}\n{"id":"page","context":{"path":"/2"}}';
  expect(jsonLines(await place.run(["batch", "-", ...lent()], { stdin }))).toMatchObject([
    { value: "you asked for /1" },
    { value: "you asked for /2" },
  ]);
  const more = ["--allow-fetch", "https://api.example.com", "--allow-private", "10.0.0.0/8"];
  const composed = await place.run(["compose", "page", "--context", context, ...more, ...lent()]);
  expect(jsonOf(composed)).toMatchObject({ context: { prev_result: "you asked for /a" } });
});

test("flags that are wrong or mean nothing are refused", async () => {
  const wrong = await place.run(["run", "page", "--allow-fetch", `${origin}/path`]);
  expect(wrong.code).toBe(4);
  expect(wrong.stderr).toContain(`did you mean "${origin}"?`);
  const alone = await place.run(["run", "page", "--allow-private", "127.0.0.1"]);
  expect(alone.code).toBe(2);
  const saving = ["--save", "x", "--description", "y", "--allow-fetch", origin];
  expect((await place.run(["compose", "page", ...saving])).code).toBe(2);
});
