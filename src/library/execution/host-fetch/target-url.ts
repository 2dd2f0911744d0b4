import { FetchFailure } from "./fetch-failure.ts";

/**
 * The URL a skill or a redirect asks for, as WHATWG parses it. It is parsed once: what is checked,
 * resolved and sent is this one object, so no second reading of the text can differ.
 *
 * @throws {FetchFailure} when it is no URL, is neither http nor https, or has a user or password
 */
export function targetUrl(text: string, base?: URL): URL {
  if (!URL.canParse(text, base?.href))
    throw new FetchFailure(
      "FETCH_INVALID_URL",
      base === undefined
        ? "host.fetch expects an absolute URL such as https://api.example.com/items"
        : `${base.origin} redirects to something that is not a URL`,
    );
  const url = new URL(text, base);
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw new FetchFailure(
      "FETCH_SCHEME_DENIED",
      `Fetching ${url.protocol} URLs is not granted to any skill; use https: or http:`,
    );
  if (url.username !== "" || url.password !== "")
    throw new FetchFailure(
      "FETCH_INVALID_URL",
      `A URL to fetch may hold no user or password; use ${url.origin} without them, and \`policy.fetch.credentials\` of the host`,
    );
  url.hash = "";
  return url;
}
