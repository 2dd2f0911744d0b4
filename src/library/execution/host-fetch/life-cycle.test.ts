import { expect, test } from "vitest";
import { FETCH_LIMITS } from "./fetch-policy.ts";
import { fetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import { httpServer, rawServer } from "./testing-fixtures/local-server.ts";

const ok = (body: string): string =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

test("a run that ends takes its connections with it, however it ends", async () => {
  await using server = await httpServer((request, response) => {
    if (request.url === "/half") response.writeHead(200, { "content-length": 10 }).write("half");
  });
  const origin = `http://service.test:${server.port}`;
  await using library = await fetchingLibrary({ origins: [origin], timeoutMs: 60_000 });
  for (const path of ["/silent", "/half"]) {
    const waiting = `await host.fetch("${origin}${path}");`;
    expect(await library.run(waiting, { timeoutMs: 300 })).toMatchObject({ status: "timeout" });
    await server.idle();
    const stop = new AbortController();
    const running = library.run(waiting, { signal: stop.signal });
    const asked = server.requests.length;
    while (server.requests.length === asked) await new Promise(setImmediate);
    stop.abort();
    expect(await running).toMatchObject({ status: "cancelled" });
    await server.idle();
    // Nobody waits for this one.
    const left = `host.fetch("${origin}${path}").catch(() => {}); await host.sleep(200); return "done";`;
    expect((await library.run(left)).unwrap()).toBe("done");
    await server.idle();
  }
});

test("closing the library ends fetches under way and connections that were kept", async () => {
  await using server = await httpServer((request, response) => {
    if (request.url === "/") response.end("kept");
  });
  const origin = `http://service.test:${server.port}`;
  await using library = await fetchingLibrary({ origins: [origin], timeoutMs: 60_000 });
  expect(await library.fetch(origin)).toMatchObject({ body: "kept" });
  expect(server.connections.open).toBe(1);
  const running = library.run(`await host.fetch("${origin}/silent");`);
  while (server.requests.length === 1) await new Promise(setImmediate);
  await library.library.close();
  expect(await running).toMatchObject({ status: "cancelled" });
  // Sooner than a connection that is only idle would be closed.
  const soon = performance.now() + FETCH_LIMITS.idleConnectionMs / 2;
  while (server.connections.open > 0 && performance.now() < soon) await new Promise(setImmediate);
  expect(server.connections.open).toBe(0);
});

test("a skill's connection is kept for what it reads next, and for nobody else", async () => {
  await using server = await httpServer((_request, response) => response.end("x"));
  const [a, b] = [`http://service.test:${server.port}`, `http://other.test:${server.port}`];
  await using library = await fetchingLibrary({ origins: [a, b] });
  const reading = `for (let i = 0; i < 5; i++) await host.fetch("${a}/"); return null;`;
  await library.run(reading);
  expect(server.connections.made).toBe(1);
  await library.run(reading);
  expect(server.connections.made).toBe(2);
  await library.run(
    `await host.fetch("${a}/"); await host.fetch("${b}/"); await host.fetch("${a}/", { method: "POST" }); await host.fetch("${a}/");`,
  );
  expect(server.connections.made).toBe(5);
});

test("a kept connection that turns out to be closed is replaced when the request changes nothing", async () => {
  let asked = 0;
  await using server = await rawServer((socket, text) => {
    // Every second request of a connection meets a server that has just closed it.
    if (text.startsWith("GET") && ++asked % 2 === 0) socket.resetAndDestroy();
    else if (text.startsWith("GET")) socket.write(ok("x"));
    else socket.resetAndDestroy();
  });
  const origin = `http://service.test:${server.port}`;
  await using library = await fetchingLibrary({ origins: [origin] });
  const twice = `return [(await host.fetch("${origin}/1")).body, (await host.fetch("${origin}/2")).body];`;
  expect((await library.run(twice)).unwrap()).toEqual(["x", "x"]);
  expect(server.requests).toEqual(["GET /1", "GET /2", "GET /2"]);
  expect(await library.fetch(`${origin}/3`, { method: "POST" })).toMatchObject({
    code: "FETCH_CONNECTION",
  });
  expect(server.requests.length).toBe(4);
});

test("what never answers on the host's own side is given up in time", async () => {
  const never = (): Promise<never> => new Promise(() => undefined);
  const origins = ["http://service.test"];
  await using library = await fetchingLibrary({ origins, resolve: never, timeoutMs: 300 });
  expect(await library.fetch("http://service.test/")).toEqual({
    name: "FetchError",
    code: "FETCH_TIMEOUT",
    message: "http://service.test did not answer in full within 300 ms",
  });
  expect(
    await library.run('await host.fetch("http://service.test/");', { timeoutMs: 100 }),
  ).toMatchObject({ status: "timeout" });
});

test("a response is never larger than what the run may be answered", async () => {
  await using server = await httpServer((_request, response) => response.end("x".repeat(2000)));
  const origin = `http://service.test:${server.port}`;
  await using library = await fetchingLibrary(
    { origins: [origin] },
    { limits: { resultBytes: 1999 } },
  );
  expect(await library.fetch(origin)).toMatchObject({
    code: "FETCH_RESPONSE_TOO_LARGE",
    message: expect.stringContaining("1999 bytes"),
  });
});
