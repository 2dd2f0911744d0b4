import { afterAll, beforeAll, expect, test } from "vitest";
import { draftOf } from "../../../../test/support/draft-of.ts";
import type { SkillDraft, SkillExample } from "../../../skill/skill.ts";
import { rejection } from "../../../../test/support/thrown.ts";
import { fetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import type { FetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import { httpServer } from "./testing-fixtures/local-server.ts";
import type { LocalServer } from "./testing-fixtures/local-server.ts";

let server: LocalServer;
let fixture: FetchingLibrary;
let service: string;
let other: string;

beforeAll(async () => {
  server = await httpServer((_request, response) => response.end("text"));
  service = `http://service.test:${server.port}`;
  other = `http://other.test:${server.port}`;
  fixture = await fetchingLibrary({ origins: [service, other] });
  const capabilities = { fetch: [service, other] };
  await fixture.library.add(
    draftOf("fetcher", "return (await host.fetch(context.url)).body;", { capabilities }),
    { validate: false },
  );
  await fixture.library.add(
    draftOf("between", "return await host.skill('fetcher', context);", {
      capabilities: { fetch: [other], skills: ["fetcher"] },
    }),
    { validate: false },
  );
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** What a skill with these origins gets from one that it calls. */
async function through(callee: string, url: string, fetch: readonly string[]): Promise<unknown> {
  const id = `caller-${callee}-${fetch.length}-${fetch[0] === other}`;
  const draft = draftOf(id, `return await host.skill("${callee}", context);`, {
    capabilities: { skills: [callee], fetch },
  });
  await fixture.library.add(draft, { validate: false, expectedVersion: "any" });
  const { status, value, error } = await fixture.library.execute(id, { url });
  return status === "ok" ? value : [status, error?.message];
}

test("a called skill fetches from what its callers were granted as well", async () => {
  expect(await through("fetcher", service, [service])).toBe("text");
  expect(await through("between", other, [service, other])).toBe("text");
});

test("a skill can not reach through another one what it was not granted itself", async () => {
  const refused = (url: string): string =>
    `Skill "fetcher" ended with denied: Fetching from ${url} is not granted: the calling skill does not have it; add it to that skill's \`capabilities.fetch\``;
  const before = server.requests.length;
  expect(await through("fetcher", service, [])).toEqual(["denied", refused(service)]);
  expect(await through("fetcher", service, [other])).toEqual(["denied", refused(service)]);
  // Whoever is in between narrows it too.
  expect(await through("between", service, [service, other])).toEqual([
    "denied",
    `Skill "between" ended with denied: ${refused(service)}`,
  ]);
  expect(server.requests.length).toBe(before);
});

test("a saved workflow declares the origins of its steps", async () => {
  await fixture.library.saveWorkflow({
    id: "flow",
    name: "flow",
    description: "Fetches",
    steps: ["fetcher"],
  });
  expect((await fixture.library.get("flow"))?.capabilities.fetch).toEqual([service, other]);
  const execution = await fixture.library.execute("flow", { url: service });
  expect(execution).toMatchObject({ status: "ok", value: "text" });
});

test("the check of an example lends no network, and plays the replies it writes down", async () => {
  const capabilities = { fetch: [service] };
  const draft = (examples: readonly SkillExample[]): SkillDraft =>
    draftOf(
      "checked",
      `const r = await host.fetch("${service}/a", context.init); return [r.url, r.status, r.ok, await r.text(), r.headers.get("x-a")];`,
      { capabilities, examples },
    );
  const before = server.requests.length;
  expect(await rejection(fixture.library.add(draft([{ context: {} }])))).toMatchObject({
    code: "VALIDATION_FAILED",
    message: expect.stringContaining("checks lend no network; write its reply in `hostCalls`"),
  });
  const url = `${service}/a`;
  const written = await fixture.library.add(
    draft([
      { context: {}, hostCalls: [{ fetch: url }], result: [url, 200, true, "", null] },
      {
        context: { init: { method: "POST", body: "b" } },
        hostCalls: [
          {
            fetch: url,
            args: { method: "POST", body: "b" },
            result: { status: 404, headers: { "x-a": "1" }, bodyBase64: "YQ==" },
          },
        ],
        result: [url, 404, false, "a", "1"],
      },
      { context: {}, hostCalls: [{ fetch: url, error: "no network" }], error: "Error" },
    ]),
  );
  expect(written).toMatchObject({
    created: true,
    checks: [0, 1, 2, 3].map(() => ({ passed: true })),
  });
  const wrong = draft([{ context: {}, hostCalls: [{ fetch: `${service}/b` }] }]);
  expect(await rejection(fixture.library.add(wrong, { expectedVersion: "any" }))).toMatchObject({
    message: expect.stringContaining(
      `fetch "${url}" was called where \`hostCalls\` expects "${service}/b"`,
    ),
  });
  const undeclared = draftOf("undeclared", `await host.fetch("${other}/");`, {
    capabilities,
    examples: [{ context: {}, hostCalls: [{ fetch: `${other}/` }] }],
  });
  expect(await rejection(fixture.library.add(undeclared))).toMatchObject({
    message: expect.stringContaining("its origin is not declared in `capabilities.fetch`"),
  });
  const calling = draftOf("calling", `return await host.skill("fetcher", { url: "${service}" });`, {
    capabilities: { fetch: [service], skills: ["fetcher"] },
    examples: [{ context: {}, error: "denied" }],
  });
  expect((await fixture.library.add(calling)).created).toBe(true);
  expect(server.requests.length).toBe(before);
});
