import { RepertoireError } from "../../../base/errors.ts";

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** The typed error for what the file system says; anything else is returned unchanged. */
export function fileFailure(error: unknown, doing: string, path: string): unknown {
  if (error instanceof RepertoireError) return error;
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return error;
  const { code, message } = error;
  const problem = FULL.has(String(code)) ? "the disk is full" : "it is out of reach";
  const remedy = FULL.has(String(code))
    ? "free space on its disk and retry"
    : "check that its directory exists and may be written by this user";
  return new RepertoireError(
    "STORE_UNAVAILABLE",
    `Cannot ${doing} ${path}: ${problem} (${message}); ${remedy}`,
    { cause: error, details: { path } },
  );
}
