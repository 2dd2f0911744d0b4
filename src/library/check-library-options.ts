import { RepertoireError } from "../base/errors.ts";
import { preview } from "../base/json.ts";
import { LIMITS } from "../base/limits.ts";
import { checkEmbedder } from "../search/check-embedder.ts";
import { checkSandboxSize, isSandbox } from "./execution/choose-sandbox.ts";
import { checkJournals } from "./execution/journal-keeper.ts";
import { checkPolicy } from "./execution/policy.ts";
import { checkBoolean, checkInteger, checkKnownOptions, checkOneOf } from "./check-options.ts";
import type { LibraryOptions } from "./options.ts";
import { resolveLimits } from "./resolve-limits.ts";

const KNOWN = [
  "path",
  "store",
  "runs",
  "index",
  "embedder",
  "locks",
  "sandbox",
  "cache",
  "tools",
  "policy",
  "journals",
  "learning",
  "limits",
  "durability",
  "clock",
];

/** Without one of these nothing would ever be done. */
const MIN_LIMIT: Readonly<Record<string, number>> = {
  maxConcurrent: 1,
  queuedRuns: 1,
  queuedWrites: 1,
  pageSize: 1,
  searchResults: 1,
  timeoutMs: 1,
  maxTimeoutMs: 1,
};

/** @throws {INVALID_INPUT} for an option that is wrong, before anything is created */
export function checkLibraryOptions(options: LibraryOptions): LibraryOptions {
  if (typeof options !== "object" || options === null) {
    throw new RepertoireError(
      "INVALID_INPUT",
      `Expected openLibrary to be given a directory or options, got ${preview(options)}`,
    );
  }
  checkKnownOptions("openLibrary", options, KNOWN);
  checkKnownOptions("openLibrary.limits", options.limits ?? {}, Object.keys(LIMITS));
  for (const [name, value] of Object.entries(options.limits ?? {}))
    checkInteger(`limits.${name}`, value, MIN_LIMIT[name] ?? 0, Number.MAX_SAFE_INTEGER);
  resolveLimits(options.limits);
  checkKnownOptions("openLibrary.cache", options.cache ?? {}, ["maxEntries", "ttlMs"]);
  checkJournals(options.journals);
  checkPolicy(options.policy);
  checkBoolean("learning", options.learning);
  const { embedder = false } = options;
  if (embedder !== false) checkEmbedder(embedder);
  if (!isSandbox(options.sandbox))
    checkSandboxSize(options.sandbox === undefined ? {} : options.sandbox);
  checkOneOf("durability", options.durability, ["full", "normal"]);
  return options;
}
