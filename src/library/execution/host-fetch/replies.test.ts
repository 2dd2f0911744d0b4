import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import type { FetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import { httpServer } from "./testing-fixtures/local-server.ts";
import type { LocalServer } from "./testing-fixtures/local-server.ts";

let server: LocalServer;
let library: FetchingLibrary;
let origin: string;
let answer: (response: ServerResponse) => void = (response) => response.end();

beforeAll(async () => {
  server = await httpServer((_request, response) => {
    response.sendDate = false;
    answer(response);
  });
  origin = `http://service.test:${server.port}`;
  library = await fetchingLibrary({ origins: [origin] });
});
afterAll(async () => {
  await library[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** What a skill makes of the reply `r` to its fetch. */
async function of(expression: string, respond: typeof answer, before = ""): Promise<unknown> {
  answer = respond;
  const body = `${before}; const r = await host.fetch(${JSON.stringify(origin)}); return ${expression};`;
  return (await library.run(body)).unwrap();
}

function typed(type: string | undefined, body: string | Buffer): typeof answer {
  return (response) => {
    if (type !== undefined) response.setHeader("content-type", type);
    response.end(body);
  };
}

describe("a reply", () => {
  test("is data, with what code for the web expects of it", async () => {
    const respond: typeof answer = (response) => {
      response.writeHead(404, "Gone Fishing", {
        "Content-Type": "application/json",
        "X-Two": ["a", "b"],
        "set-cookie": "a=1",
      });
      response.end('{"a":[1]}');
    };
    expect(
      await of(
        "[r, Object.keys(r), JSON.stringify(r.headers) === JSON.stringify({ ...r.headers })]",
        respond,
      ),
    ).toEqual([
      {
        url: `${origin}/`,
        status: 404,
        statusText: "Gone Fishing",
        ok: false,
        headers: {
          "content-type": "application/json",
          "x-two": "a, b",
          connection: "keep-alive",
          "keep-alive": "timeout=5",
          "transfer-encoding": "chunked",
        },
        body: '{"a":[1]}',
      },
      ["url", "status", "statusText", "ok", "headers", "body"],
      true,
    ]);
    expect(
      await of(
        "[await r.text(), await r.json(), r.headers.get('X-TWO'), r.headers.get('set-cookie'), r.headers.has('x-two'), r.headers.has('get'), [...await r.bytes()].length, (await r.arrayBuffer()).byteLength, await r.text()]",
        respond,
      ),
    ).toEqual(['{"a":[1]}', { a: [1] }, "a, b", null, true, false, 9, 9, '{"a":[1]}']);
  });

  test("has the bytes of what is no text", async () => {
    const bytes = Buffer.from([0, 255, 128, 10]);
    const respond = typed("image/png", bytes);
    expect(
      await of(
        "[r.body === undefined, r.bodyBase64, [...await r.bytes()], (await r.bytes()) instanceof Uint8Array]",
        respond,
      ),
    ).toEqual([true, "AP+ACg==", [...bytes], true]);
    expect(await of("r.text().catch((e) => e.name + ': ' + e.message)", respond)).toBe(
      "TypeError: The body is not UTF-8 text; read it with bytes()",
    );
    // Object stores call everything by this type.
    const stored = typed("application/octet-stream", '\uFEFF{"é":"😀"}');
    expect(await of("[await r.json(), await r.text(), r.body]", stored)).toEqual([
      { é: "😀" },
      '{"é":"😀"}',
      null,
    ]);
  });

  test("is text where its type or its charset says so, or where it has no type and is UTF-8", async () => {
    const texts = [
      "text/html",
      "application/json; charset=UTF-8",
      "application/problem+json",
      "image/svg+xml",
      "application/x-ndjson",
      "TEXT/Plain",
      "application/octet-stream; charset=utf-8",
      undefined,
    ];
    for (const type of texts)
      expect([type, await of("r.body", typed(type, "é\0"))]).toEqual([type, "é\0"]);
    expect(await of("r.body", typed("text/plain; charset=latin1", Buffer.from([0xe9])))).toBe("é");
    expect(
      await of("r.body", typed('text/plain;charset="shift_jis"', Buffer.from([0x82, 0xa0]))),
    ).toBe("あ");
    expect(await of("r.body", typed("text/plain; charset=nonsense", "é"))).toBe("é");
    expect(await of("r.body", typed("text/plain", Buffer.from([0x61, 0xff])))).toBe("a\uFFFD");
    expect(await of("r.bodyBase64", typed(undefined, Buffer.from([0xff])))).toBe("/w==");
    expect(await of("[r.body, r.bodyBase64]", typed("image/png", ""))).toEqual(["", null]);
  });

  test("is decoded", async () => {
    const codings = {
      gzip: gzipSync("text"),
      "x-gzip": gzipSync("text"),
      deflate: deflateSync("text"),
      br: brotliCompressSync("text"),
      identity: Buffer.from("text"),
      GZIP: gzipSync("text"),
    };
    for (const [coding, bytes] of Object.entries(codings)) {
      const respond: typeof answer = (response) => {
        response.setHeader("content-type", "text/plain");
        response.setHeader("content-encoding", coding);
        response.end(bytes);
      };
      expect([coding, await of("r.body", respond)]).toEqual([coding, "text"]);
    }
  });

  test("may have no body", async () => {
    const encoded =
      (status: number): typeof answer =>
      (response) => {
        response.writeHead(status, { "content-encoding": "gzip" });
        response.end();
      };
    for (const status of [204, 304])
      expect(await of("[r.status, r.body]", encoded(status))).toEqual([status, ""]);
    answer = typed("text/plain", "text");
    expect(await library.fetch(origin, { method: "HEAD" })).toMatchObject({
      status: 200,
      body: "",
    });
    expect(await of("[r.status, r.body]", typed("text/plain", ""))).toEqual([200, ""]);
  });

  test("keeps its methods whatever its headers are called", async () => {
    const respond: typeof answer = (response) => {
      for (const name of ["get", "has", "__proto__", "constructor", "toString"])
        response.setHeader(name, "evil");
      response.end();
    };
    expect(
      await of(
        "[r.headers.get('get'), r.headers.get('has'), r.headers.has('__proto__'), Object.getPrototypeOf(r.headers) === Object.prototype, r.headers.get('constructor')]",
        respond,
      ),
    ).toEqual(["evil", "evil", false, true, "evil"]);
  });

  test("can be read by code that broke everything else", async () => {
    const breaking =
      "for (const f of ['atob', 'btoa', 'escape', 'unescape', 'encodeURIComponent', 'decodeURIComponent', 'Uint8Array', 'Promise']) globalThis[f] = () => { throw new Error('broken ' + f); };" +
      "JSON.parse = String.prototype.toLowerCase = String.prototype.slice = Object.defineProperty = () => { throw new Error('broken'); };" +
      "Object.defineProperty = undefined; Object.prototype.value = 1; Object.prototype.get = () => 'mine'; Array.prototype[Symbol.iterator] = undefined";
    expect(
      await of(
        "[await r.json(), (await r.bytes()).length, r.headers.get('Content-Type')]",
        typed("application/json", '{"a":1}'),
        breaking,
      ),
    ).toEqual([{ a: 1 }, 7, "application/json"]);
  });
});
