import type { AddResult } from "../../index.ts";
import type { Output } from "../terminal/output.ts";
import { plural } from "../terminal/plural.ts";
import { oneLine } from "../terminal/text-width.ts";

/** One line about a stored version, and a line for each of its warnings. */
export function noteAdded(output: Output, result: AddResult): void {
  const { id, version, status, created, checks, warnings } = result;
  const what = created ? "added" : "unchanged";
  const passed = checks.length === 0 ? "" : `, ${plural(checks.length, "check")} passed`;
  output.text(
    `${output.paint("green", "✓")} ${what} ${id} version ${version} (${status}${passed})\n`,
  );
  for (const warning of warnings)
    output.note(`${output.paintNote("yellow", "warning:")} ${id}: ${oneLine(warning)}`);
}
