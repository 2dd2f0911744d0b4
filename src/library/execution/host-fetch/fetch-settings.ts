/** The policy of `host.fetch` once it is checked and complete. */
import { X509Certificate } from "node:crypto";
import { RepertoireError } from "../../../base/errors.ts";
import { preview } from "../../../base/json.ts";
import { isOrigin } from "../../../skill/origin.ts";
import { checkInteger, checkKnownOptions, checkTexts } from "../../check-options.ts";
import { FETCH_LIMITS, FETCH_MAXIMA, FETCH_METHODS } from "./fetch-policy.ts";
import type { FetchCredentials, FetchPolicy } from "./fetch-policy.ts";
import { addressList } from "./ip-address.ts";
import type { AddressList } from "./ip-address.ts";
import { credentialHeaders } from "./request-headers.ts";

export interface FetchSettings {
  readonly origins: ReadonlySet<string>;
  readonly privateAddresses: AddressList;
  readonly credentials: ReadonlyMap<string, FetchCredentials>;
  readonly methods: ReadonlySet<string>;
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
  readonly timeoutMs: number;
  readonly maxRedirects: number;
  readonly ca: readonly string[];
  readonly resolve: FetchPolicy["resolve"];
}

const KNOWN = [
  "origins",
  "allowPrivateAddresses",
  "credentials",
  "methods",
  "maxRequestBytes",
  "maxResponseBytes",
  "timeoutMs",
  "maxRedirects",
  "ca",
  "resolve",
];

/**
 * Without a policy nothing is lent.
 *
 * @throws {INVALID_INPUT} for an option that is unknown or wrong
 */
export function fetchSettings(policy: FetchPolicy = { origins: [] }): FetchSettings {
  checkKnownOptions("policy.fetch", policy, KNOWN);
  const origins = readOrigins(policy.origins);
  const number = (name: keyof typeof FETCH_MAXIMA, min: number): number => {
    checkInteger(`policy.fetch.${name}`, policy[name], min, FETCH_MAXIMA[name]);
    return policy[name] ?? FETCH_LIMITS[name];
  };
  if (policy.resolve !== undefined && typeof policy.resolve !== "function")
    throw wrong("resolve", "a function (hostname) => addresses", policy.resolve);
  return {
    origins,
    privateAddresses: readAddresses(policy.allowPrivateAddresses),
    credentials: readCredentials(policy.credentials, origins),
    methods: readMethods(policy.methods),
    maxRequestBytes: number("maxRequestBytes", 0),
    maxResponseBytes: number("maxResponseBytes", 1),
    timeoutMs: number("timeoutMs", 1),
    maxRedirects: number("maxRedirects", 0),
    ca: readCertificates(policy.ca),
    resolve: policy.resolve,
  };
}

function readOrigins(origins: unknown): ReadonlySet<string> {
  if (origins === undefined) throw wrong("origins", "a list of origins", origins);
  checkTexts("policy.fetch.origins", origins);
  for (const [index, origin] of (origins as readonly string[]).entries()) {
    if (isOrigin(origin)) continue;
    const meant = URL.canParse(origin) ? new URL(origin).origin : "null";
    const hint = isOrigin(meant) ? `; did you mean "${meant}"?` : "";
    throw wrong(
      `origins[${index}]`,
      "an origin such as https://api.example.com, without a path and without patterns",
      origin,
      hint,
    );
  }
  return new Set(origins as readonly string[]);
}

function readAddresses(addresses: readonly string[] | undefined): AddressList {
  checkTexts("policy.fetch.allowPrivateAddresses", addresses);
  try {
    return addressList(addresses ?? []);
  } catch (error) {
    const entry = error instanceof RangeError ? error.message : addresses;
    throw wrong(
      "allowPrivateAddresses",
      "a list of addresses such as 10.1.2.3 and ranges such as 10.0.0.0/8 or fd00::/8",
      entry,
    );
  }
}

function readCredentials(
  credentials: unknown,
  origins: ReadonlySet<string>,
): ReadonlyMap<string, FetchCredentials> {
  if (credentials === undefined) return new Map();
  if (typeof credentials !== "object" || credentials === null || Array.isArray(credentials))
    throw wrong("credentials", "an object of credentials by origin", credentials);
  const read = new Map<string, FetchCredentials>();
  for (const [origin, given] of Object.entries(credentials as Record<string, unknown>)) {
    // Misspelt, they would silently never be sent.
    if (!origins.has(origin))
      throw wrong("credentials", "by origins that `policy.fetch.origins` lists", origin);
    const name = `credentials["${origin}"]`;
    if (typeof given !== "function") {
      const expected = "{ headers } or a function (request) => headers";
      // What it is instead may hold a secret, so it is not shown.
      if (typeof given !== "object" || given === null || Object.keys(given).join() !== "headers")
        throw wrong(name, expected);
      credentialHeaders((given as { headers: unknown }).headers, (problem) => {
        throw new RepertoireError(
          "INVALID_INPUT",
          `The headers of \`policy.fetch.${name}\` ${problem}`,
        );
      });
    }
    read.set(origin, given as FetchCredentials);
  }
  return read;
}

function readMethods(methods: readonly string[] | undefined): ReadonlySet<string> {
  checkTexts("policy.fetch.methods", methods);
  const unknown = methods?.find((method) => !FETCH_METHODS.includes(method));
  if (unknown !== undefined)
    throw wrong("methods", `a list of some of ${FETCH_METHODS.join(", ")}`, unknown);
  return new Set(methods ?? FETCH_METHODS);
}

function readCertificates(ca: string | readonly string[] | undefined): readonly string[] {
  const list = typeof ca === "string" ? [ca] : ca;
  checkTexts("policy.fetch.ca", list);
  for (const certificate of list ?? []) {
    try {
      // It throws for what is no certificate.
      void new X509Certificate(certificate).subject;
    } catch {
      throw wrong("ca", "certificates in PEM", certificate);
    }
  }
  return list ?? [];
}

function wrong(name: string, expected: string, ...found: readonly unknown[]): RepertoireError {
  const [value, hint = ""] = found;
  const got = found.length === 0 ? "" : `, got ${preview(value)}`;
  return new RepertoireError(
    "INVALID_INPUT",
    `Expected \`policy.fetch.${name}\` to be ${expected}${got}${hint as string}`,
    { details: { option: `policy.fetch.${name}` } },
  );
}
