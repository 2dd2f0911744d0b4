import { expect, test } from "vitest";
import { fetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import { httpServer } from "./testing-fixtures/local-server.ts";
import type { LocalServer } from "./testing-fixtures/local-server.ts";

/** Two servers on one port: 127.0.0.1, which is allowed, and 127.0.0.2, which is not. */
async function twoServers(): Promise<{
  allowed: LocalServer;
  hidden: LocalServer;
  origin: string;
}> {
  const allowed = await httpServer((_request, response) => response.end("allowed"));
  const hidden = await httpServer((_request, response) => response.end("hidden"), {
    host: "127.0.0.2",
    port: allowed.port,
  });
  return { allowed, hidden, origin: `http://service.test:${allowed.port}` };
}

const DENIED = { name: "CapabilityError", code: "FETCH_ADDRESS_DENIED" };

test("a name that changes its address is checked each time, and never looked up again in between", async () => {
  const { allowed, hidden, origin } = await twoServers();
  await using _allowed = allowed;
  await using _hidden = hidden;
  const answers = ["127.0.0.1", "127.0.0.2", "127.0.0.1", "127.0.0.2"];
  const looked: string[] = [];
  const resolve = (hostname: string): string[] => {
    looked.push(hostname);
    return [answers[looked.length - 1] ?? "127.0.0.2"];
  };
  await using library = await fetchingLibrary({ origins: [origin], resolve });
  expect(await library.fetch(origin)).toMatchObject({ body: "allowed" });
  expect(looked).toEqual(["service.test"]);
  expect(await library.fetch(origin)).toMatchObject(DENIED);
  // Writing connects anew, and an open connection is no way around the check.
  expect(await library.fetch(origin, { method: "POST" })).toMatchObject({ body: "allowed" });
  const reading = `const got = []; for (let i = 0; i < 2; i++) try { got.push((await host.fetch(${JSON.stringify(origin)})).body); } catch (e) { got.push(e.code); } return got;`;
  looked.length = 2;
  expect((await library.run(reading)).unwrap()).toEqual(["allowed", "FETCH_ADDRESS_DENIED"]);
  expect(hidden.connections.made).toBe(0);
});

test("a name that moves is followed at once, whatever connection is still open", async () => {
  const { allowed, hidden, origin } = await twoServers();
  await using _allowed = allowed;
  await using _hidden = hidden;
  const answers = ["127.0.0.1", "127.0.0.2", "127.0.0.1"];
  await using library = await fetchingLibrary({
    origins: [origin],
    allowPrivateAddresses: ["127.0.0.0/8"],
    resolve: () => answers.splice(0, 1),
  });
  const call = `(await host.fetch(${JSON.stringify(origin)})).body`;
  expect((await library.run(`return [${call}, ${call}, ${call}];`)).unwrap()).toEqual([
    "allowed",
    "hidden",
    "allowed",
  ]);
});

test("one address that is not allowed among others refuses them all", async () => {
  const { allowed, hidden, origin } = await twoServers();
  await using _allowed = allowed;
  await using _hidden = hidden;
  const lists = [
    ["127.0.0.1", "127.0.0.2"],
    ["127.0.0.2", "127.0.0.1"],
    ["127.0.0.1", "::1"],
    ["127.0.0.1", "::ffff:127.0.0.2"],
    ["127.0.0.1", "10.0.0.1"],
    ["127.0.0.1", "fe80::1%lo"],
  ];
  let answer: readonly string[] = [];
  await using library = await fetchingLibrary({ origins: [origin], resolve: async () => answer });
  for (answer of lists)
    expect([answer, await library.fetch(origin)]).toMatchObject([answer, DENIED]);
  expect([allowed.connections.made, hidden.connections.made]).toEqual([0, 0]);
});

test("of several allowed addresses one that answers is enough", async () => {
  await using server = await httpServer((_request, response) => response.end("here"));
  const origin = `http://service.test:${server.port}`;
  await using library = await fetchingLibrary({
    origins: [origin],
    allowPrivateAddresses: ["127.0.0.0/8"],
    resolve: () => ["127.0.0.9", "127.0.0.1"],
  });
  expect(await library.fetch(origin)).toMatchObject({ body: "here" });
});

test("a resolver that fails or gives no addresses is a failure to resolve, and says no more", async () => {
  const origin = "http://service.test";
  const answers: (() => unknown)[] = [
    () => [],
    () => ["localhost"],
    () => ["127.0.0.1", 5],
    () => "127.0.0.1",
    () => undefined,
    () => {
      throw new Error("cannot read /etc/secret");
    },
    () => Promise.reject(new Error("10.0.0.53 is down")),
  ];
  let answer: () => unknown = () => [];
  await using library = await fetchingLibrary({
    origins: [origin],
    resolve: () => answer() as string[],
  });
  for (answer of answers)
    expect(await library.fetch(origin)).toEqual({
      name: "FetchError",
      code: "FETCH_DNS",
      message: "The name service.test can not be resolved to an address",
    });
});

test("names are looked up by the system where the host has no resolver, and are held to the same rule", async () => {
  await using server = await httpServer((_request, response) => response.end("here"));
  const origins = [
    `http://localhost:${server.port}`,
    `http://127.0.0.1:${server.port}`,
    "http://no-such-name.invalid",
  ];
  await using library = await fetchingLibrary({
    origins,
    resolve: undefined as never,
    allowPrivateAddresses: ["127.0.0.1", "::1"],
  });
  expect(await library.fetch(`${origins[0]}`)).toMatchObject({ body: "here" });
  expect(await library.fetch(`${origins[1]}`)).toMatchObject({ body: "here" });
  expect(await library.fetch(`${origins[2]}`)).toMatchObject({ code: "FETCH_DNS" });
  await using wary = await fetchingLibrary({
    origins,
    resolve: undefined as never,
    allowPrivateAddresses: [],
  });
  const before = server.connections.made;
  expect(await wary.fetch(`${origins[0]}`)).toMatchObject(DENIED);
  expect(await wary.fetch(`${origins[1]}`)).toEqual({
    ...DENIED,
    message: `Fetching from ${origins[1]} is not granted: 127.0.0.1 is an address that is not public; add the address to \`policy.fetch.allowPrivateAddresses\` of the host`,
  });
  expect(server.connections.made).toBe(before);
});
