import { expect, test } from "vitest";
import { draftOf } from "../../../../test/support/draft-of.ts";
import { temporaryLibrary } from "../../../../test/support/temporary-library.ts";
import { rejection, thrown } from "../../../../test/support/thrown.ts";
import { openLibrary } from "../../open-library.ts";
import type { FetchPolicy } from "./fetch-policy.ts";
import { fetchSettings } from "./fetch-settings.ts";
import { CERTIFICATE } from "./testing-fixtures/local-server.ts";

const ORIGIN = "https://api.example.com";

test("what is left out has its documented default", () => {
  const { privateAddresses, ...settings } = fetchSettings({ origins: [ORIGIN] });
  expect(settings).toEqual({
    origins: new Set([ORIGIN]),
    credentials: new Map(),
    methods: new Set(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]),
    maxRequestBytes: 1_048_576,
    maxResponseBytes: 4_194_304,
    timeoutMs: 10_000,
    maxRedirects: 5,
    ca: [],
    resolve: undefined,
  });
  expect(privateAddresses.has("127.0.0.1")).toBe(false);
  expect(fetchSettings().origins).toEqual(new Set());
});

test("a policy that is wrong is refused when the library is opened, by the name of what is wrong", async () => {
  const origins = [ORIGIN];
  const wrong: readonly (readonly [unknown, string])[] = [
    [true, "Expected the options of policy.fetch to be an object, got true"],
    [[], "Expected the options of policy.fetch to be an object, got []"],
    [{}, "Expected `policy.fetch.origins` to be a list of origins, got nothing"],
    [
      { origin: ORIGIN },
      "policy.fetch has no option `origin`; it takes origins, allowPrivateAddresses, credentials, methods, maxRequestBytes, maxResponseBytes, timeoutMs, maxRedirects, ca, resolve",
    ],
    [
      { origins: ORIGIN },
      `Expected \`policy.fetch.origins\` to be a list of texts, got "${ORIGIN}"`,
    ],
    [
      { origins: [ORIGIN, "https://api.example.com/v1"] },
      'Expected `policy.fetch.origins[1]` to be an origin such as https://api.example.com, without a path and without patterns, got "https://api.example.com/v1"; did you mean "https://api.example.com"?',
    ],
    [
      { origins: ["https://API.example.com:443"] },
      'Expected `policy.fetch.origins[0]` to be an origin such as https://api.example.com, without a path and without patterns, got "https://API.example.com:443"; did you mean "https://api.example.com"?',
    ],
    [
      { origins: ["*"] },
      'Expected `policy.fetch.origins[0]` to be an origin such as https://api.example.com, without a path and without patterns, got "*"',
    ],
    [
      { origins: ["ftp://example.com"] },
      'Expected `policy.fetch.origins[0]` to be an origin such as https://api.example.com, without a path and without patterns, got "ftp://example.com"',
    ],
    [
      { origins, allowPrivateAddresses: "127.0.0.1" },
      'Expected `policy.fetch.allowPrivateAddresses` to be a list of texts, got "127.0.0.1"',
    ],
    [
      { origins, allowPrivateAddresses: ["127.0.0.1", "localhost"] },
      'Expected `policy.fetch.allowPrivateAddresses` to be a list of addresses such as 10.1.2.3 and ranges such as 10.0.0.0/8 or fd00::/8, got "localhost"',
    ],
    [
      { origins, methods: ["get"] },
      'Expected `policy.fetch.methods` to be a list of some of GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE, got "get"',
    ],
    [
      { origins, maxRequestBytes: -1 },
      "Expected `policy.fetch.maxRequestBytes` to be a whole number from 0 to 16777216, got -1",
    ],
    [
      { origins, maxResponseBytes: 2 ** 30 },
      "Expected `policy.fetch.maxResponseBytes` to be a whole number from 1 to 16777216, got 1073741824",
    ],
    [
      { origins, timeoutMs: "1s" },
      'Expected `policy.fetch.timeoutMs` to be a whole number from 1 to 600000, got "1s"',
    ],
    [
      { origins, maxRedirects: 21 },
      "Expected `policy.fetch.maxRedirects` to be a whole number from 0 to 20, got 21",
    ],
    [
      { origins, ca: "no certificate" },
      'Expected `policy.fetch.ca` to be certificates in PEM, got "no certificate"',
    ],
    [
      { origins, ca: [CERTIFICATE, 1] },
      expect.stringContaining("Expected `policy.fetch.ca` to be a list of texts"),
    ],
    [
      { origins, resolve: { "a.test": "10.0.0.1" } },
      'Expected `policy.fetch.resolve` to be a function (hostname) => addresses, got {"a.test":"10.0.0.1"}',
    ],
    [
      { origins, credentials: [] },
      "Expected `policy.fetch.credentials` to be an object of credentials by origin, got []",
    ],
    [
      { origins, credentials: { "https://api.example.com/": { headers: {} } } },
      'Expected `policy.fetch.credentials` to be by origins that `policy.fetch.origins` lists, got "https://api.example.com/"',
    ],
    [
      { origins, credentials: { [ORIGIN]: "s3cr3t" } },
      'Expected `policy.fetch.credentials["https://api.example.com"]` to be { headers } or a function (request) => headers',
    ],
    [
      { origins, credentials: { [ORIGIN]: { authorization: "s3cr3t" } } },
      'Expected `policy.fetch.credentials["https://api.example.com"]` to be { headers } or a function (request) => headers',
    ],
    [
      { origins, credentials: { [ORIGIN]: { headers: { authorization: "s3cr3t\n" } } } },
      'The headers of `policy.fetch.credentials["https://api.example.com"]` have a value that HTTP does not allow: that of `authorization` has a line break, a control character, or one above U+00FF',
    ],
    [
      { origins, credentials: { [ORIGIN]: { headers: { Host: "x" } } } },
      'The headers of `policy.fetch.credentials["https://api.example.com"]` may not set `host`; the host does',
    ],
  ];
  for (const [policy, message] of wrong) {
    const error = thrown(() => fetchSettings(policy as FetchPolicy));
    expect([error.code, error.message]).toEqual(["INVALID_INPUT", message]);
    expect(error.message).not.toContain("s3cr3t");
  }
  const fetch = { origins: ["*"] };
  expect(await rejection(openLibrary({ policy: { fetch } }))).toMatchObject({
    code: "INVALID_INPUT",
  });
});

