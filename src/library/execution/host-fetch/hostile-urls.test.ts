/** Every way known to us to write a URL that means something else than it seems to. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { fetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import type { FetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import { httpServer } from "./testing-fixtures/local-server.ts";
import type { LocalServer } from "./testing-fixtures/local-server.ts";

let server: LocalServer;
let library: FetchingLibrary;
const looked: string[] = [];

beforeAll(async () => {
  server = await httpServer((_request, response) => response.end("reached"));
  const { port } = server;
  library = await fetchingLibrary({
    // Loopback is granted by name and, as a decoy, by addresses whose use is not allowed.
    origins: [
      `http://service.test:${port}`,
      `http://xn--bcher-kva.test:${port}`,
      "http://127.0.0.1",
      "http://169.254.169.254",
      "http://[::1]",
      "https://service.test",
      "http://0.0.0.0",
      "http://[::ffff:7f00:1]",
      "http://10.0.0.1",
    ],
    allowPrivateAddresses: ["127.0.0.9"],
    resolve: (hostname) => {
      looked.push(hostname);
      return ["127.0.0.9"];
    },
  });
});
afterAll(async () => {
  await library[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const ORIGIN = "FETCH_ORIGIN_DENIED";
const ADDRESS = "FETCH_ADDRESS_DENIED";
const SCHEME = "FETCH_SCHEME_DENIED";
const URL = "FETCH_INVALID_URL";

const HOSTILE: readonly (readonly [url: string, code: string])[] = [
  // Other schemes, some of which have the origin of what they hold.
  ["file:///etc/passwd", SCHEME],
  ["FILE:///etc/passwd", SCHEME],
  ["file://service.test:PORT/x", URL],
  ["ftp://service.test/x", SCHEME],
  ["data:text/plain,hello", SCHEME],
  ["blob:http://service.test:PORT/1", SCHEME],
  ["javascript:alert(1)", SCHEME],
  ["ws://service.test:PORT/", SCHEME],
  ["wss://service.test/", SCHEME],
  ["gopher://127.0.0.1:6379/_INFO", SCHEME],
  ["dict://127.0.0.1:11211/stats", SCHEME],
  ["unix:/var/run/docker.sock", SCHEME],
  ["about:blank", SCHEME],
  ["view-source:http://service.test:PORT/", SCHEME],
  ["node:fs", SCHEME],
  ["jar:http://service.test:PORT!/", SCHEME],
  ["service.test:PORT/", SCHEME],
  ["http+unix://%2Fvar%2Frun%2Fdocker.sock/", SCHEME],
  // No URLs, or none that stands for itself.
  ["", URL],
  [" ", URL],
  ["/path", URL],
  ["//service.test:PORT/", URL],
  ["?a", URL],
  ["http://", URL],
  ["http:///", URL],
  ["http://:PORT/", URL],
  ["http://service.test:99999/", URL],
  ["http://service.test:PORT:80/", URL],
  ["http://service.test:-1/", URL],
  ["http://[::1", URL],
  ["http://[::1%25eth0]/", URL],
  ["http://[v1.x]/", URL],
  ["http://256.256.256.256/", URL],
  ["http://1.2.3.4.5/", URL],
  ["http://service%2etest%00:PORT/", URL],
  ["http://service.test%00.evil.test/", URL],
  ["http://ser vice.test/", URL],
  ["http://service.test<evil>/", URL],
  ["http://xn--/", "either"],
  // Users, passwords and @.
  ["http://user:pass@service.test:PORT/", URL],
  ["http://user@service.test:PORT/", URL],
  ["http://:pass@service.test:PORT/", URL],
  ["http://service.test:PORT@evil.test/", URL],
  ["http://service.test%40evil.test/", URL],
  ["http://evil.test%40service.test/", URL],
  ["http://a@b@service.test:PORT/", URL],
  ["http://service.test:PORT\\@evil.test/", "reaches"],
  ["http://evil.test\\@service.test:PORT/", ORIGIN],
  ["http://evil.test#@service.test:PORT/", ORIGIN],
  ["http://evil.test?@service.test:PORT/", ORIGIN],
  ["http://evil.test/@service.test:PORT/", ORIGIN],
  // Hosts that look like a granted one.
  ["http://service.test/", ORIGIN],
  ["http://service.test:80/", ORIGIN],
  ["https://service.test:PORT/", ORIGIN],
  ["https://service.test:444/", ORIGIN],
  ["http://service.test.:PORT/", ORIGIN],
  ["http://service.test.evil.test:PORT/", ORIGIN],
  ["http://evil-service.test:PORT/", ORIGIN],
  ["http://sub.service.test:PORT/", ORIGIN],
  ["http://service.tes:PORT/", ORIGIN],
  ["http://*.test:PORT/", ORIGIN],
  ["http://*/", ORIGIN],
  ["http://null/", ORIGIN],
  ["http://sеrvice.test:PORT/", ORIGIN],
  ["http://serv\u0131ce.test:PORT/", ORIGIN],
  ["http://service\u200D.test:PORT/", "either"],
  ["http://xn--ervice-test:PORT/", "either"],
  ["http://bucher.test:PORT/", ORIGIN],
  ["http://__proto__/", ORIGIN],
  ["http://constructor/", ORIGIN],
  // Addresses that are granted as origins and not allowed as addresses, in every notation.
  ["http://127.0.0.1/", ADDRESS],
  ["http://127.1/", ADDRESS],
  ["http://127.0.1/", ADDRESS],
  ["http://2130706433/", ADDRESS],
  ["http://0x7f000001/", ADDRESS],
  ["http://0x7f.1/", ADDRESS],
  ["http://0X7F.0.0.1/", ADDRESS],
  ["http://0177.0.0.1/", ADDRESS],
  ["http://017700000001/", ADDRESS],
  ["http://127.0.0.1./", ADDRESS],
  ["http://127。0。0。1/", ADDRESS],
  ["http://①②⑦.⓪.⓪.①/", ADDRESS],
  ["http://%31%32%37.0.0.1/", ADDRESS],
  ["http://127.0.0.1:80/", ADDRESS],
  ["http://127.0.0.1:00080/", ADDRESS],
  ["http://0/", ADDRESS],
  ["http://0.0.0.0/", ADDRESS],
  ["http://00000000/", ADDRESS],
  ["http://10.1/", ADDRESS],
  ["http://0xa9fea9fe/latest/meta-data/", ADDRESS],
  ["http://2852039166/latest/meta-data/", ADDRESS],
  ["http://169.254.43518/latest/meta-data/", ADDRESS],
  ["http://0251.0376.0251.0376/", ADDRESS],
  ["http://[::1]/", ADDRESS],
  ["http://[0:0:0:0:0:0:0:1]/", ADDRESS],
  ["http://[0000::0001]/", ADDRESS],
  ["http://[::0.0.0.1]/", ADDRESS],
  ["http://[::ffff:127.0.0.1]/", ADDRESS],
  ["http://[::FFFF:7F00:1]/", ADDRESS],
  ["http://[0:0:0:0:0:ffff:7f00:0001]/", ADDRESS],
  ["http:127.0.0.1/", ADDRESS],
  ["http:/127.0.0.1/", ADDRESS],
  ["http:\\\\127.0.0.1/", ADDRESS],
  ["http:////127.0.0.1/", ADDRESS],
  ["  http://127.0.0.1/  ", ADDRESS],
  ["ht\ntp://127.0.\t0.1/", ADDRESS],
  // And ones that are not granted at all.
  ["http://[::ffff:169.254.169.254]/", ORIGIN],
  ["http://[fd00:ec2::254]/", ORIGIN],
  ["http://metadata.google.internal/", ORIGIN],
  ["http://localhost/", ORIGIN],
  ["http://LOCALHOST:PORT/", ORIGIN],
  ["http://127.0.0.2/", ORIGIN],
  ["http://192.168.1.1/", ORIGIN],
];

