import { expect, test } from "vitest";
import { fetchingLibrary } from "./testing-fixtures/fetching-library.ts";
import { CERTIFICATE, httpsServer } from "./testing-fixtures/local-server.ts";

test("a server of the host's own authority is trusted, for the names in its certificate", async () => {
  await using server = await httpsServer((_request, response) => response.end("secret"));
  const origins = ["service.test", "127.0.0.1", "stranger.test"].map(
    (host) => `https://${host}:${server.port}`,
  );
  await using library = await fetchingLibrary({ origins, ca: CERTIFICATE });
  expect(await library.fetch(`${origins[0]}/a`)).toMatchObject({ status: 200, body: "secret" });
  expect(await library.fetch(`${origins[1]}/b`)).toMatchObject({ status: 200, body: "secret" });
  expect(await library.fetch(`${origins[2]}/c`)).toEqual({
    name: "FetchError",
    code: "FETCH_TLS",
    message: `No trusted connection to ${origins[2]}: its certificate or its TLS is not accepted (ERR_TLS_CERT_ALTNAME_INVALID)`,
  });
  expect(server.requests).toEqual(["GET /a", "GET /b"]);
});

test("a server nobody vouches for is not trusted, whatever the environment says", async () => {
  await using server = await httpsServer((_request, response) => response.end("secret"));
  const origin = `https://service.test:${server.port}`;
  await using library = await fetchingLibrary({ origins: [origin] });
  const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  try {
    expect(await library.fetch(origin)).toMatchObject({ name: "FetchError", code: "FETCH_TLS" });
  } finally {
    if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
  }
  expect(server.requests).toEqual([]);
});