test("the synchronous twins fetch by the same policy, as long as it is data", async () => {
  const draft = draftOf("fetcher", 'return await host.fetch("http://10.0.0.1/");', {
    capabilities: { fetch: ["http://10.0.0.1"] },
  });
  const fetch: FetchPolicy = {
    origins: ["http://10.0.0.1"],
    credentials: { "http://10.0.0.1": { headers: { a: "b" } } },
  };
  await using data = await temporaryLibrary({ policy: { fetch } });
  await data.library.add(draft, { validate: false });
  expect(data.library.sync.execute("fetcher")).toMatchObject({
    status: "denied",
    error: { code: "FETCH_ADDRESS_DENIED" },
  });
  const functions: Partial<FetchPolicy>[] = [
    { resolve: () => [] },
    { credentials: { "http://10.0.0.1": () => ({}) } },
  ];
  for (const hook of functions) {
    await using fixture = await temporaryLibrary({ policy: { fetch: { ...fetch, ...hook } } });
    const option = `policy.fetch.${Object.keys(hook)[0]}`;
    expect(thrown(() => fixture.library.sync.get("fetcher"))).toMatchObject({
      code: "SYNC_UNSUPPORTED",
      message: `The synchronous twins can not call functions of \`${option}\` on this thread while it waits; use the asynchronous methods, or plain data in place of the functions`,
      details: { option },
    });
  }
});