test("no URL leads where its origin was not granted, nor to an address that is not allowed", async () => {
  expect(HOSTILE.length).toBeGreaterThan(100);
  const got: (readonly [string, string])[] = [];
  for (const [url, expected] of HOSTILE) {
    looked.length = 0;
    const reply = (await library.fetch(url.replaceAll("PORT", String(server.port)))) as {
      code?: string;
    };
    const names = [...looked];
    const code = reply.code ?? "FETCHED";
    // The decoy address has no server: to be refused by it is to have been let through.
    const isThrough = names.length > 0 || code === "FETCH_CONNECTION";
    if (expected === "reaches") {
      expect([url, isThrough, names]).toEqual([url, true, ["service.test"]]);
      continue;
    }
    if (isThrough) got.push([url, `LET THROUGH to ${names.join()}`]);
    else if (expected !== "either" || (code !== ORIGIN && code !== URL)) got.push([url, code]);
  }
  expect(got).toEqual(
    HOSTILE.filter(([, expected]) => expected !== "reaches" && expected !== "either"),
  );
  expect(server.connections.made).toBe(0);
});

test("ways to write a granted origin are that origin", async () => {
  const { port } = server;
  const through = [
    [`http://SERVICE.test:${port}/`, "service.test"],
    [`HTTP://service.test:0${port}/`, "service.test"],
    [`http://ｓｅｒｖｉｃｅ.test:${port}/`, "service.test"],
    [`http://service%2Etest:${port}/`, "service.test"],
    [`http://ser\tvice.te\nst:${port}/`, "service.test"],
    [`http:\\\\service.test:${port}\\a`, "service.test"],
    [`http://service。test:${port}/`, "service.test"],
    [`http://bücher.test:${port}/`, "xn--bcher-kva.test"],
    [`http://BÜCHER.test:${port}/`, "xn--bcher-kva.test"],
    ["https://service.test:443/", "service.test"],
    ["https://service.test:/", "service.test"],
  ] as const;
  for (const [url, name] of through) {
    looked.length = 0;
    expect([url, await library.fetch(url)]).toMatchObject([url, { code: "FETCH_CONNECTION" }]);
    expect(looked).toEqual([name]);
  }
});
