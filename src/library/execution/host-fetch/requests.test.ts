import type { IncomingHttpHeaders } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import type { FetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import { httpServer } from "./testing-fixtures/local-server.ts";
import type { LocalServer } from "./testing-fixtures/local-server.ts";

interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: LocalServer;
let library: FetchingLibrary;
let origin: string;

beforeAll(async () => {
  server = await httpServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, url, headers } = request;
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString("hex") }),
    );
  });
  origin = `http://service.test:${server.port}`;
  library = await fetchingLibrary({ origins: [origin], maxRequestBytes: 1000 });
});
afterAll(async () => {
  await library[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function echo(init?: object, path = "/"): Promise<Echo> {
  const reply = (await library.fetch(origin + path, init)) as { readonly body?: string };
  if (reply.body === undefined) throw new Error(JSON.stringify(reply));
  return JSON.parse(reply.body) as Echo;
}

describe("what is sent", () => {
  test("by default is a GET with the host's own headers", async () => {
    expect(await echo(undefined, "/a%2Fb?c=d&e=%20#f")).toEqual({
      method: "GET",
      url: "/a%2Fb?c=d&e=%20",
      body: "",
      headers: {
        accept: "*/*",
        "accept-encoding": "gzip, deflate, br",
        connection: "keep-alive",
        host: `service.test:${server.port}`,
        "user-agent": "repertoire",
      },
    });
  });

  test("is a text in UTF-8 with its length, and its type unless the skill says another", async () => {
    const { method, headers, body } = await echo({ method: "post", body: "é€" });
    expect([method, headers["content-type"], headers["content-length"]]).toEqual([
      "POST",
      "text/plain;charset=UTF-8",
      "5",
    ]);
    expect([headers["transfer-encoding"], headers.connection, body]).toEqual([
      undefined,
      "close",
      "c3a9e282ac",
    ]);
    const typed = await echo({
      method: "PUT",
      body: "{}",
      headers: { "Content-Type": "application/json" },
    });
    expect([typed.method, typed.headers["content-type"]]).toEqual(["PUT", "application/json"]);
  });

  test("are bytes, as base64 or as they are", async () => {
    const { headers, body } = await echo({ method: "POST", body: { base64: "AP+A" } });
    expect([headers["content-type"], headers["content-length"], body]).toEqual([
      undefined,
      "3",
      "00ff80",
    ]);
    const execution = await library.run(
      `const r = await host.fetch(${JSON.stringify(origin)}, { method: "PATCH", body: new Uint8Array([1, 2, 255]) }); return await r.json();`,
    );
    expect(execution.unwrap()).toMatchObject({ method: "PATCH", body: "0102ff" });
  });

  test("has a length of zero where a body was to be expected", async () => {
    for (const method of ["POST", "PUT", "PATCH"])
      expect((await echo({ method })).headers["content-length"]).toBe("0");
    expect((await echo({ method: "DELETE" })).headers["content-length"]).toBeUndefined();
    expect((await echo({ method: "DELETE", body: "x" })).headers["content-length"]).toBe("1");
    expect((await echo({ method: "POST", body: "" })).headers["content-length"]).toBe("0");
  });

  test("has the skill's headers, in place of the host's own defaults", async () => {
    const { headers } = await echo({
      headers: {
        Accept: "text/html",
        "USER-AGENT": "me",
        "x-api-key": " k\t",
        authorization: "Bearer t",
        "x-name": "é",
      },
    });
    expect(headers).toMatchObject({
      accept: "text/html",
      "user-agent": "me",
      "x-api-key": "k",
      authorization: "Bearer t",
      "x-name": "é",
    });
  });
});

describe("what is refused before anything is sent", () => {
  async function refusal(init: unknown): Promise<unknown> {
    const before = server.requests.length;
    const reply = await library.fetch(origin, init as object);
    expect(server.requests.length).toBe(before);
    const { name, code, message } = reply as Record<string, unknown>;
    return [name, code, message];
  }

  test("options that are unknown or wrong, by name", async () => {
    const wrong: readonly (readonly [unknown, string])[] = [
      [
        { mode: "cors" },
        'host.fetch has no option "mode"; it takes method, headers, body, redirect',
      ],
      [{ agent: {} }, 'host.fetch has no option "agent"; it takes method, headers, body, redirect'],
      [
        { lookup: 1 },
        'host.fetch has no option "lookup"; it takes method, headers, body, redirect',
      ],
      [[], "host.fetch expects { method, headers, body, redirect } as its second argument, got []"],
      [
        "POST",
        'host.fetch expects { method, headers, body, redirect } as its second argument, got "POST"',
      ],
      [{ method: 1 }, "Expected `method` of host.fetch to be the name of a method, got 1"],
      [
        { method: "GET /x HTTP/1.1\r\n" },
        'Expected `method` of host.fetch to be the name of a method, got "GET /x HTTP/1.1\\r\\n"',
      ],
      [
        { method: "GET", body: "x" },
        "A request with method GET can have no body; use POST, or leave `body` out",
      ],
      [{ body: "" }, "A request with method GET can have no body; use POST, or leave `body` out"],
      [
        { redirect: "maybe" },
        'Expected `redirect` of host.fetch to be "follow", "error" or "manual", got "maybe"',
      ],
      [
        { method: "POST", body: { a: 1 } },
        'Expected `body` of host.fetch to be a text, bytes, or { base64 }, got {"a":1}; JSON.stringify what is to be sent as JSON',
      ],
      [
        { method: "POST", body: { base64: "a" } },
        'Expected `body` of host.fetch to be a text, bytes, or { base64 }, got {"base64":"a"}; JSON.stringify what is to be sent as JSON',
      ],
      [{ headers: [] }, "The headers of host.fetch must be an object of texts"],
      [{ headers: "a: b" }, "The headers of host.fetch must be an object of texts"],
      [{ headers: { a: 1 } }, "The headers of host.fetch must be texts, and `a` is not"],
      [
        { headers: { "": "x" } },
        'The headers of host.fetch have a name that HTTP does not allow: ""',
      ],
      [
        { headers: { "a b": "x" } },
        'The headers of host.fetch have a name that HTTP does not allow: "a b"',
      ],
      [
        { headers: { "a:": "x" } },
        'The headers of host.fetch have a name that HTTP does not allow: "a:"',
      ],
      [
        { headers: { "a\r\nb": "x" } },
        'The headers of host.fetch have a name that HTTP does not allow: "a\\r\\nb"',
      ],
      [{ headers: { a: "1", A: "2" } }, "The headers of host.fetch name `a` twice"],
      [
        { headers: { big: "x".repeat(20_000) } },
        "The headers of host.fetch are larger than the 16384 bytes that are allowed",
      ],
      [
        {
          headers: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`h${index}`, ""])),
        },
        "The headers of host.fetch are 65; at most 64 are allowed",
      ],
    ];
    for (const [init, message] of wrong)
      expect(await refusal(init)).toEqual(["TypeError", "FETCH_INVALID_REQUEST", message]);
  });

  test("header values that would end the header", async () => {
    for (const value of [
      "a\r\nx: y",
      "a\nb",
      "a\rb",
      "a\0b",
      "a\u0001b",
      "a\u010ab",
      "嘊嘍x: y",
      "\u2028",
    ])
      expect(await refusal({ headers: { a: value } })).toEqual([
        "TypeError",
        "FETCH_INVALID_REQUEST",
        "The headers of host.fetch have a value that HTTP does not allow: that of `a` has a line break, a control character, or one above U+00FF",
      ]);
  });

  test("headers that are the host's to set", async () => {
    const forbidden = [
      "Host",
      "connection",
      "Keep-Alive",
      "content-length",
      "Transfer-Encoding",
      "TE",
      "trailer",
      "upgrade",
      "expect",
      "HTTP2-Settings",
      "cookie",
      "set-cookie",
      "accept-encoding",
      "via",
      "proxy-authorization",
      "Proxy-Connection",
      "sec-fetch-site",
      "x-http-method-override",
      "X-HTTP-Method",
      "x-method-override",
    ];
    for (const name of forbidden)
      expect(await refusal({ headers: { [name]: "1" } })).toEqual([
        "TypeError",
        "FETCH_INVALID_REQUEST",
        `The headers of host.fetch may not set \`${name.toLowerCase()}\`; the host does`,
      ]);
  });

  test("methods the host does not allow, which deny the run", async () => {
    for (const method of ["TRACE", "CONNECT", "TRACK", "PROPFIND", "get".padEnd(5, "x")])
      expect(await refusal({ method })).toEqual([
        "CapabilityError",
        "FETCH_METHOD_DENIED",
        `Method ${method.toUpperCase()} is not granted; use one of GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE, or add it to \`policy.fetch.methods\` of the host`,
      ]);
    await using reading = await fetchingLibrary({ origins: [origin], methods: ["GET"] });
    const execution = await reading.run(
      `await host.fetch(${JSON.stringify(origin)}, { method: "DELETE" });`,
    );
    expect(execution).toMatchObject({ status: "denied", error: { code: "FETCH_METHOD_DENIED" } });
  });

  test("bodies that are too large", async () => {
    const code = "FETCH_REQUEST_TOO_LARGE";
    const message = (bytes: number): string =>
      `The body of a request has ${bytes} bytes; at most 1000 are allowed by \`policy.fetch.maxRequestBytes\` of the host`;
    expect(await refusal({ method: "POST", body: "é".repeat(501) })).toEqual([
      "FetchError",
      code,
      message(1002),
    ]);
    const base64 = Buffer.alloc(1001).toString("base64");
    expect(await refusal({ method: "POST", body: { base64 } })).toEqual([
      "FetchError",
      code,
      message(1001),
    ]);
    expect(
      (await echo({ method: "POST", body: { base64: Buffer.alloc(1000).toString("base64") } })).body
        .length,
    ).toBe(2000);
    expect((await echo({ method: "POST", body: "é".repeat(500) })).body.length).toBe(2000);
  });
});

test("nothing is asked of a network whose policy does not list the origin, nor of one no draft declares", async () => {
  const call = `await host.fetch(${JSON.stringify(origin)});`;
  const before = server.connections.made;
  await using other = await fetchingLibrary({ origins: ["http://other.test"] });
  expect(await other.run(call, { fetch: [origin] })).toMatchObject({
    status: "denied",
    error: {
      name: "CapabilityError",
      code: "FETCH_ORIGIN_DENIED",
      message: `Fetching from ${origin} is not granted: the host's policy does not have it; add it to \`policy.fetch.origins\``,
      line: 2,
    },
  });
  expect(await library.run(call, { fetch: [] })).toMatchObject({
    status: "denied",
    error: {
      code: "FETCH_ORIGIN_DENIED",
      message: expect.stringContaining("is not declared by the skill"),
    },
  });
  expect(server.connections.made).toBe(before);
});
