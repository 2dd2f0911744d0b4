/** Servers that do what no server should. Each ends as a failure the skill can catch, in time. */
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import type { FetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import { httpServer, rawServer } from "./testing-fixtures/local-server.ts";
import type { LocalServer } from "./testing-fixtures/local-server.ts";

const TIMEOUT_MS = 1000;

let server: LocalServer;
/** Two ways to look at one server: with little time, and with little room. */
let hasty: FetchingLibrary;
let narrow: FetchingLibrary;
const ways: ((socket: Socket) => void)[] = [];

beforeAll(async () => {
  server = await rawServer((socket, text) => ways[Number(/\d+/.exec(text)?.[0])]?.(socket));
  const origins = [`http://service.test:${server.port}`];
  hasty = await fetchingLibrary({ origins, timeoutMs: TIMEOUT_MS });
  narrow = await fetchingLibrary({ origins, maxResponseBytes: 1000, timeoutMs: 30_000 });
});
afterAll(async () => {
  await hasty[Symbol.asyncDispose]();
  await narrow[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** What a skill gets from a server that answers this way. */
async function from(respond: (socket: Socket) => void, library = narrow): Promise<unknown> {
  const origin = `http://service.test:${server.port}`;
  const reply = await library.fetch(`${origin}/${ways.push(respond) - 1}`);
  const { code, message } = reply as { code?: string; message?: string };
  return code === undefined ? reply : [code, message?.replaceAll(origin, "ORIGIN")];
}

/** Writes the same piece every few milliseconds, as long as somebody is there. */
function drip(socket: Socket, piece: string | Buffer): void {
  const timer = setInterval(() => socket.write(piece), 5);
  socket.on("close", () => clearInterval(timer));
}

const TIMED_OUT = ["FETCH_TIMEOUT", `ORIGIN did not answer in full within ${TIMEOUT_MS} ms`];
const BROKE = ["FETCH_CONNECTION", "The connection to ORIGIN broke"];
const NOT_HTTP = ["FETCH_PROTOCOL", "ORIGIN did not answer in valid HTTP"];
const HEAD = "HTTP/1.1 200 OK\r\n";

test("silence, and headers or a body that never end, take no longer than they may", async () => {
  const slow: readonly ((socket: Socket) => void)[] = [
    () => undefined,
    (socket) => void socket.write("HTTP/1.1 200"),
    (socket) => {
      socket.write(HEAD);
      drip(socket, "a: b\r\n");
    },
    (socket) => drip(socket, "HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n"),
    (socket) => void socket.write(`${HEAD}content-length: 5\r\n\r\nab`),
    (socket) => {
      socket.write(`${HEAD}content-length: 100000\r\n\r\n`);
      drip(socket, "a");
    },
    (socket) => {
      socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
      drip(socket, "1\r\na\r\n");
    },
    (socket) =>
      void socket.write(
        Buffer.concat([
          Buffer.from(`${HEAD}content-encoding: gzip\r\n\r\n`),
          gzipSync("abc").subarray(0, 12),
        ]),
      ),
  ];
  expect(await Promise.all(slow.map((respond) => from(respond, hasty)))).toEqual(
    slow.map(() => TIMED_OUT),
  );
});

test("a redirect does not start the time anew", async () => {
  await using server = await httpServer((_request, response) => {
    const timer = setTimeout(() => response.writeHead(302, { location: "/" }).end(), 400);
    response.on("close", () => clearTimeout(timer));
  });
  const origin = `http://service.test:${server.port}`;
  await using library = await fetchingLibrary({ origins: [origin], timeoutMs: 600 });
  expect(await library.fetch(origin)).toMatchObject({ code: "FETCH_TIMEOUT" });
  expect(server.requests.length).toBeLessThanOrEqual(2);
});

test("a body is cut off at the limit, whatever its length is said to be", async () => {
  const tooLarge = [
    "FETCH_RESPONSE_TOO_LARGE",
    "The body of ORIGIN has more than the 1000 bytes that are allowed; ask for less, or raise `policy.fetch.maxResponseBytes` and `limits.resultBytes` of the host",
  ];
  const large: readonly ((socket: Socket) => void)[] = [
    (socket) => void socket.end(`${HEAD}content-length: 1001\r\n\r\n${"a".repeat(1001)}`),
    (socket) => {
      socket.write(`${HEAD}\r\n`);
      drip(socket, "a".repeat(300));
    },
    (socket) => {
      socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
      drip(socket, `12c\r\n${"a".repeat(300)}\r\n`);
    },
    // 10 MiB in some 10 KiB.
    (socket) =>
      void socket.end(
        Buffer.concat([
          Buffer.from(`${HEAD}content-encoding: gzip\r\n\r\n`),
          gzipSync(Buffer.alloc(10 * 1024 * 1024)),
        ]),
      ),
  ];
  expect(await Promise.all(large.map((respond) => from(respond)))).toEqual(
    large.map(() => tooLarge),
  );
  expect(
    await from(
      (socket) =>
        void socket.end(
          `${HEAD}content-type: text/plain\r\ncontent-length: 1000\r\n\r\n${"a".repeat(1000)}`,
        ),
    ),
  ).toMatchObject({ body: "a".repeat(1000) });
});

test("headers are cut off at their limit", async () => {
  const tooLarge = ["FETCH_RESPONSE_TOO_LARGE", "The headers of ORIGIN are too large"];
  expect(
    await from((socket) => void socket.write(`${HEAD}a: ${"b".repeat(40_000)}\r\n\r\n`)),
  ).toEqual(tooLarge);
  expect(
    await from((socket) => {
      socket.write(HEAD);
      drip(socket, `${"a".repeat(100)}: ${"b".repeat(5000)}\r\n`);
    }),
  ).toEqual(tooLarge);
  const many = Array.from({ length: 2500 }, (_, index) => `h${index}: 1\r\n`).join("");
  expect(await from((socket) => void socket.end(`${HEAD}${many}\r\n`))).toMatchObject({
    status: 200,
    headers: { h0: "1", h2499: "1" },
  });
});

test("a connection that breaks is a failure, before and within the response", async () => {
  const broken: readonly ((socket: Socket) => void)[] = [
    (socket) => void socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\nzz\r\n`),
    (socket) => socket.resetAndDestroy(),
    (socket) => void socket.end(),
    (socket) => void socket.end("HTTP/1.1 200 OK\r\na: b\r\n"),
    (socket) => void socket.end(`${HEAD}content-length: 10\r\n\r\nabc`),
    (socket) => void socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\n5\r\nab`),
    (socket) =>
      socket.write(`${HEAD}content-length: 10\r\n\r\nabc`, () => socket.resetAndDestroy()),
  ];
  expect(await Promise.all(broken.map((respond) => from(respond)))).toEqual(
    broken.map(() => BROKE),
  );
});

test("what is no HTTP, or two meanings at once, is a failure", async () => {
  const wrong: readonly string[] = [
    "SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/1.1 abc OK\r\n\r\n",
    `${HEAD}a b: c\r\n\r\n`,
    `${HEAD}: c\r\n\r\n`,
    `${HEAD}content-length: 3\r\ncontent-length: 4\r\n\r\nabcd`,
    `${HEAD}content-length: -1\r\n\r\n`,
    `${HEAD}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`,
    `${HEAD}a: b\rc: d\r\n\r\n`,
  ];
  expect(await Promise.all(wrong.map((text) => from((socket) => void socket.write(text))))).toEqual(
    wrong.map(() => NOT_HTTP),
  );
  expect(
    await from(
      (socket) =>
        void socket.write("HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"),
    ),
  ).toEqual(["FETCH_PROTOCOL", "ORIGIN answered with another protocol"]);
});

test("a coding that is damaged or was not asked for is a failure", async () => {
  const encoded =
    (coding: string, body: Buffer) =>
    (socket: Socket): void =>
      void socket.end(
        Buffer.concat([
          Buffer.from(
            `${HEAD}content-encoding: ${coding}\r\ncontent-length: ${body.length}\r\n\r\n`,
          ),
          body,
        ]),
      );
  const damaged = ["FETCH_PROTOCOL", "The compressed body of ORIGIN is damaged"];
  expect(await from(encoded("gzip", Buffer.from("no gzip at all")))).toEqual(damaged);
  expect(await from(encoded("gzip", gzipSync("abc".repeat(1000)).subarray(0, 20)))).toEqual(
    damaged,
  );
  expect(await from(encoded("deflate", Buffer.from("no deflate")))).toEqual(damaged);
  expect(await from(encoded("br", Buffer.from("no brotli at all")))).toEqual(damaged);
  const unknown = [
    "FETCH_PROTOCOL",
    "ORIGIN answered in a coding that was not asked for; gzip, deflate, br are understood",
  ];
  expect(await from(encoded("zstd", Buffer.from("x")))).toEqual(unknown);
  expect(await from(encoded("gzip, gzip", gzipSync(gzipSync("x"))))).toEqual(unknown);
});

test("more than one response is no answer to the next request", async () => {
  let asked = 0;
  const twice = `${HEAD}content-length: 1\r\n\r\na${HEAD}content-length: 4\r\n\r\nevil`;
  await using server = await rawServer((socket) => {
    asked++;
    socket.write(asked === 1 ? twice : `${HEAD}content-length: 4\r\n\r\ngood`);
  });
  const origin = `http://service.test:${server.port}`;
  await using library = await fetchingLibrary({ origins: [origin] });
  const call = `(await host.fetch(${JSON.stringify(origin)})).body`;
  const bodies = (
    await library.run(`const a = ${call}; await host.sleep(50); return [a, ${call}];`)
  ).unwrap();
  expect(bodies).toEqual(["a", "good"]);
});

test("nobody there is a failure of the connection", async () => {
  const { port } = await (async () => {
    await using server = await httpServer(() => undefined);
    return server;
  })();
  const origin = `http://service.test:${port}`;
  await using library = await fetchingLibrary({ origins: [origin] });
  expect(await library.fetch(origin)).toEqual({
    name: "FetchError",
    code: "FETCH_CONNECTION",
    message: `${origin} refused the connection`,
  });
});
