import type { HostCallReply } from "../../../sandbox/sandbox.ts";

/**
 * Why a fetch has no reply, stable for skills to branch on. Those that end in `_DENIED` are refusals
 * of the host: they end the run as `denied` when the skill lets them escape.
 */
export type FetchCode =
  | "FETCH_SCHEME_DENIED"
  | "FETCH_ORIGIN_DENIED"
  | "FETCH_METHOD_DENIED"
  | "FETCH_ADDRESS_DENIED"
  | "FETCH_DOWNGRADE_DENIED"
  | "FETCH_INVALID_URL"
  | "FETCH_INVALID_REQUEST"
  | "FETCH_REQUEST_TOO_LARGE"
  | "FETCH_RESPONSE_TOO_LARGE"
  | "FETCH_DNS"
  | "FETCH_CONNECTION"
  | "FETCH_TLS"
  | "FETCH_PROTOCOL"
  | "FETCH_REDIRECT"
  | "FETCH_CREDENTIALS"
  | "FETCH_TIMEOUT"
  | "FETCH_CANCELLED";

/** A fetch that failed. Its message is for the skill: it tells nothing of the host. */
export class FetchFailure extends Error {
  readonly code: FetchCode;

  constructor(code: FetchCode, message: string) {
    super(message);
    this.name = nameOf(code);
    this.code = code;
  }
}

/** What the skill is told of something thrown while its fetch was answered. */
export function failureReply(thrown: unknown): HostCallReply & { readonly ok: false } {
  if (!(thrown instanceof FetchFailure)) {
    // What went wrong inside the host is not the skill's to read.
    return { ok: false, error: { name: "FetchError", message: "The host failed to fetch" } };
  }
  const { name, message, code } = thrown;
  const denied = isDenial(code) ? { denied: true } : {};
  return { ok: false, error: { name, message, code, ...denied } };
}

function nameOf(code: FetchCode): string {
  if (isDenial(code)) return "CapabilityError";
  return code.startsWith("FETCH_INVALID") ? "TypeError" : "FetchError";
}

function isDenial(code: FetchCode): boolean {
  return code.endsWith("_DENIED");
}
