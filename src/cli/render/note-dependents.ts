import type { ChangeResult } from "../../index.ts";
import type { Output } from "../terminal/output.ts";
import { plural } from "../terminal/plural.ts";

/** A warning about the skills that call what was removed or is no longer offered. */
export function noteDependents(
  { note, paintNote }: Pick<Output, "note" | "paintNote">,
  { id, dependents }: ChangeResult,
  became: string,
): void {
  if (dependents === undefined) return;
  const { ids, count } = dependents;
  const more = count > ids.length ? ` and ${count - ids.length} more` : "";
  note(
    `${paintNote("yellow", "warning:")} ${id} is now ${became}, and ${plural(count, "skill")} ${count === 1 ? "calls" : "call"} it: ${ids.join(", ")}${more}`,
  );
}
