/** Numbers that both sides of the guest boundary keep to, and the codes of what passes it. */
import type { RunLimits } from "../../base/limits.ts";

/**
 * Deepest nesting a result or the arguments of a host call may have. It is what the host accepts
 * as a context (see `findJsonDefect`), so that every result can be the next run's context.
 */
export const MAX_JSON_DEPTH = 256;

/** Longest tool name, skill id or URL, in UTF-16 units. */
export const MAX_NAME_LENGTH = 8192;

/** Longest progress message, in UTF-16 units. */
export const MAX_PROGRESS_LENGTH = 1024;

/** Longest path of a value inside a result, context or argument that an error shows. */
export const MAX_PATH_LENGTH = 200;

/** Longest name, message, code and stack of an error, in UTF-16 units. */
export const MAX_ERROR_LENGTH = { name: 200, message: 8000, code: 100, stack: 16_000 } as const;

/** Most causes of an error that are shown, and the longest name, message and stack of each. */
export const MAX_CAUSES = 8;
export const MAX_CAUSE_LENGTH = { name: 200, message: 1000, stack: 4000 } as const;

/** Operations a guest asks of its worker; the first argument of the one host function. */
export const OPERATION = {
  tool: 0,
  skill: 1,
  fetch: 2,
  progress: 3,
  sleep: 4,
  log: 5,
} as const;

/** Answers of the host function that are no call id, for the reason in the name. */
export const REFUSED = {
  hostCalls: -1,
  pendingHostCalls: -2,
  textBytes: -3,
  nameLength: -4,
  retainedBytes: -5,
  malformed: -6,
} as const;

/** The limit of a run behind an answer, where there is one. */
export const REFUSED_BY: Readonly<Record<keyof typeof REFUSED, keyof RunLimits | undefined>> = {
  hostCalls: "hostCalls",
  pendingHostCalls: "pendingHostCalls",
  textBytes: "resultBytes",
  nameLength: undefined,
  retainedBytes: "resultBytes",
  malformed: undefined,
};
