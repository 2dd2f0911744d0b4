import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { IncomingMessage } from "node:http";
import { fetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import type { FetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import { CERTIFICATE, httpServer, httpsServer } from "./testing-fixtures/local-server.ts";
import type { LocalServer } from "./testing-fixtures/local-server.ts";

interface Received {
  readonly request: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

let servers: Record<"service" | "secure" | "hidden", LocalServer>;
let origins: Record<"service" | "other" | "secure" | "hidden" | "stranger", string>;
let library: FetchingLibrary;
let received: Received[] = [];

beforeAll(async () => {
  /** `/<status>/<location, encoded>` redirects there; anything else is the end. */
  const listener = async (
    request: IncomingMessage,
    response: Parameters<Parameters<typeof httpServer>[0]>[1],
  ): Promise<void> => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    received.push({
      request: `${request.method} ${request.headers.host?.split(":")[0]}${request.url}`,
      headers: request.headers,
      body,
    });
    const [, status, location] = /^\/(\d{3})\/(.*)$/.exec(request.url ?? "") ?? [];
    if (status === undefined) return void response.end("end");
    response.writeHead(
      Number(status),
      location === "none" ? {} : { location: decodeURIComponent(location ?? "") },
    );
    response.end("not for the skill");
  };
  const service = await httpServer(listener);
  servers = {
    service,
    secure: await httpsServer(listener),
    hidden: await httpServer(listener, { host: "127.0.0.2", port: service.port }),
  };
  origins = {
    service: `http://service.test:${service.port}`,
    other: `http://other.test:${service.port}`,
    stranger: `http://stranger.test:${service.port}`,
    secure: `https://service.test:${servers.secure.port}`,
    hidden: `http://hidden.test:${service.port}`,
  };
  library = await fetchingLibrary({
    origins: [origins.service, origins.other, origins.secure, origins.hidden],
    ca: CERTIFICATE,
    resolve: (hostname) => [hostname === "hidden.test" ? "127.0.0.2" : "127.0.0.1"],
    credentials: {
      [origins.service]: { headers: { authorization: "Bearer service", cookie: "service=1" } },
      [origins.other]: { headers: { "x-key": "other" } },
    },
  });
});
beforeEach(() => {
  received = [];
});
afterAll(async () => {
  await library[Symbol.asyncDispose]();
  for (const server of Object.values(servers)) await server[Symbol.asyncDispose]();
});

function via(status: number, location: string, from = origins.service): string {
  return `${from}/${status}/${encodeURIComponent(location)}`;
}

describe("a redirect", () => {
  test("is followed, relative or not, and the reply has the last URL", async () => {
    for (const location of [
      "/end?a",
      "../end?a",
      `//service.test:${servers.service.port}/end?a`,
      `${origins.service}/end?a#part`,
    ])
      expect(await library.fetch(via(302, location))).toMatchObject({
        url: `${origins.service}/end?a`,
        status: 200,
        body: "end",
      });
    expect(await library.fetch(via(301, `${origins.secure}/end`))).toMatchObject({
      url: `${origins.secure}/end`,
      status: 200,
    });
  });

  test("without a location is the reply, and so is one that the skill asked for", async () => {
    expect(await library.fetch(`${origins.service}/302/none`)).toMatchObject({
      status: 302,
      body: "not for the skill",
    });
    expect(await library.fetch(`${origins.service}/300/%2Fend`)).toMatchObject({ status: 300 });
    const manual = await library.fetch(via(302, "/end"), { redirect: "manual" });
    expect(manual).toMatchObject({
      url: via(302, "/end"),
      status: 302,
      ok: false,
      headers: { location: "/end" },
    });
    expect(await library.fetch(via(302, "/end"), { redirect: "error" })).toEqual({
      name: "FetchError",
      code: "FETCH_REDIRECT",
      message: `${origins.service} redirects, and the request says \`redirect: "error"\``,
    });
    expect(received.length).toBe(4);
  });

  test("changes the method as the Fetch standard says", async () => {
    const init = (method: string): object => ({
      method,
      body: "b",
      headers: { "content-type": "a/b", "content-language": "de", accept: "c/d" },
    });
    const cases = [
      [301, "POST", "GET"],
      [302, "POST", "GET"],
      [303, "POST", "GET"],
      [303, "PUT", "GET"],
      [301, "PUT", "PUT"],
      [302, "DELETE", "DELETE"],
      [307, "POST", "POST"],
      [308, "PATCH", "PATCH"],
    ] as const;
    for (const [status, method, expected] of cases) {
      received = [];
      expect(await library.fetch(via(status, "/end"), init(method))).toMatchObject({ status: 200 });
      const last = received.at(-1);
      const hasBody = expected === method;
      expect([status, method, last?.request, last?.body]).toEqual([
        status,
        method,
        `${expected} service.test/end`,
        hasBody ? "b" : "",
      ]);
      expect([
        last?.headers["content-type"],
        last?.headers["content-language"],
        last?.headers.accept,
      ]).toEqual(hasBody ? ["a/b", "de", "c/d"] : [undefined, undefined, "c/d"]);
    }
    received = [];
    expect(await library.fetch(via(303, "/end"), { method: "HEAD" })).toMatchObject({
      status: 200,
      body: "",
    });
    expect(received.at(-1)?.request).toBe("HEAD service.test/end");
  });

  test("to a method that is not allowed is not followed", async () => {
    await using writing = await fetchingLibrary({ origins: [origins.service], methods: ["POST"] });
    expect(await writing.fetch(via(303, "/end"), { method: "POST" })).toMatchObject({
      code: "FETCH_METHOD_DENIED",
    });
    expect(received.length).toBe(1);
  });

  test("carries neither credentials nor what the skill said to another origin", async () => {
    const headers = {
      authorization: "Bearer skill",
      "x-secret": "s",
      accept: "text/html",
      "user-agent": "me",
    };
    await library.fetch(via(307, via(307, via(307, "/end"), origins.other)), {
      method: "POST",
      body: "b",
      headers,
    });
    expect(received.map(({ request }) => request.replace(/\/307.*/, ""))).toEqual([
      "POST service.test",
      "POST other.test",
      "POST service.test",
      "POST service.test/end",
    ]);
    await library.fetch(via(302, `${origins.other}/end`), { headers });
    const [first, , , , , second] = received;
    expect(first?.headers).toMatchObject({
      authorization: "Bearer service",
      cookie: "service=1",
      "x-secret": "s",
      "user-agent": "me",
    });
    expect(second?.request).toBe("GET other.test/end");
    expect(second?.headers).toEqual({
      accept: "text/html",
      "accept-encoding": "gzip, deflate, br",
      connection: "keep-alive",
      host: `other.test:${servers.service.port}`,
      "user-agent": "me",
      "x-key": "other",
    });
  });

  test("back to its origin gives credentials again, and not what was dropped on the way", async () => {
    const there = via(302, via(302, `${origins.service}/end`, origins.other));
    await library.fetch(there, { headers: { "x-secret": "s" } });
    expect(
      received.map(({ headers }) => [headers.authorization, headers["x-key"], headers["x-secret"]]),
    ).toEqual([
      ["Bearer service", undefined, "s"],
      [undefined, "other", undefined],
      ["Bearer service", undefined, undefined],
    ]);
  });
});

describe("a redirect is refused", () => {
  async function refusal(location: string, from?: string): Promise<unknown> {
    const reply = (await library.fetch(via(302, location, from))) as Record<string, unknown>;
    return [reply["name"], reply["code"], reply["message"]];
  }

  test("to an origin that was not granted", async () => {
    expect(await refusal(`${origins.stranger}/end`)).toEqual([
      "CapabilityError",
      "FETCH_ORIGIN_DENIED",
      `Fetching from ${origins.stranger} is not declared by the skill; add it to \`capabilities.fetch\` of the draft`,
    ]);
    for (const location of [
      "http://169.254.169.254/latest/meta-data/",
      "http://127.0.0.1/",
      `http://2130706433:${servers.service.port}/`,
      "//localhost/",
    ])
      expect(await refusal(location)).toMatchObject([
        "CapabilityError",
        "FETCH_ORIGIN_DENIED",
        expect.any(String),
      ]);
  });

  test("to an address that is not allowed, although its origin is granted", async () => {
    const before = servers.hidden.connections.made;
    expect(await refusal(`${origins.hidden}/end`)).toEqual([
      "CapabilityError",
      "FETCH_ADDRESS_DENIED",
      `Fetching from ${origins.hidden} is not granted: hidden.test has an address that is not public; add the address to \`policy.fetch.allowPrivateAddresses\` of the host`,
    ]);
    expect(servers.hidden.connections.made).toBe(before);
  });

  test("to what is no page of the web, or has a user and password", async () => {
    for (const location of [
      "file:///etc/passwd",
      "data:,x",
      "javascript:1",
      "ftp://service.test/",
      "blob:http://service.test/1",
    ])
      expect(((await refusal(location)) as string[])[1]).toBe("FETCH_SCHEME_DENIED");
    expect(await refusal(`http://user:pass@service.test:${servers.service.port}/end`)).toEqual([
      "TypeError",
      "FETCH_INVALID_URL",
      `A URL to fetch may hold no user or password; use ${origins.service} without them, and \`policy.fetch.credentials\` of the host`,
    ]);
    expect(await refusal("http://[bad")).toEqual([
      "TypeError",
      "FETCH_INVALID_URL",
      `${origins.service} redirects to something that is not a URL`,
    ]);
  });

  test("from https to http", async () => {
    expect(await refusal(`${origins.service}/end`, origins.secure)).toEqual([
      "CapabilityError",
      "FETCH_DOWNGRADE_DENIED",
      `${origins.secure} redirects to ${origins.service}, which is not encrypted; such redirects are not followed`,
    ]);
    expect(received.length).toBe(1);
  });

  test("when there are too many, in a circle or not", async () => {
    // A location without a path is this very path again.
    expect(await library.fetch(via(302, ""))).toMatchObject({
      name: "FetchError",
      code: "FETCH_REDIRECT",
      message: `${origins.service} redirects more than 5 times; fetch what it redirects to, or raise \`policy.fetch.maxRedirects\` of the host`,
    });
    expect(received.length).toBe(6);
    await using still = await fetchingLibrary({ origins: [origins.service], maxRedirects: 0 });
    expect(await still.fetch(via(302, "/end"))).toMatchObject({ code: "FETCH_REDIRECT" });
  });
});
