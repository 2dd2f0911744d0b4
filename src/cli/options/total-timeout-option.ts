import { Option } from "commander";
import { parseDuration } from "./duration.ts";

/** As the library takes it. */
const MAX_TOTAL_MS = 2 ** 31 - 1;

/**
 * The option of commands that run several skills.
 *
 * @param whole what it bounds
 */
export function totalTimeoutOption(whole: "batch" | "workflow"): Option {
  return new Option(
    "--total-timeout <duration>",
    `of the whole ${whole}, such as 30s, 2m, 1h (default: none)`,
  ).argParser((text) => parseDuration(text, MAX_TOTAL_MS));
}
