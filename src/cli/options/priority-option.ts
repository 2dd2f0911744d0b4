import { Option } from "commander";
import type { RunPriority } from "../../index.ts";

/** All of them: one that the library adds is missed here by the compiler. */
const PRIORITIES = Object.keys({
  interactive: true,
  normal: true,
  batch: true,
} satisfies Readonly<Record<RunPriority, true>>);

/**
 * The option of every command that runs skills.
 *
 * @param fallback what holds when it is not given
 */
export function priorityOption(fallback: "normal" | "batch"): Option {
  return new Option(
    "--priority <which>",
    `who goes first where runs wait for the sandbox (default: ${fallback})`,
  ).choices(PRIORITIES);
}
