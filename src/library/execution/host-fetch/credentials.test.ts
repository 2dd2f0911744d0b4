import type { IncomingHttpHeaders } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { CredentialRequest, FetchCredentials } from "./fetch-policy.ts";
import { fetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import type { FetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import { httpServer } from "./testing-fixtures/local-server.ts";
import type { LocalServer } from "./testing-fixtures/local-server.ts";

const SECRET = "s3cr3t-0f-th3-h0st";

let server: LocalServer;
let library: FetchingLibrary;
let service: string;
let other: string;
let received: IncomingHttpHeaders[] = [];
let asked: CredentialRequest[] = [];
let give: Extract<FetchCredentials, (request: CredentialRequest) => unknown> = () => ({});

beforeAll(async () => {
  server = await httpServer((request, response) => {
    received.push(request.headers);
    if (request.url === "/moved") response.writeHead(302, { location: "/here?token=seen" });
    response.end("text");
  });
  service = `http://service.test:${server.port}`;
  other = `http://other.test:${server.port}`;
  library = await fetchingLibrary({
    origins: [service, other, "http://10.0.0.1"],
    timeoutMs: 1000,
    credentials: {
      [service]: (request) => {
        asked.push(request);
        return give(request);
      },
      [other]: { headers: { Authorization: `Bearer ${SECRET}`, Cookie: "session=1" } },
      "http://10.0.0.1": (request) => {
        asked.push(request);
        return {};
      },
    },
  });
});
beforeEach(() => {
  received = [];
  asked = [];
});
afterAll(async () => {
  await library[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test("are added to what their origin is asked, in place of what the skill says", async () => {
  await library.fetch(other, { headers: { AUTHORIZATION: "Bearer mine", "x-a": "1" } });
  expect(received).toMatchObject([
    { authorization: `Bearer ${SECRET}`, cookie: "session=1", "x-a": "1" },
  ]);
});

test("may be made for each request, by a function that knows who asks for what", async () => {
  give = async ({ url, method }) => ({ authorization: `${method} ${url}` });
  const execution = await library.run(
    `await host.fetch("${service}/moved", { method: "POST", body: "x" });`,
  );
  expect(execution.status).toBe("ok");
  const facts = {
    runId: execution.runId,
    skillId: execution.skillId,
    signal: expect.any(AbortSignal),
  };
  expect(asked).toEqual([
    { url: `${service}/moved`, method: "POST", ...facts },
    { url: `${service}/here?token=seen`, method: "GET", ...facts },
  ]);
  expect(received.map(({ authorization }) => authorization)).toEqual([
    `POST ${service}/moved`,
    `GET ${service}/here?token=seen`,
  ]);
});

test("are not asked for before every check has passed", async () => {
  const refused = [
    library.fetch("http://10.0.0.1/"),
    library.fetch("http://stranger.test/"),
    library.fetch(service, { method: "TRACE" }),
    library.fetch(service, { headers: { host: "x" } }),
  ];
  expect((await Promise.all(refused)).map((reply) => (reply as { code: string }).code)).toEqual([
    "FETCH_ADDRESS_DENIED",
    "FETCH_ORIGIN_DENIED",
    "FETCH_METHOD_DENIED",
    "FETCH_INVALID_REQUEST",
  ]);
  expect([asked, received]).toEqual([[], []]);
});

test("that can not be had fail the fetch, and nothing is said of them", async () => {
  const failing: (typeof give)[] = [
    () => {
      throw new Error(SECRET);
    },
    () => Promise.reject(new Error(SECRET)),
    () => ({ authorization: `${SECRET}\r\nx: y` }),
    () => ({ authorization: `${SECRET}\u2028` }),
    () => ({ host: SECRET }),
    () => ({ [`${SECRET} `]: "x" }),
    () => [SECRET] as never,
    () => SECRET as never,
    () => ({ authorization: { SECRET } }) as never,
    () => undefined as never,
  ];
  for (give of failing)
    expect(await library.fetch(service)).toEqual({
      name: "FetchError",
      code: "FETCH_CREDENTIALS",
      message: `The host has no credentials for ${service} now; its \`policy.fetch.credentials\` failed`,
    });
  expect(received).toEqual([]);
  give = () => new Promise(() => undefined);
  expect(await library.fetch(service)).toMatchObject({ code: "FETCH_TIMEOUT" });
  expect(asked.at(-1)?.signal.aborted).toBe(true);
});

test("are in nothing that is kept or shown of a run", async () => {
  give = () => ({ authorization: SECRET });
  const execution = await library.run(
    `console.log(await host.fetch("${other}/a")); await host.fetch("${service}/moved"); await host.fetch("${other}/b"); throw new Error("done");`,
  );
  expect(execution).toMatchObject({ status: "error", hostCalls: 3 });
  expect(received.length).toBe(4);
  const record = await library.library.getRun(execution.runId);
  const { recent } = await library.library
    .stats()
    .then((stats) => ({ recent: JSON.stringify(stats) }));
  expect(JSON.stringify([execution, record]) + recent).not.toContain(SECRET);
});
