import { Option } from "commander";
import { RUN_PRIORITIES } from "../library/execution/run-queue.ts";

/**
 * The option of every command that runs skills.
 *
 * @param fallback what holds when it is not given
 */
export function priorityOption(fallback: "normal" | "batch"): Option {
  return new Option(
    "--priority <which>",
    `who goes first where runs wait for the sandbox (default: ${fallback})`,
  ).choices(RUN_PRIORITIES);
}
