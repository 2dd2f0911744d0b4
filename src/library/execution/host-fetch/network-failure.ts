import { FetchFailure } from "./fetch-failure.ts";

const UNREACHABLE = new Set(["EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL", "EACCES", "EPERM"]);

/** What a skill is told of an error of Node's network modules: what happened, and nothing of where. */
export function networkFailure(error: unknown, { origin }: URL): FetchFailure {
  if (error instanceof FetchFailure) return error;
  const code = codeOf(error);
  if (code === "HPE_HEADER_OVERFLOW")
    return new FetchFailure("FETCH_RESPONSE_TOO_LARGE", `The headers of ${origin} are too large`);
  if (code.startsWith("HPE_"))
    return new FetchFailure("FETCH_PROTOCOL", `${origin} did not answer in valid HTTP`);
  if (code.startsWith("Z_") || code.startsWith("ERR_BROTLI") || code.startsWith("ERR__"))
    return new FetchFailure("FETCH_PROTOCOL", `The compressed body of ${origin} is damaged`);
  if (isTls(code))
    return new FetchFailure(
      "FETCH_TLS",
      `No trusted connection to ${origin}: its certificate or its TLS is not accepted (${code})`,
    );
  if (code === "ECONNREFUSED")
    return new FetchFailure("FETCH_CONNECTION", `${origin} refused the connection`);
  if (code === "ETIMEDOUT" || UNREACHABLE.has(code))
    return new FetchFailure("FETCH_CONNECTION", `${origin} can not be reached`);
  return new FetchFailure("FETCH_CONNECTION", `The connection to ${origin} broke`);
}

/** The code of an error, or of the first attempt where several addresses were tried. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === "string" ? code : "";
}

/** OpenSSL's own, Node's, and those that say what is wrong with a chain of certificates. */
function isTls(code: string): boolean {
  return /^(?:ERR_SSL|ERR_TLS|EPROTO$|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|INVALID_(?:CA|PURPOSE)|PATH_LENGTH|ERROR_IN_)/.test(
    code,
  );
}
