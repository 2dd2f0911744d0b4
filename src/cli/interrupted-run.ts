/** Runs of skills end on Ctrl-C, and when nobody reads their results any more. */
import type { CliContext } from "./context.ts";

export function runSignal({ signal, output }: CliContext): AbortSignal {
  return AbortSignal.any([signal, output.closed]);
}
