import { Option } from "commander";
import { MAX_TOTAL_MS } from "../library/execution/run-turn.ts";
import { parseDuration } from "./duration.ts";

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
